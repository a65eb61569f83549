//! Traefik: a TraefikService named like the apex service, which people's IngressRoutes name.

use serde_json::{Value, json};
use serin_core::command::{Routes, Split};

use super::{
    Router,
    parts::{Shares, begin_apex, given_back, port, services_with_others, weights},
};
use crate::{
    object::{
        Kind, Object,
        change::Change,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// Services by weight.
pub(crate) const TRAEFIK_SERVICE: Kind =
    Kind::of(&Kind::names("traefik.io", "v1alpha1", "TraefikService", "traefikservices"));

const SERVICES: &str = "/spec/weighted/services";
/// The fields of a service that are ours.
const OURS: [&str; 4] = ["name", "namespace", "port", "weight"];

/// The provider `traefik`.
pub(super) struct Traefik;

impl Router for Traefik {
    fn kinds(&self) -> &[Kind] {
        &[TRAEFIK_SERVICE]
    }

    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let Routes { primary, canary, .. } = split.routes;
        let mut services = vec![service(subject, &subject.primary_service(), primary)?];
        if canary > 0 {
            services.push(service(subject, &subject.canary_service(), canary)?);
        }
        let mut object = begin_apex(TRAEFIK_SERVICE, subject, seen)?;
        set(&mut object, services);
        Ok(vec![object])
    }

    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        let there = seen.find(&subject.key(TRAEFIK_SERVICE, subject.apex()))?;
        Ok(there.and_then(|there| Shares::of(subject, weights(there.at(SERVICES), "/name", 1)).routes()))
    }

    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        given_back(&subject.key(TRAEFIK_SERVICE, subject.apex()), seen, |object| {
            set(object, vec![service(subject, subject.apex(), 100)?]);
            Ok(())
        })
    }
}

fn set(object: &mut Object, services: Vec<Value>) {
    let services = services_with_others(services, object.at(SERVICES), "name", &OURS);
    object.set(SERVICES, services);
}

fn service(subject: &Subject, name: &str, weight: u8) -> Result<Value, BuildError> {
    let namespace = &*subject.identity.namespace;
    Ok(json!({"name": name, "namespace": namespace, "port": port(subject)?, "weight": weight}))
}
