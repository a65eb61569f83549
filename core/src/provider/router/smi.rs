//! The Service Mesh Interface: a TrafficSplit named like the apex service, in three versions of its API. The name of a
//! mesh can follow that of the version.

use super::{Abilities, Router, istio};

/// The provider `smi:v1alpha1`.
pub(super) const V1ALPHA1: Router = Router {
    takes_mesh: true,
    can: Abilities::WEIGHTS,
    driven: true,
    ..Router::new("smi:v1alpha1", "SMI", &istio::METRICS)
};

/// The provider `smi:v1alpha2`.
pub(super) const V1ALPHA2: Router = Router { name: "smi:v1alpha2", ..V1ALPHA1 };

/// The provider `smi:v1alpha3`.
pub(super) const V1ALPHA3: Router = Router { name: "smi:v1alpha3", ..V1ALPHA1 };
