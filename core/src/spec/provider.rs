//! Routers by name, and what each can do. One table for parsing, lint and documentation.

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

/// A router, as named in `spec.provider`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    name: Text,
    abilities: Abilities,
}

const fn can(weights: bool, matches: bool, mirror: bool, affinity: bool) -> Abilities {
    Abilities { weights, matches, mirror, affinity }
}

/// Every provider `spec.provider` may name, with its abilities; Flagger's names.
pub const PROVIDERS: &[(&str, Abilities)] = &[
    ("apisix", can(true, false, false, false)),
    ("appmesh", can(true, true, false, false)),
    ("appmesh:v1beta2", can(true, true, false, false)),
    ("contour", can(true, true, false, false)),
    ("gatewayapi:v1", can(true, true, true, true)),
    ("gatewayapi:v1beta1", can(true, true, true, true)),
    ("gloo", can(true, true, false, false)),
    ("istio", can(true, true, true, true)),
    ("knative", can(true, false, false, false)),
    ("kubernetes", can(false, false, false, false)),
    ("kuma", can(true, false, false, false)),
    ("linkerd", can(true, false, false, false)),
    ("nginx", can(true, true, false, false)),
    ("osm", can(true, false, false, false)),
    ("skipper", can(true, false, false, false)),
    ("smi:v1alpha1", can(true, false, false, false)),
    ("smi:v1alpha2", can(true, false, false, false)),
    ("smi:v1alpha3", can(true, false, false, false)),
    ("traefik", can(true, false, false, false)),
];

impl Provider {
    /// The provider of that name; `None` if there is none.
    ///
    /// `smi:v1alpha1:istio` and the like name a mesh behind the SMI version, as Flagger's flag allows.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        PROVIDERS
            .iter()
            .find(|(known, _)| {
                *known == name
                    || (known.starts_with("smi:")
                        && name.strip_prefix(known).is_some_and(|rest| rest.starts_with(':')))
            })
            .map(|(_, abilities)| Self { name: name.into(), abilities: *abilities })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// What it can do.
    #[must_use]
    pub fn can(&self) -> Abilities {
        self.abilities
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}
