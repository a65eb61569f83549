//! Runs `serin_core` against a Kubernetes cluster: it observes, carries out and saves; it decides nothing.
//!
//! From the outside in: [`run`] is the process, [`tick`] one Canary's loop, [`cluster`] what is read and written.
//!
//! Pure, and tested without a cluster: what an object has to look like ([`workload`], [`services`], [`router`]). Each
//! takes objects as they were [seen](object::reader) and returns objects as they have to be; [`object::change`] tells
//! whether that takes a write. What is asked of others, and told to them, is worked out as purely ([`metrics`],
//! [`hook`], [`notify`], with [`serin_template`]) and sent by [`http`].

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
