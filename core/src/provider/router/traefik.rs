//! Traefik: a TraefikService named like the apex service.

use super::{Abilities, CountedBy, Latency, Layout, RequestMetrics, Router, Unit};

/// The provider `traefik`.
pub(super) const TRAEFIK: Router =
    Router { can: Abilities::WEIGHTS, driven: true, ..Router::new("traefik", "Traefik", &METRICS) };

const METRICS: RequestMetrics = RequestMetrics {
    counted_by: CountedBy::Proxies,
    requests: "traefik_service_request_duration_seconds_bucket",
    canary: r#"service=~"{namespace}-{service}-canary-[0-9a-zA-Z-]+@kubernetescrd""#,
    counting: r#"le="+Inf""#,
    good: r#"code!~"5..""#,
    latency: Latency::new("traefik_service_request_duration_seconds", LAYOUT),
};

/// Traefik's documentation, `metrics.prometheus.buckets`.
const LAYOUT: Layout = Layout { bounds: &[0.1, 0.3, 1.2, 5.0], unit: Unit::Seconds };
