//! Simulated worlds for [`serin_core`], and what the `serin` command does with them.
//!
//! A [`scenario`] is read from a file, [`drive`] runs it in virtual time against a scripted world, [`record`] is what
//! happened, [`expect`] judges it. [`replay`] does all of this with one file.

pub mod check;
pub mod checker;
pub mod drive;
pub mod expect;
pub mod input;
mod prometheus;
pub mod record;
pub mod replay;
pub mod report;
pub mod scenario;
mod world;
