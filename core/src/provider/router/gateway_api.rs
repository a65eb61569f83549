//! Gateway API: an HTTPRoute named like the apex service, in two versions. In a mesh, the parent is a Service.

use alloc::format;

use super::{Abilities, Limits, Reference, RequestMetrics, Router};
use crate::spec::{HttpMatch, Problems, Routing, StringMatch};

/// The provider `gatewayapi:v1`.
pub(super) const V1: Router = Router {
    can: Abilities::ALL,
    needs: &[Reference::Gateways],
    measures_services: true,
    driven: true,
    limits: Limits { service: check_service, item: check_item, age_is_read: true, ..Limits::NONE },
    ..Router::new("gatewayapi:v1", "the Gateway API", &RequestMetrics::HTTP)
};

/// The provider `gatewayapi:v1beta1`.
pub(super) const V1BETA1: Router = Router { name: "gatewayapi:v1beta1", ..V1 };

const UNKNOWN_CALLER: &str = "the Gateway API does not know who calls; match a header that the caller sends";

fn check_service(routing: &Routing, problems: &mut Problems<'_>) {
    for (i, item) in routing.requests.iter().enumerate() {
        let mut refuse = |field: &str, why: &str| problems.add(&format!("match[{i}].{field}"), why);
        if !item.source_labels.is_empty() {
            refuse("sourceLabels", UNKNOWN_CALLER);
        }
        if !item.without_headers.is_empty() {
            refuse("withoutHeaders", "the Gateway API cannot exclude headers; match those that are wanted");
        }
        if item.method.as_ref().is_some_and(|method| !matches!(method, StringMatch::Exact(_))) {
            refuse("method", "the Gateway API knows whole methods alone; say `exact`");
        }
    }
}

fn check_item(item: &HttpMatch, problems: &mut Problems<'_>) {
    if !item.source_labels.is_empty() {
        problems.add("sourceLabels", UNKNOWN_CALLER);
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use serde_json::json;

    use crate::provider::router::tests::refused;

    #[test]
    fn the_gateway_api_says_what_it_cannot_match() {
        let service = json!({"port": 80, "match": [
            {"method": {"prefix": "GE"}, "withoutHeaders": {"x-bot": {}}, "sourceLabels": {"app": "front"}},
        ]});
        let analysis = json!({"match": [{"sourceLabels": {"app": "front"}}]});
        let refused_by = |provider| refused(provider, service.clone(), analysis.clone());
        let caller = "the Gateway API does not know who calls; match a header that the caller sends";
        assert_eq!(
            refused_by("gatewayapi:v1"),
            format!(
                "spec.service.match[0].sourceLabels: {caller}; \
                 spec.service.match[0].withoutHeaders: the Gateway API cannot exclude headers; match those that are \
                 wanted; \
                 spec.service.match[0].method: the Gateway API knows whole methods alone; say `exact`; \
                 spec.analysis.match[0].sourceLabels: {caller}"
            )
        );
        assert_eq!(refused_by("istio"), "");
    }
}
