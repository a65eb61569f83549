//! Simulated worlds for [`serin_core`].
//!
//! A [`scenario`] is read from a file, [`drive`] runs it in virtual time against a scripted or simulated world,
//! [`record`] is the result, and [`expect`] judges it.

pub mod checker;
pub mod drive;
pub mod expect;
pub mod prometheus;
pub mod query;
pub mod reason;
pub mod record;
pub mod scenario;
pub mod world;
