//! Skipper: a second Ingress next to the user's, whose annotations have the weights.

use super::{Abilities, CountedBy, Latency, Layout, Reference, RequestMetrics, Router, Statistic};

/// The provider `skipper`.
pub(super) const SKIPPER: Router = Router {
    can: Abilities::WEIGHTS,
    needs: &[Reference::Ingress],
    driven: true,
    ..Router::new("skipper", "Skipper", &METRICS)
};

const METRICS: RequestMetrics = RequestMetrics {
    counted_by: CountedBy::Proxies,
    requests: "skipper_response_duration_seconds_bucket",
    canary: r#"route=~"kube(ew)?_{namespace as a word}__{ingress as a word}_canary__.*__{service as a word}_canary(_[0-9]+)?""#,
    counting: r#"le="+Inf""#,
    good: r#"code!~"5..""#,
    latency: Latency {
        duration: Statistic::Average,
        ..Latency::new("skipper_serve_route_duration_seconds", Layout::CLIENT)
    },
};
