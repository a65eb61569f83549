//! No router: the apex service, which selects the primary.

use super::{RequestMetrics, Router};

/// The provider `kubernetes`.
pub(super) const KUBERNETES: Router =
    Router { driven: true, ..Router::new("kubernetes", "Kubernetes", &RequestMetrics::HTTP) };
