//! Open Service Mesh: a TrafficSplit of SMI.

use super::{Abilities, CountedBy, Latency, Layout, RequestMetrics, Router};

/// The provider `osm`.
pub(super) const OSM: Router =
    Router { can: Abilities::WEIGHTS, driven: true, ..Router::new("osm", "OSM", &METRICS) };

const METRICS: RequestMetrics = RequestMetrics {
    counted_by: CountedBy::Pods,
    requests: "osm_request_total",
    canary: r#"destination_namespace="{namespace}",destination_kind="Deployment",destination_name="{target}""#,
    counting: "",
    good: r#"response_code!~"5.*""#,
    latency: Latency::new("osm_request_duration_ms", Layout::ENVOY),
};
