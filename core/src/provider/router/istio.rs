//! Istio: a VirtualService named like the apex service, and a DestinationRule for each version.

use super::{Abilities, Asked, CountedBy, Latency, Layout, Limits, RequestMetrics, Router};
use crate::{
    spec::{Problems, Routing},
    strategy::Strategy,
};

/// The provider `istio`.
pub(super) const ISTIO: Router = Router {
    can: Abilities::ALL,
    driven: true,
    limits: Limits { service: check_service, analysis: check_analysis, ..Limits::NONE },
    ..Router::new("istio", "Istio", &METRICS)
};

/// Counted by the proxies next to the canary's pods.
pub(super) const METRICS: RequestMetrics = RequestMetrics {
    counted_by: CountedBy::Pods,
    requests: "istio_requests_total",
    canary: r#"reporter="destination",destination_workload_namespace="{namespace}",destination_workload=~"{target}""#,
    counting: "",
    good: r#"response_code!~"5.*""#,
    latency: Latency::new("istio_request_duration_milliseconds", Layout::ENVOY),
};

fn check_service(routing: &Routing, problems: &mut Problems<'_>) {
    let has_own = !routing.hosts.is_empty() || !routing.gateways.is_empty();
    if routing.delegation && has_own {
        let why = "excludes `hosts` and `gateways`; leave them to the route that delegates";
        problems.add("delegation", why);
    }
}

fn check_analysis(asked: &Asked<'_>, problems: &mut Problems<'_>) {
    const WHY: &str = "connections (`service.appProtocol: tcp`) can be divided by weight alone; leave it out";
    if !asked.service.is_tcp() {
        return;
    }
    if !asked.items.is_empty() {
        problems.add("match", WHY);
    }
    if asked.strategy.is_some_and(Strategy::mirrors) {
        problems.add("mirror", WHY);
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use serde_json::json;

    use crate::provider::router::tests::refused;

    #[test]
    fn connections_are_divided_by_weight_alone() {
        let tcp = json!({"port": 80, "appProtocol": "TCP"});
        let matched = json!({"match": [{"headers": {"x-a": {"exact": "a"}}}]});
        let why = "connections (`service.appProtocol: tcp`) can be divided by weight alone; leave it out";
        assert_eq!(refused("istio", tcp.clone(), matched), format!("spec.analysis.match: {why}"));
        let mirrored = json!({"mirror": true, "stepWeight": 10});
        assert_eq!(refused("istio", tcp.clone(), mirrored), format!("spec.analysis.mirror: {why}"));
        assert_eq!(refused("istio", tcp, json!({"stepWeight": 10})), "");
    }

    #[test]
    fn a_route_that_is_delegated_to_has_no_hosts() {
        let service = json!({"port": 80, "delegation": true, "hosts": ["web.test"]});
        assert_eq!(
            refused("istio", service, json!({})),
            "spec.service.delegation: excludes `hosts` and `gateways`; leave them to the route that delegates"
        );
    }
}
