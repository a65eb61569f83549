//! The systems that a Canary, a MetricTemplate or an AlertProvider can name, and which of them this version of the
//! controller supports.
//!
//! Manifests are parsed for everything that Flagger knows; the controller supports a part of it. Parsing, lint and the
//! tables in the documentation read these lists; a test of the controller compares them with its own registries.

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
