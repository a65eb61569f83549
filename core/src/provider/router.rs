//! Routers by name, and what each can do.

use core::fmt;

use crate::revision::Text;

/// What a router can do with requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Split requests by weight.
    pub weights: bool,
    /// Route matched requests (A/B).
    pub matches: bool,
    /// Send a copy of requests to the canary.
    pub mirror: bool,
    /// Keep users on a version by cookie.
    pub affinity: bool,
}

/// A kind of router that `spec.provider` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Router {
    /// Its name in manifests.
    pub name: &'static str,
    /// What it can do.
    pub can: Abilities,
    /// Whether this version of the controller writes its routes.
    pub driven: bool,
}

const NOTHING: Abilities = Abilities { weights: false, matches: false, mirror: false, affinity: false };
const WEIGHTS: Abilities = Abilities { weights: true, ..NOTHING };
const MATCHES: Abilities = Abilities { matches: true, ..WEIGHTS };
const ALL: Abilities = Abilities { mirror: true, affinity: true, ..MATCHES };

/// A router that the controller drives.
const fn driven(name: &'static str, can: Abilities) -> Router {
    Router { name, can, driven: true }
}

/// A router that manifests may name, and that the controller does not drive.
const fn known(name: &'static str, can: Abilities) -> Router {
    Router { name, can, driven: false }
}

/// Every router, by Flagger's names.
pub const ROUTERS: &[Router] = &[
    known("apisix", WEIGHTS),
    known("appmesh", MATCHES),
    known("appmesh:v1beta2", MATCHES),
    driven("contour", MATCHES),
    driven("gatewayapi:v1", ALL),
    driven("gatewayapi:v1beta1", ALL),
    known("gloo", MATCHES),
    driven("istio", ALL),
    known("knative", WEIGHTS),
    driven("kubernetes", NOTHING),
    known("kuma", WEIGHTS),
    known("linkerd", WEIGHTS),
    driven("nginx", MATCHES),
    known("osm", WEIGHTS),
    known("skipper", WEIGHTS),
    known("smi:v1alpha1", WEIGHTS),
    known("smi:v1alpha2", WEIGHTS),
    known("smi:v1alpha3", WEIGHTS),
    driven("traefik", WEIGHTS),
];

/// A router, as a Canary names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    name: Text,
    router: &'static Router,
}

impl Provider {
    /// The provider of that name; `None` if there is none.
    ///
    /// `smi:v1alpha1:istio` and the like name a mesh behind the SMI version, as Flagger's flag allows.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let is_behind = |known: &str| {
            known.starts_with("smi:") && name.strip_prefix(known).is_some_and(|rest| rest.starts_with(':'))
        };
        let router = ROUTERS.iter().find(|router| router.name == name || is_behind(router.name))?;
        Some(Self { name: name.into(), router })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// What it can do.
    #[must_use]
    pub fn can(&self) -> Abilities {
        self.router.can
    }

    /// Whether this version of the controller drives it.
    #[must_use]
    pub fn is_driven(&self) -> bool {
        self.router.driven
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mesh_behind_smi_is_known_and_not_driven() {
        let provider = Provider::named("smi:v1alpha1:istio").unwrap();
        assert_eq!((&**provider.name(), provider.is_driven()), ("smi:v1alpha1:istio", false));
        assert_eq!(Provider::named("smi:v1alpha1istio"), None);
    }

    #[test]
    fn names_are_sorted_so_that_lists_of_them_are() {
        assert!(ROUTERS.is_sorted_by_key(|router| router.name));
    }
}
