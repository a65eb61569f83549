//! What is done with any bytes: nothing of it may panic, hang or fill the memory. One function for each target.
//!
//! The tests of the workspace pass the corpus to the same functions on the stable toolchain: `sim/tests/hostile` those
//! that the command reads, `adapter-k8s/tests/hostile.rs` those that the controller reads.

mod controller;
mod files;

pub use self::{
    controller::{answer, template},
    files::{manifest, scenario, status, vary},
};
