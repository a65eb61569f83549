//! Runs `serin_core` against a Kubernetes cluster: it observes, carries out and saves; it decides nothing.
//!
//! Pure, and tested without a cluster: what an object has to look like ([`workload`], [`router`]). Each takes objects as
//! they were seen and returns objects as they have to be; [`change`] tells whether that takes a write.

pub mod change;
mod checksum;
pub mod configs;
#[cfg(test)]
mod fixtures;
mod metadata;
pub mod object;
pub mod router;
pub mod scaler;
pub mod seen;
pub mod services;
pub mod settings;
pub mod subject;
pub mod workload;
