//! Routers: how a division of requests is written in each one's objects, and read back.
//!
//! One file per router, each a pure pair: [`Router::render`] and [`Router::read`]. To add one, write its file and a line
//! in [`ROUTERS`].

mod affinity;
mod apisix;
mod app_mesh;
mod contour;
mod copies;
mod gateway_api;
mod gloo;
mod ingress;
mod istio;
mod kubernetes;
mod kuma;
mod matching;
mod nginx;
mod parts;
mod rules;
mod skipper;
mod smi;
#[cfg(test)]
mod tests;
mod traefik;

use serin_core::{
    command::{Routes, Split},
    provider::Provider,
};

use crate::{
    object::{
        Kind, Object,
        change::Change,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// A router's objects for one Canary.
pub trait Router: Sync {
    /// The kinds it writes.
    fn kinds(&self) -> &[Kind];

    /// Every object as it has to be for this division: what is seen, with our fields changed.
    ///
    /// Rendering what [`Router::read`] says changes nothing, unless somebody has changed more than the weights.
    ///
    /// # Errors
    /// What it is made from is missing or not known. What this router cannot do was refused when the Canary was parsed.
    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError>;

    /// Those of its objects that have to be there before the pods of a version are created.
    ///
    /// # Errors
    /// As of [`Router::render`].
    fn before_pods(&self, _: &Subject, _: &dyn ObjectReader) -> Result<Vec<Object>, BuildError> {
        Ok(Vec::new())
    }

    /// How requests are divided now; `None` if there is no route yet.
    ///
    /// # Errors
    /// It is not known, or what is there cannot be read as a division.
    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError>;

    /// What gives back what stood there before us.
    ///
    /// # Errors
    /// What stands there is not known.
    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError>;
}

/// Every router, by the names of Flagger's providers.
pub const ROUTERS: &[(&str, &dyn Router)] = &[
    ("apisix", &apisix::Apisix),
    ("appmesh", &app_mesh::V1BETA1),
    ("appmesh:v1beta2", &app_mesh::V1BETA2),
    ("contour", &contour::Contour),
    ("gatewayapi:v1", &gateway_api::V1),
    ("gatewayapi:v1beta1", &gateway_api::V1BETA1),
    ("gloo", &gloo::Gloo),
    ("istio", &istio::Istio),
    ("kubernetes", &kubernetes::Kubernetes),
    ("kuma", &kuma::Kuma),
    ("linkerd", &smi::V1ALPHA2),
    ("nginx", &nginx::Nginx),
    ("osm", &smi::V1ALPHA2),
    ("skipper", &skipper::Skipper),
    ("smi:v1alpha1", &smi::V1ALPHA1),
    ("smi:v1alpha2", &smi::V1ALPHA2),
    ("smi:v1alpha3", &smi::V1ALPHA3),
    ("traefik", &traefik::Traefik),
];

/// The router of a provider; `None` if it is not supported.
#[must_use]
pub fn of(provider: &str) -> Option<&'static dyn Router> {
    let named = Provider::named(provider)?.router().name;
    ROUTERS.iter().find(|(name, _)| *name == named).map(|(_, router)| *router)
}
