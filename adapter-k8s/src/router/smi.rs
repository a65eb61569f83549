//! Meshes that follow the Service Mesh Interface, Linkerd among them: a TrafficSplit named like the apex service.

use serde_json::{Value, json};
use serin_core::{
    command::{Routes, Split},
    provider::Provider,
    strategy::Weight,
};

use super::{
    Router,
    parts::{Shares, begin_apex, given_back, items, services_with_others},
};
use crate::{
    object::{
        Kind, Object,
        change::Change,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

const GROUP: &str = "split.smi-spec.io";

/// The provider `smi:v1alpha1`, whose weights are texts.
pub(super) const V1ALPHA1: Smi =
    Smi { kind: Kind::of(&Kind::names(GROUP, "v1alpha1", "TrafficSplit", "trafficsplits")), texts: true };

/// The providers `linkerd`, `osm` and `smi:v1alpha2`.
pub(super) const V1ALPHA2: Smi =
    Smi { kind: Kind::of(&Kind::names(GROUP, "v1alpha2", "TrafficSplit", "trafficsplits")), texts: false };

/// The provider `smi:v1alpha3`.
pub(super) const V1ALPHA3: Smi =
    Smi { kind: Kind::of(&Kind::names(GROUP, "v1alpha3", "TrafficSplit", "trafficsplits")), texts: false };

const BACKENDS: &str = "/spec/backends";
/// The fields of a backend that are ours.
const OURS: [&str; 2] = ["service", "weight"];
/// The gateways of the VirtualService that Istio's adapter makes of a TrafficSplit.
const ISTIO_GATEWAYS: &str = "VirtualService.v1alpha3.networking.istio.io/spec.gateways";

/// A version of the API.
pub(super) struct Smi {
    pub(super) kind: Kind,
    /// Weights are written as quantities, which are texts.
    texts: bool,
}

impl Router for Smi {
    fn kinds(&self) -> &[Kind] {
        std::slice::from_ref(&self.kind)
    }

    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let Routes { primary, canary, .. } = split.routes;
        let routing = subject.routing();
        let mut object = begin_apex(self.kind, subject, seen)?;
        object.set("/spec/service", routing.hosts.first().map_or(subject.apex(), String::as_str));
        self.set(&mut object, &[(&subject.canary_service(), canary), (&subject.primary_service(), primary)]);
        if is_for_istio(subject) && !routing.gateways.is_empty() {
            object.set_annotation(ISTIO_GATEWAYS, &json!(routing.gateways).to_string());
        }
        Ok(vec![object])
    }

    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        let there = seen.find(&subject.key(self.kind, subject.apex()))?;
        Ok(there.and_then(|there| {
            let backends = items(there.at(BACKENDS))
                .map(|backend| (name(backend), backend.get("weight").and_then(weight).unwrap_or(0)));
            Shares::of(subject, backends).routes()
        }))
    }

    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        given_back(&subject.key(self.kind, subject.apex()), seen, |object| {
            self.set(object, &[(subject.apex(), 100)]);
            Ok(())
        })
    }
}

impl Smi {
    fn set(&self, object: &mut Object, weights: &[(&str, Weight)]) {
        let backend = |(service, weight): &(&str, Weight)| {
            let weight = if self.texts { json!(weight.to_string()) } else { json!(weight) };
            json!({"service": service, "weight": weight})
        };
        let wanted = weights.iter().map(backend).collect();
        let backends = services_with_others(wanted, object.at(BACKENDS), "service", &OURS);
        object.set(BACKENDS, backends);
    }
}

fn is_for_istio(subject: &Subject) -> bool {
    Provider::named(&subject.topology.provider).is_some_and(|provider| provider.mesh() == Some("istio"))
}

fn name(backend: &Value) -> &str {
    backend.get("service").and_then(Value::as_str).unwrap_or_default()
}

/// A weight, as a number or as a text: a server may keep what another version has written.
fn weight(written: &Value) -> Option<i64> {
    written.as_i64().or_else(|| written.as_str()?.parse().ok())
}
