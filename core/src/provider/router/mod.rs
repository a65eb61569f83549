//! Routers: one file for each, with its names, what it can do, what it needs, what it refuses and how its requests are
//! counted.
//!
//! To add one, write its file and a line in [`ROUTERS`]. Parsing, lint, the simulator and the controller read this.

mod apisix;
mod app_mesh;
mod contour;
mod gateway_api;
mod gloo;
mod istio;
mod knative;
mod kubernetes;
mod kuma;
mod layout;
mod limits;
mod linkerd;
mod metrics;
pub mod nginx;
mod osm;
mod reference;
mod skipper;
mod smi;
#[cfg(test)]
mod tests;
mod traefik;

use core::fmt;

pub(crate) use self::limits::{Asked, Limits};
#[cfg(test)]
pub(crate) use self::tests::of_items;
pub use self::{
    layout::{Layout, Unit},
    metrics::{CanaryNames, CountedBy, DurationQuery, Latency, RequestMetrics, Statistic},
    reference::Reference,
};
use crate::revision::Text;

/// What a router can do with requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Split requests by weight.
    pub weights: bool,
    /// Route matched requests (A/B).
    pub matches: bool,
    /// Split matched requests by weight. A router that cannot do this sends either all or none of them to the canary:
    /// with steps it sends all of them as soon as it splits the others.
    pub weights_of_matches: bool,
    /// Send a copy of requests to the canary.
    pub mirror: bool,
    /// Keep users on a version by cookie.
    pub affinity: bool,
}

impl Abilities {
    const NONE: Self =
        Self { weights: false, matches: false, weights_of_matches: false, mirror: false, affinity: false };
    const WEIGHTS: Self = Self { weights: true, ..Self::NONE };
    const MATCHES: Self = Self { matches: true, weights_of_matches: true, ..Self::WEIGHTS };
    const ALL: Self = Self { mirror: true, affinity: true, ..Self::MATCHES };
}

/// A kind of router that `spec.provider` can name. Two are equal if their names are.
#[derive(Clone, Copy, Debug)]
pub struct Router {
    /// Its name in manifests.
    pub name: &'static str,
    /// Its name in text for people.
    pub title: &'static str,
    /// Whether the name of a mesh can follow its own, as in `smi:v1alpha2:istio`.
    pub takes_mesh: bool,
    /// What it can do.
    pub can: Abilities,
    /// The references that it needs.
    pub needs: &'static [Reference],
    /// How the requests that it sends to the canary are counted.
    pub metrics: &'static RequestMetrics,
    /// Whether these metrics are used if the target is a Service. For other routers Istio's are used, as in Flagger,
    /// because a plain Service has no pods whose names are known.
    pub measures_services: bool,
    /// Whether this version of the controller supports it.
    pub driven: bool,
    pub(crate) limits: Limits,
}

impl Router {
    /// A router without abilities and without support: the base that each file extends.
    const fn new(name: &'static str, title: &'static str, metrics: &'static RequestMetrics) -> Self {
        Self {
            name,
            title,
            takes_mesh: false,
            can: Abilities::NONE,
            needs: &[],
            metrics,
            measures_services: false,
            driven: false,
            limits: Limits::NONE,
        }
    }
}

impl PartialEq for Router {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Router {}

/// Every router, by Flagger's names.
pub const ROUTERS: &[Router] = &[
    apisix::APISIX,
    app_mesh::V1BETA1,
    app_mesh::V1BETA2,
    contour::CONTOUR,
    gateway_api::V1,
    gateway_api::V1BETA1,
    gloo::GLOO,
    istio::ISTIO,
    knative::KNATIVE,
    kubernetes::KUBERNETES,
    kuma::KUMA,
    linkerd::LINKERD,
    nginx::NGINX,
    osm::OSM,
    skipper::SKIPPER,
    smi::V1ALPHA1,
    smi::V1ALPHA2,
    smi::V1ALPHA3,
    traefik::TRAEFIK,
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
    /// `smi:v1alpha1:istio` and similar names contain a mesh after the SMI version, as Flagger's flag allows.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let is_named = |router: &&Router| match name.strip_prefix(router.name) {
            Some("") => true,
            Some(rest) => router.takes_mesh && rest.starts_with(':'),
            None => false,
        };
        let router = ROUTERS.iter().find(is_named)?;
        Some(Self { name: name.into(), router })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// Its entry in [`ROUTERS`].
    #[must_use]
    pub fn router(&self) -> &'static Router {
        self.router
    }

    /// The mesh that follows the router's name.
    #[must_use]
    pub fn mesh(&self) -> Option<&str> {
        self.name.strip_prefix(self.router.name)?.strip_prefix(':')
    }

    /// What it can do.
    #[must_use]
    pub fn can(&self) -> Abilities {
        self.router.can
    }

    /// Whether this version of the controller supports it.
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
