//! Runs what hooks of Canaries ask for, by the names and answers of Flagger's load tester.
//!
//! A [hook](hook::Hook) asks for a [task](task), which runs as a process within limits, or for a [gate](gate), which is
//! open or closed until a person or another hook changes it. [`server`] is the API and the page of the gates; the
//! [load generator](generator) does what `hey` does, where hey is not installed.

pub mod gate;
pub mod generator;
pub mod hook;
pub mod options;
pub mod server;
pub mod start;
pub mod task;
pub mod telemetry;
