//! Gloo: a RouteTable named like the apex service, and an Upstream for each version. The Upstreams are made with or
//! without a `spec.upstreamRef` to copy from.

use super::{Abilities, CountedBy, Limits, RequestMetrics, Router, limits::refuse_given};
use crate::spec::{HttpMatch, Problems};

/// The provider `gloo`.
pub(super) const GLOO: Router = Router {
    can: Abilities::MATCHES,
    measures_services: true,
    driven: true,
    limits: Limits { item: check_item, ..Limits::NONE },
    ..Router::new("gloo", "Gloo", &METRICS)
};

const METRICS: RequestMetrics = RequestMetrics::envoy(
    CountedBy::Proxies,
    r#"envoy_cluster_name=~"{namespace}-{service}-canaryupstream-[0-9a-zA-Z-]+_[0-9a-zA-Z-]+""#,
);

fn check_item(item: &HttpMatch, problems: &mut Problems<'_>) {
    let why = "Gloo does not know who calls; match a header that the caller sends";
    refuse_given([("sourceLabels", item.source_labels.is_empty())], why, problems);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::provider::router::tests::of_items;

    #[test]
    fn gloo_matches_what_a_request_carries() {
        let carried = json!([{"headers": {"x-a": {"regex": "a+"}}}, {"cookies": {"insider": {"exact": "1"}}},
                             {"queryParams": {"beta": {"exact": "1"}}}]);
        assert_eq!(of_items("gloo", carried), "");
        assert_eq!(
            of_items("gloo", json!([{"sourceLabels": {"app": "front"}}])),
            "spec.analysis.match[0].sourceLabels: Gloo does not know who calls; match a header that the caller sends"
        );
    }
}
