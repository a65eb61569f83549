//! Canaries and the objects around them, for the tests of all routers.

mod apisix;
mod app_mesh;
mod contour;
mod gateway_api;
mod gloo;
mod istio;
mod kuma;
mod nginx;
mod properties;
mod skipper;
mod smi;
mod traefik;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use serin_core::{
    command::{Cookies, Routes, Split},
    spec::{Defaults, Rollout, raw},
};

use super::{Router, of};
use crate::{
    kinds::DEPLOYMENT,
    object::{Key, Kind, Object, change::Change, reader::BuildError},
    settings::Settings,
    subject::Subject,
};

/// A Canary `app` in the namespace `test`, and what there is in the cluster.
struct Case {
    subject: Subject,
    router: &'static dyn Router,
    seen: BTreeMap<Key, Arc<Object>>,
}

impl Case {
    /// `service` and `analysis` as they stand in the manifest, in YAML; a port, an interval and a Deployment are there.
    fn new(provider: &str, service: &str, analysis: &str) -> Self {
        let inner = |text: &str| {
            let value: Value = serde_yaml::from_str(text).unwrap();
            value.as_object().cloned().unwrap_or_default()
        };
        let mut canary = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary",
            "metadata": {"name": "app", "namespace": "test", "uid": "canary-uid"},
            "spec": {
                "provider": provider,
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"},
                "ingressRef": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "front"},
                "routeRef": {"apiVersion": "apisix.apache.org/v2", "kind": "ApisixRoute", "name": "way"},
                "service": {"port": 80},
                "analysis": {"interval": "30s"},
            },
        });
        for (field, text) in [("service", service), ("analysis", analysis)] {
            canary["spec"][field].as_object_mut().unwrap().extend(inner(text));
        }
        let manifest: raw::Canary = serde_json::from_value(canary).unwrap();
        let canary = Rollout::parse(&manifest, &Defaults::default());
        let subject = Subject::of(&canary, Arc::new(manifest.metadata), Arc::new(Settings::default()));
        let mut case = Self { subject, router: of(provider).unwrap(), seen: BTreeMap::new() };
        case.add(
            DEPLOYMENT,
            "app",
            json!({"spec": {"selector": {"matchLabels": {"name": "app", "v": "1"}}}}),
        );
        case
    }

    /// Something somebody else made.
    fn add(&mut self, kind: Kind, name: &str, mut object: Value) {
        object["metadata"]["name"] = name.into();
        if kind.namespaced {
            object["metadata"]["namespace"] = "test".into();
        }
        object["metadata"]["uid"] = name.into();
        let object = Object::read(kind, object);
        self.seen.insert(object.key(), Arc::new(object));
    }

    fn render(&self, split: &Split) -> Result<Vec<Object>, BuildError> {
        self.router.render(&self.subject, split, &self.seen)
    }

    fn read(&self) -> Option<Routes> {
        self.router.read(&self.subject, &self.seen).unwrap()
    }

    fn revert(&self) -> Vec<Change> {
        self.router.revert(&self.subject, &self.seen).unwrap()
    }

    /// Writes a division, as an API server takes it.
    fn write(&mut self, split: &Split) -> Vec<Object> {
        let objects = self.render(split).unwrap();
        self.store(objects.clone());
        objects
    }

    fn store(&mut self, objects: Vec<Object>) {
        for mut object in objects {
            if object.uid().is_empty() {
                object.set("/metadata/uid", object.name().to_owned());
            }
            if object.kind().kind == "HTTPRoute" {
                let defaulted = gateway_api::defaulted(&object);
                object.set("/spec", defaulted);
            }
            self.seen.insert(object.key(), Arc::new(object));
        }
    }

    /// Renders and shows it as YAML.
    fn shown(&self, split: &Split) -> String {
        shown(&self.render(split).unwrap())
    }

    fn why_not(&self, split: &Split) -> String {
        self.render(split).unwrap_err().to_string()
    }
}

fn shown(objects: &[Object]) -> String {
    let texts: Vec<String> =
        objects.iter().map(|object| serde_yaml::to_string(object.value()).unwrap()).collect();
    texts.join("---\n")
}

fn plain(routes: Routes) -> Split {
    Split { routes, cookies: Cookies::default() }
}

fn matched(canary: u8) -> Split {
    plain(Routes { matched: true, ..Routes::split(canary) })
}

fn mirrored(percent: u8) -> Split {
    plain(Routes { mirror: Some(percent), ..Routes::PRIMARY })
}

/// With the cookies of a run after another.
fn sticky(routes: Routes) -> Split {
    let given = |cookie: &str| (routes.canary > 0).then(|| cookie.into());
    let cookies = Cookies {
        canary: given("canary-cookie=abcdefghij"),
        primary: given("primary-cookie=klmnopqrst"),
        previous: Some("canary-cookie=uvwxyzabcd".into()),
    };
    Split { routes, cookies }
}
