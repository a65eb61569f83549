//! Linkerd: a TrafficSplit of SMI named like the apex service. Its HTTPRoutes are the Gateway API's.

use super::{Abilities, CountedBy, Latency, Layout, RequestMetrics, Router, Unit};

/// The provider `linkerd`.
pub(super) const LINKERD: Router =
    Router { can: Abilities::WEIGHTS, driven: true, ..Router::new("linkerd", "Linkerd", &METRICS) };

/// Counted by the proxies next to the canary's pods.
const METRICS: RequestMetrics = RequestMetrics {
    counted_by: CountedBy::Pods,
    requests: "response_total",
    canary: r#"namespace="{namespace}",deployment=~"{target}",direction="inbound""#,
    counting: "",
    good: r#"classification!="failure""#,
    latency: Latency::new("response_latency_ms", LAYOUT),
};

/// linkerd2-proxy, `linkerd/metrics/src/latency.rs`.
const LAYOUT: Layout = Layout {
    bounds: &[
        1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 100.0, 200.0, 300.0, 400.0, 500.0, 1_000.0,
        2_000.0, 3_000.0, 4_000.0, 5_000.0, 10_000.0, 20_000.0, 30_000.0, 40_000.0, 50_000.0,
    ],
    unit: Unit::Millis,
};
