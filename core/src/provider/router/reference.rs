//! The objects besides the target that a Canary refers to for its router. The user writes them.

use alloc::{format, string::String};

use crate::spec::Routing;

/// A reference to an object that a router uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `spec.service.gatewayRefs`.
    Gateways,
    /// `spec.ingressRef`.
    Ingress,
    /// `spec.routeRef`.
    Route,
    /// `spec.upstreamRef`.
    Upstream,
}

impl Reference {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gateways, Self::Ingress, Self::Route, Self::Upstream];

    /// Its field in a Canary.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Gateways => "spec.service.gatewayRefs",
            Self::Ingress => "spec.ingressRef",
            Self::Route => "spec.routeRef",
            Self::Upstream => "spec.upstreamRef",
        }
    }

    /// The reference in this field; `None` if the field is not a reference.
    #[must_use]
    pub fn at(field: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reference| reference.field() == field)
    }

    /// Kind of the object, and its API versions; `None` if several kinds are possible.
    #[must_use]
    pub const fn object(self) -> Option<(&'static str, &'static [&'static str])> {
        match self {
            Self::Gateways => None,
            Self::Ingress => Some(("Ingress", &["networking.k8s.io/v1"])),
            Self::Route => Some(("ApisixRoute", &["apisix.apache.org/v2"])),
            Self::Upstream => Some(("Upstream", &["gloo.solo.io/v1"])),
        }
    }

    /// Whether a manifest gives it.
    #[must_use]
    pub fn is_given(self, routing: &Routing) -> bool {
        match self {
            Self::Gateways => !routing.gateway_refs.is_empty(),
            Self::Ingress => routing.ingress.is_some(),
            Self::Route => routing.route.is_some(),
            Self::Upstream => routing.upstream.is_some(),
        }
    }

    /// Why a manifest without it is refused.
    #[must_use]
    pub fn refusal(self, provider: &str) -> String {
        format!("is missing: provider {provider} needs it")
    }

    /// The remedy, in the imperative.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Gateways => "name the Gateways that lead to the target",
            Self::Ingress => "name the Ingress of the target",
            Self::Route => "name the ApisixRoute of the target",
            Self::Upstream => "name the Upstream of the target",
        }
    }
}
