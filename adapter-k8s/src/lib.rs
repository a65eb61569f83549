//! Runs `serin_core` against a Kubernetes cluster: it observes, carries out and saves; it decides nothing.
//!
//! Pure, and tested without a cluster: what an object has to look like ([`workload`], [`router`]). Each takes objects as
//! they were seen and returns objects as they have to be; [`change`] tells whether that takes a write.

pub mod apply;
pub mod change;
pub mod claims;
pub mod clock;
pub mod cluster;
pub mod crd;
pub mod fence;
pub mod object;
pub mod observe;
pub mod router;
pub mod seen;
pub mod services;
pub mod settings;
pub mod subject;
pub mod workload;
