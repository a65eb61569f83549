//! What users of `serin` see: [`finding`]s in each form of `--format`, and text for terminals, in [`span`]s.

pub mod finding;
pub mod span;
pub mod terminal;

pub use self::terminal::{Terminal, WIDTH};
