//! Runs `serin_core` against a Kubernetes cluster: it observes, carries out and saves; it decides nothing.
//!
//! Pure, and tested without a cluster: what an object has to look like ([`workload`], [`router`]). Each takes objects as
//! they were seen and returns objects as they have to be; [`change`] tells whether that takes a write.

pub mod change;
pub mod hook;
pub mod http;
pub mod metrics;
pub mod notify;
pub mod object;
pub mod router;
pub mod secret;
pub mod seen;
pub mod services;
pub mod settings;
pub mod subject;
pub mod template;
#[cfg(test)]
mod tests;
pub mod workload;
