//! App Mesh: VirtualNodes, and a VirtualService with its routes, in two versions of its API.

use super::{Abilities, CountedBy, Limits, RequestMetrics, Router, limits::refuse_given};
use crate::spec::{HttpMatch, Problems, Routing};

/// The provider `appmesh`.
pub(super) const V1BETA1: Router = Router {
    can: Abilities::MATCHES,
    measures_services: true,
    driven: true,
    limits: Limits { service: check_service, item: check_item, ..Limits::NONE },
    ..Router::new("appmesh", "App Mesh", &METRICS)
};

/// The provider `appmesh:v1beta2`.
pub(super) const V1BETA2: Router =
    Router { name: "appmesh:v1beta2", limits: Limits { item: check_item, ..Limits::NONE }, ..V1BETA1 };

const METRICS: RequestMetrics = RequestMetrics::envoy(
    CountedBy::Pods,
    r#"kubernetes_namespace="{namespace}",kubernetes_pod_name=~"{pods}""#,
);

fn check_service(routing: &Routing, problems: &mut Problems<'_>) {
    if routing.mesh_name.is_none() {
        problems.add("meshName", "is missing: provider appmesh needs it");
    }
}

fn check_item(item: &HttpMatch, problems: &mut Problems<'_>) {
    let fields =
        [("queryParams", item.query_params.is_empty()), ("sourceLabels", item.source_labels.is_empty())];
    refuse_given(fields, "App Mesh matches headers and cookies alone; match a header instead", problems);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::provider::router::tests::{of_items, refused};

    #[test]
    fn app_mesh_matches_headers_and_cookies() {
        let matched = json!([{"headers": {"x-a": {"regex": "a+"}}}, {"cookies": {"b": {"exact": "1"}}}]);
        assert_eq!(of_items("appmesh:v1beta2", matched), "");
        let why = "App Mesh matches headers and cookies alone; match a header instead";
        assert_eq!(
            of_items("appmesh:v1beta2", json!([{"queryParams": {"a": {"exact": "1"}}}])),
            alloc::format!("spec.analysis.match[0].queryParams: {why}")
        );
    }

    #[test]
    fn the_first_version_needs_the_name_of_the_mesh() {
        let missing = "spec.service.meshName: is missing: provider appmesh needs it";
        assert_eq!(refused("appmesh", json!({"port": 80, "meshName": ""}), json!({})), missing);
        assert_eq!(refused("appmesh:v1beta2", json!({"port": 80, "meshName": ""}), json!({})), "");
    }
}
