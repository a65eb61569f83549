//! Runs `serin_core` in a Kubernetes cluster: it observes, carries out and saves; it decides nothing.
//!
//! From the outside in: [`run`] is the process, [`tick`] one Canary's loop, [`cluster`] reads and writes.
//!
//! The wanted objects are computed by pure functions, which are tested without a cluster ([`workload`], [`services`],
//! [`router`]). Each takes the [current](object::reader) objects and returns the wanted ones; [`object::change`]
//! decides whether a write is needed. Requests to other systems are computed in the same way ([`metrics`], [`hook`],
//! [`notify`], with [`serin_template`]) and sent by [`http`].

pub mod run;
pub mod tick;

pub mod cluster;
pub mod crd;
pub mod kinds;
pub mod rights;

pub mod object;
pub mod settings;
pub mod subject;

pub mod router;
pub mod services;
pub mod workload;

pub mod hook;
pub mod http;
pub mod metrics;
pub mod notify;

pub mod clock;
#[cfg(test)]
mod driven;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
