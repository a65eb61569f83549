//! What a Canary, a MetricTemplate or an AlertProvider may name, and which of it this version of the controller drives.
//!
//! Manifests are read for everything that Flagger knows; the controller runs a part of it. Parsing, lint and the tables in
//! the documentation read this; a test of the controller holds its own registries against it.

mod metric_system;
mod receiver;
mod router;
mod target;

pub use self::metric_system::{Address, MetricDescriptor, MetricSystem, SecretKeys};
pub use self::router::nginx;
#[cfg(test)]
pub(crate) use self::router::of_items;
pub use self::router::{
    Abilities, CanaryNames, CountedBy, DurationQuery, Latency, Layout, Provider, ROUTERS, Reference,
    RequestMetrics, Router, Statistic, Unit,
};
pub(crate) use self::router::{Asked, Limits};
pub use self::target::{SCALERS, Scaler, TARGETS, Target};
