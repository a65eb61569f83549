//! The process around the loops: command line, start and end, leader election, metrics and health.

pub mod connections;
pub mod controller;
pub mod crds;
pub mod leader;
pub mod log;
pub mod options;
pub mod record;
pub mod server;
pub mod start;
pub mod stop;
pub mod telemetry;
