//! Gloo: a RouteTable named like the apex service, and an Upstream for each version. Those are made with and without a
//! `spec.upstreamRef` to copy from.

use super::{Abilities, CountedBy, RequestMetrics, Router};

/// The provider `gloo`.
pub(super) const GLOO: Router =
    Router { can: Abilities::MATCHES, measures_services: true, ..Router::new("gloo", "Gloo", &METRICS) };

const METRICS: RequestMetrics = RequestMetrics::envoy(
    CountedBy::Proxies,
    r#"envoy_cluster_name=~"{namespace}-{target}-canaryupstream-[0-9a-zA-Z-]+_[0-9a-zA-Z-]+""#,
);
