//! App Mesh: a VirtualNode for each version, and routes of the apex service between them. Two versions of the API; the routes
//! have an object of their own in the second.

mod nodes;
mod routes;

use serde_json::{Value, json};
use serin_core::command::{Routes, Split};

use super::{
    Router,
    parts::{Ours, Shares, begin_named, division, given_back, items, rules_with_others, with_others},
};
use crate::{
    object::{
        Kind, Object,
        change::{self, Change},
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

const GROUP: &str = "appmesh.k8s.aws";

/// The provider `appmesh`.
pub(super) const V1BETA1: AppMesh = AppMesh {
    kinds: &[
        Kind::of(&Kind::names(GROUP, "v1beta1", "VirtualNode", "virtualnodes")),
        Kind::of(&Kind::names(GROUP, "v1beta1", "VirtualService", "virtualservices")),
    ],
};

/// The provider `appmesh:v1beta2`.
pub(super) const V1BETA2: AppMesh = AppMesh {
    kinds: &[
        Kind::of(&Kind::names(GROUP, "v1beta2", "VirtualNode", "virtualnodes")),
        Kind::of(&Kind::names(GROUP, "v1beta2", "VirtualService", "virtualservices")),
        Kind::of(&Kind::names(GROUP, "v1beta2", "VirtualRouter", "virtualrouters")),
    ],
};

const ROUTES: &str = "/spec/routes";
/// The fields of a route that are ours, and those of other protocols.
const OURS: [&str; 8] =
    ["name", "priority", "http", "httpRoute", "tcp", "tcpRoute", "http2Route", "grpcRoute"];

/// A version of the API.
pub(super) struct AppMesh {
    /// VirtualNode, VirtualService and, if routes are in an object of their own, VirtualRouter.
    kinds: &'static [Kind],
}

impl Router for AppMesh {
    fn kinds(&self) -> &[Kind] {
        self.kinds
    }

    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let mut objects = self.before_pods(subject, seen)?;
        for (name, routes) in [
            (subject.apex().to_owned(), self.divided(subject, split.routes)?),
            (
                subject.canary_service(),
                vec![self.everyone(subject, &subject.canary_service(), Routes::split(100))],
            ),
        ] {
            objects.extend(self.routed(subject, &name, routes, seen)?);
        }
        Ok(objects)
    }

    /// App Mesh puts its proxy only into pods whose VirtualNode is there when they are created.
    fn before_pods(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Object>, BuildError> {
        let (primary, canary) = (subject.primary_service(), subject.canary_service());
        let mut objects = Vec::new();
        if self.is_first() {
            objects.push(self.node(subject, subject.apex(), &primary, seen)?);
        }
        for service in [primary, canary] {
            objects.push(self.node(subject, &service, &service, seen)?);
        }
        Ok(objects)
    }

    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        let (kind, name) = self.of_routes(subject, subject.apex());
        let Some(there) = seen.find(&subject.key(kind, &name))? else { return Ok(None) };
        let rules: Vec<Shares> = items(there.at(ROUTES)).map(|route| self.shares(subject, route)).collect();
        Ok(division(&rules))
    }

    /// The routes lead to a VirtualNode of the apex service until all of them are collected.
    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        let (kind, name) = self.of_routes(subject, subject.apex());
        let key = subject.key(kind, &name);
        if seen.find(&key)?.is_none() {
            return Ok(Vec::new());
        }
        let node = self.node(subject, subject.apex(), subject.apex(), seen)?;
        let there = seen.find(&node.key())?;
        let mut changes: Vec<Change> = change::to(node, there.as_deref()).into_iter().collect();
        changes.extend(given_back(&key, seen, |object| {
            let targets = vec![self.target(subject.apex(), 100)];
            self.set(object, subject, vec![self.route(subject, subject.apex(), None, &[], targets)]);
            Ok(())
        })?);
        Ok(changes)
    }
}

impl AppMesh {
    fn set(&self, object: &mut Object, subject: &Subject, routes: Vec<Value>) {
        let ours = Ours::of(object, subject);
        let is_ours = |route: &Value| ours.has(self.targets_of(route).map(|(node, _)| node));
        let with_others = |route: Value, there: Option<&Value>| with_others(route, there, &OURS);
        let routes = rules_with_others(routes, object.at(ROUTES), is_ours, with_others);
        object.set(ROUTES, routes);
    }

    /// Whether this is the API's first version.
    fn is_first(&self) -> bool {
        self.kinds.len() == 2
    }

    /// The object that has the routes to this name.
    fn of_routes(&self, subject: &Subject, name: &str) -> (Kind, String) {
        match *self.kinds {
            [_, service] => (service, format!("{name}.{}", subject.identity.namespace)),
            _ => (self.kinds[2], name.into()),
        }
    }

    /// The objects that route requests to this name.
    fn routed(
        &self,
        subject: &Subject,
        name: &str,
        routes: Vec<Value>,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let (kind, of_routes) = self.of_routes(subject, name);
        let mut router = begin_named(&subject.key(kind, &of_routes), subject, seen)?;
        let listeners = json!([{"portMapping": self.port_mapping(subject)?}]);
        self.set(&mut router, subject, routes);
        let mut objects = Vec::new();
        if self.is_first() {
            router.set("/spec/meshName", mesh_name(subject)?);
            router.set("/spec/virtualRouter/name", name);
            router.set("/spec/virtualRouter/listeners", listeners);
            annotate(&mut router, subject, name);
        } else {
            router.set("/spec/listeners", listeners);
            let mut service = begin_named(&subject.key(self.kinds[1], name), subject, seen)?;
            service.set("/spec/provider/virtualRouter/virtualRouterRef/name", name);
            annotate(&mut service, subject, name);
            objects.push(service);
        }
        objects.push(router);
        Ok(objects)
    }
}

/// What App Mesh's gateway reads on the apex service.
fn annotate(object: &mut Object, subject: &Subject, name: &str) {
    let routing = subject.routing();
    if name != subject.apex() || routing.hosts.is_empty() {
        return;
    }
    let mut set =
        |name: &str, text: &str| object.set_annotation(&format!("gateway.appmesh.k8s.aws/{name}"), text);
    set("expose", "true");
    set("domain", &routing.hosts.iter().map(|host| format!("{host},")).collect::<String>());
    if let Some(timeout) = &routing.timeout {
        set("timeout", timeout);
    }
    let attempts = routing.retries.as_ref().and_then(|retries| retries.attempts);
    if let Some(attempts) = attempts.filter(|attempts| *attempts > 0) {
        set("retries", &attempts.to_string());
    }
}

fn mesh_name(subject: &Subject) -> Result<&str, BuildError> {
    let missing = || BuildError::refused("spec.service.meshName: is missing: provider appmesh needs it");
    subject.routing().mesh_name.as_deref().ok_or_else(missing)
}
