//! Kuma: a TrafficRoute for the requests to the apex service. It lives in no namespace, so its name holds the Canary's.

use serde_json::{Value, json};
use serin_core::command::{Routes, Split};

use super::{
    Router,
    parts::{Shares, begin_named, port, services_with_others, weights},
};
use crate::{
    object::{
        Key, Kind, Object,
        change::Change,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// Routes of a mesh.
pub(crate) const TRAFFIC_ROUTE: Kind =
    Kind::of(&Kind::names_in_cluster("kuma.io", "v1alpha1", "TrafficRoute", "trafficroutes"));

const SPLIT: &str = "/spec/conf/split";
/// The fields of a part of the split that are ours.
const OURS: [&str; 2] = ["destination", "weight"];
/// Names a service in a selector.
const SERVICE: &str = "kuma.io/service";
/// Annotation of the Canary, as of other objects, that names its mesh.
const MESH: &str = "kuma.io/mesh";

/// The provider `kuma`.
pub(super) struct Kuma;

impl Router for Kuma {
    fn kinds(&self) -> &[Kind] {
        &[TRAFFIC_ROUTE]
    }

    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let mut object = begin_named(&key(subject), subject, seen)?;
        if object.at("/mesh").is_none() {
            // Kuma lets nobody change it.
            object.set("/mesh", subject.metadata.annotations.get(MESH).map_or("default", String::as_str));
        }
        object.set("/spec/sources", json!([{"match": {SERVICE: "*"}}]));
        object.set("/spec/destinations", json!([{"match": service(subject, subject.apex())?}]));
        let Routes { primary, canary, .. } = split.routes;
        let parts = vec![
            json!({"weight": primary, "destination": service(subject, &subject.primary_service())?}),
            json!({"weight": canary, "destination": service(subject, &subject.canary_service())?}),
        ];
        let parts = services_with_others(parts, object.at(SPLIT), "destination", &OURS);
        object.set(SPLIT, parts);
        Ok(vec![object])
    }

    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        let Some(there) = seen.find(&key(subject))? else { return Ok(None) };
        let parts = weights(there.at(SPLIT), "/destination/kuma.io~1service", 0);
        // A service is a name, a namespace and a port.
        let parts = parts.map(|(service, weight)| (service.split('_').next().unwrap_or_default(), weight));
        Ok(Shares::of(subject, parts).routes())
    }

    /// Nobody would collect it. Without it the mesh sends requests to the apex service.
    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        let there = seen.find(&key(subject))?;
        Ok(there.map(|there| Change::Delete((*there).clone())).into_iter().collect())
    }
}

/// Names of services and namespaces have no dots, so two Canaries never meet.
fn key(subject: &Subject) -> Key {
    let Subject { identity, .. } = subject;
    subject.key(TRAFFIC_ROUTE, &format!("{}.{}", subject.apex(), identity.namespace))
}

/// The selector of a service of the Canary, as Kuma names those of Kubernetes.
fn service(subject: &Subject, name: &str) -> Result<Value, BuildError> {
    let namespace = &subject.identity.namespace;
    Ok(json!({SERVICE: format!("{name}_{namespace}_svc_{}", port(subject)?)}))
}
