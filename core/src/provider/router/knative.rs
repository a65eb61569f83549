//! Knative: traffic by revision, in the Service itself.

use super::{Abilities, CountedBy, RequestMetrics, Router};

/// The provider `knative`.
pub(super) const KNATIVE: Router = Router {
    can: Abilities::WEIGHTS,
    measures_services: true,
    ..Router::new("knative", "Knative", &METRICS)
};

const METRICS: RequestMetrics =
    RequestMetrics::envoy(CountedBy::Proxies, r#"envoy_cluster_name=~"{namespace}/{route}""#);
