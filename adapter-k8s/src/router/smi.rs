//! Meshes that follow the Service Mesh Interface, Linkerd among them: a TrafficSplit named like the apex service.

use serde_json::{Value, json};
use serin_core::{
    command::{Routes, Split},
    provider::Provider,
    strategy::Weight,
};

use super::{
    Router,
    parts::{Shares, begin_apex, given_back, items},
};
use crate::{
    object::{
        Kind, Object,
        change::Change,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// Shares of a service's requests.
pub(crate) const TRAFFIC_SPLIT: Kind =
    Kind::of(&Kind::names("split.smi-spec.io", "v1alpha2", "TrafficSplit", "trafficsplits"));

const BACKENDS: &str = "/spec/backends";
/// The gateways of the VirtualService that Istio's adapter makes of a TrafficSplit.
const ISTIO_GATEWAYS: &str = "VirtualService.v1alpha3.networking.istio.io/spec.gateways";

/// The providers `linkerd` and `smi:v1alpha2`.
pub(super) struct Smi;

impl Router for Smi {
    fn kinds(&self) -> &[Kind] {
        &[TRAFFIC_SPLIT]
    }

    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let Routes { primary, canary, .. } = split.routes;
        let routing = subject.routing();
        let mut object = begin_apex(TRAFFIC_SPLIT, subject, seen)?;
        object.set("/spec/service", routing.hosts.first().map_or(subject.apex(), String::as_str));
        object.set(
            BACKENDS,
            vec![backend(&subject.canary_service(), canary), backend(&subject.primary_service(), primary)],
        );
        if is_for_istio(subject) && !routing.gateways.is_empty() {
            object.set_annotation(ISTIO_GATEWAYS, &json!(routing.gateways).to_string());
        }
        Ok(vec![object])
    }

    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        let there = seen.find(&subject.key(TRAFFIC_SPLIT, subject.apex()))?;
        Ok(there.and_then(|there| {
            let backends = items(there.at(BACKENDS)).map(|backend| {
                let name = backend.get("service").and_then(Value::as_str).unwrap_or_default();
                (name, backend.get("weight").and_then(weight).unwrap_or(0))
            });
            Shares::of(subject, backends).routes()
        }))
    }

    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        given_back(&subject.key(TRAFFIC_SPLIT, subject.apex()), seen, |object| {
            object.set(BACKENDS, vec![backend(subject.apex(), 100)]);
            Ok(())
        })
    }
}

fn is_for_istio(subject: &Subject) -> bool {
    Provider::named(&subject.topology.provider).is_some_and(|provider| provider.mesh() == Some("istio"))
}

fn backend(name: &str, weight: Weight) -> Value {
    json!({"service": name, "weight": weight})
}

/// A weight; the API's first version, in which Flagger writes Linkerd's, has it as a text.
fn weight(written: &Value) -> Option<i64> {
    written.as_i64().or_else(|| written.as_str()?.parse().ok())
}
