//! One Canary's loop: observe, decide, ask, apply, save, send, sleep.

pub mod apply;
pub mod ask;
mod asked;
mod budget;
pub mod claims;
pub mod context;
pub mod drift;
pub mod driver;
pub mod dry_run;
pub mod endpoints;
mod held;
mod manifest;
pub mod memory;
pub mod observe;
mod overlaps;
pub mod probe;
mod rivals;
pub mod send;
