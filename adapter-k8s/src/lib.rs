//! Runs `serin_core` against a Kubernetes cluster: it observes, carries out and saves; it decides nothing.
//!
//! Pure, and tested without a cluster: what an object has to look like ([`workload`], [`router`]). Each takes objects as
//! they were seen and returns objects as they have to be; [`change`] tells whether that takes a write.

pub mod clock;
pub mod cluster;
pub mod crd;
#[cfg(test)]
mod fixtures;
pub mod hook;
pub mod http;
pub mod kinds;
pub mod metrics;
pub mod notify;
pub mod object;
pub mod rights;
pub mod router;
pub mod run;
pub mod services;
pub mod settings;
pub mod subject;
pub mod template;
#[cfg(test)]
mod tests;
pub mod tick;
pub mod workload;
