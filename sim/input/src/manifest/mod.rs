//! Manifests as they are written: their fields, and what is wrong with them before anything else can be said.

pub mod duration;
pub mod fields;
pub mod known;
pub mod misspelt;
mod remedy;
pub mod typed;
pub mod unrendered;

pub use self::remedy::Remedy;
pub use self::typed::read_raw;
