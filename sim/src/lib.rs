//! Simulated worlds for [`serin_core`], and what the `serin` command does with them.

pub mod record;
