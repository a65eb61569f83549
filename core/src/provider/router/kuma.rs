//! Kuma: a TrafficRoute with the name and the namespace of the apex service.

use super::{Abilities, CountedBy, RequestMetrics, Router};

/// The provider `kuma`.
pub(super) const KUMA: Router =
    Router { can: Abilities::WEIGHTS, driven: true, ..Router::new("kuma", "Kuma", &METRICS) };

const METRICS: RequestMetrics =
    RequestMetrics::envoy(CountedBy::Pods, r#"service=~"{service}-canary_{namespace}_svc_[0-9a-zA-Z-]+""#);
