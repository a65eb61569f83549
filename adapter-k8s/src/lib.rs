//! Runs `serin_core` against a Kubernetes cluster: it observes, carries out and saves; it decides nothing.
//!
//! Pure, and tested without a cluster: what an object has to look like ([`workload`], [`router`]). Each takes objects as
//! they were seen and returns objects as they have to be; [`change`] tells whether that takes a write.

pub mod apply;
pub mod ask;
pub mod change;
mod checksum;
pub mod claims;
pub mod clock;
pub mod cluster;
pub mod configs;
pub mod context;
pub mod controller;
pub mod crd;
pub mod driver;
pub mod dry_run;
pub mod endpoints;
pub mod fence;
#[cfg(test)]
mod fixtures;
pub mod hook;
pub mod http;
pub mod leader;
pub mod memory;
mod metadata;
pub mod metrics;
pub mod notify;
pub mod object;
pub mod observe;
pub mod options;
pub mod record;
pub mod router;
pub mod scaler;
pub mod secret;
pub mod seen;
pub mod send;
pub mod server;
pub mod services;
pub mod settings;
pub mod start;
pub mod subject;
pub mod telemetry;
pub mod template;
#[cfg(test)]
mod tests;
pub mod workload;
