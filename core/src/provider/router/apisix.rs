//! APISIX: an ApisixRoute next to the user's.

use super::{Abilities, CountedBy, Latency, Layout, Reference, RequestMetrics, Router, Unit};

/// The provider `apisix`.
pub(super) const APISIX: Router = Router {
    can: Abilities::WEIGHTS,
    needs: &[Reference::Route],
    driven: true,
    ..Router::new("apisix", "APISIX", &METRICS)
};

const METRICS: RequestMetrics = RequestMetrics {
    counted_by: CountedBy::Proxies,
    requests: "apisix_http_status",
    canary: r#"route=~"{namespace}_{route}-{service}-canary_.+""#,
    counting: "",
    good: r#"code!~"5..""#,
    latency: Latency { only: r#"type=~"request""#, ..Latency::new("apisix_http_latency", LAYOUT) },
};

/// APISIX, `apisix/plugins/prometheus/exporter.lua`.
const LAYOUT: Layout = Layout {
    bounds: &[
        1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0, 30_000.0,
        60_000.0,
    ],
    unit: Unit::Millis,
};
