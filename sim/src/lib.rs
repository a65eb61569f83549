//! Simulated worlds for [`serin_core`], and what the `serin` command does with them.
//!
//! A [`scenario`] is read from a file, [`drive`] runs it in virtual time against a scripted or simulated world,
//! [`record`] is the result, and [`expect`] judges it. [`replay`] does all of this with one file, and [`explain`]
//! explains the result.

pub mod check;
pub mod checker;
pub mod drive;
pub mod edit;
pub mod exact;
pub mod expect;
pub mod explain;
pub mod finding;
pub mod init;
pub mod input;
pub mod lint;
pub mod outlook;
pub mod prometheus;
mod query;
pub mod reason;
pub mod record;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod schema;
pub mod sweep;
mod world;
