//! App Mesh, in two versions of its API.

use super::{Abilities, CountedBy, RequestMetrics, Router};

/// The provider `appmesh`.
pub(super) const V1BETA1: Router = Router {
    can: Abilities::MATCHES,
    measures_services: true,
    ..Router::new("appmesh", "App Mesh", &METRICS)
};

/// The provider `appmesh:v1beta2`.
pub(super) const V1BETA2: Router = Router { name: "appmesh:v1beta2", ..V1BETA1 };

const METRICS: RequestMetrics = RequestMetrics::envoy(
    CountedBy::Pods,
    r#"kubernetes_namespace="{namespace}",kubernetes_pod_name=~"{pods}""#,
);
