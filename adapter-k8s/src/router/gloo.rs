//! Gloo: a RouteTable named like the apex service, to which a VirtualService of the user's delegates, and an Upstream for
//! each version.

use serde_json::{Value, json};
use serin_core::{
    command::{Routes, Split},
    spec::{HttpMatch, StringMatch},
    strategy::Weight,
};

use super::{
    Router, copies, matching,
    parts::{
        Ours, Shares, begin_apex, division, given_back, items, port, put, rules_with_others, with_others,
    },
};
use crate::{
    object::{
        Key, Kind, Object,
        change::Change,
        metadata,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// Routes below one of a VirtualService.
pub(crate) const ROUTE_TABLE: Kind =
    Kind::of(&Kind::names("gateway.solo.io", "v1", "RouteTable", "routetables"));
/// Where requests can be sent.
pub(crate) const UPSTREAM: Kind = Kind::of(&Kind::names("gloo.solo.io", "v1", "Upstream", "upstreams"));

const ROUTES: &str = "/spec/routes";
/// The fields of a route that are ours, and those that exclude destinations.
const OURS: [&str; 6] = [
    "inheritablePathMatchers",
    "matchers",
    "routeAction",
    "redirectAction",
    "directResponseAction",
    "delegateAction",
];
/// The fields of an Upstream that are copied from that of `spec.upstreamRef`.
const COPIED: [&str; 8] = [
    "circuitBreakers",
    "connectionConfig",
    "httpProxyHostname",
    "initialConnectionWindowSize",
    "initialStreamWindowSize",
    "loadBalancerConfig",
    "sslConfig",
    "useHttp2",
];

/// The provider `gloo`.
pub(super) struct Gloo;

impl Router for Gloo {
    fn kinds(&self) -> &[Kind] {
        &[ROUTE_TABLE, UPSTREAM]
    }

    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let mut table = begin_apex(ROUTE_TABLE, subject, seen)?;
        set(&mut table, subject, routes(subject, split.routes)?);
        Ok(vec![upstream(subject, "primary", seen)?, upstream(subject, "canary", seen)?, table])
    }

    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        let Some(table) = seen.find(&subject.key(ROUTE_TABLE, subject.apex()))? else { return Ok(None) };
        let rules: Vec<Shares> = items(table.at(ROUTES)).map(|route| shares(subject, route)).collect();
        Ok(division(&rules))
    }

    /// The table leads to the apex service until it is collected: the Upstreams are collected at the same time.
    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        given_back(&subject.key(ROUTE_TABLE, subject.apex()), seen, |table| {
            let namespace = &*subject.identity.namespace;
            let service =
                json!({"ref": {"name": subject.apex(), "namespace": namespace}, "port": port(subject)?});
            set(
                table,
                subject,
                vec![route(&[], &[json!({"destination": {"kube": service}, "weight": 100})])],
            );
            Ok(())
        })
    }
}

fn set(table: &mut Object, subject: &Subject, routes: Vec<Value>) {
    let ours = Ours::of(table, subject);
    let is_ours = |route: &Value| ours.has(services(subject, route).iter().map(|(name, _)| name.as_str()));
    let with_others = |route: Value, there: Option<&Value>| with_others(route, there, &OURS);
    let routes = rules_with_others(routes, table.at(ROUTES), is_ours, with_others);
    table.set(ROUTES, routes);
}

/// One route for what is divided, and one for the rest where that is not everything.
fn routes(subject: &Subject, routes: Routes) -> Result<Vec<Value>, BuildError> {
    let matched = matching::divided(subject.routing(), routes)?;
    let to = |Routes { primary, canary, .. }: Routes| -> Result<[Value; 2], BuildError> {
        Ok([destination(subject, "primary", primary)?, destination(subject, "canary", canary)?])
    };
    let divided = to(routes)?;
    if matched.is_empty() {
        return Ok(vec![route(&[], &divided)]);
    }
    let matchers: Vec<Value> = matched.iter().map(matcher).collect();
    let [primary, _] = to(Routes::PRIMARY)?;
    Ok(vec![route(&matchers, &divided), route(&[], &[primary])])
}

/// Without matchers it takes every request that the route above sends here.
fn route(matchers: &[Value], destinations: &[Value]) -> Value {
    let action = json!({"multi": {"destinations": destinations}});
    let mut route = json!({"inheritablePathMatchers": true, "routeAction": action});
    put(&mut route, "matchers", &matchers);
    route
}

fn matcher(item: &HttpMatch) -> Value {
    let mut matcher = json!({});
    let fits = |(name, text): (&String, &StringMatch)| {
        let mut fits = json!({"name": name});
        match text {
            StringMatch::Any => {}
            StringMatch::Exact(exact) => fits["value"] = exact.as_str().into(),
            StringMatch::Prefix(_) | StringMatch::Suffix(_) | StringMatch::Regex(_) => {
                fits["value"] = matching::pattern(text).into();
                fits["regex"] = true.into();
            }
        }
        fits
    };
    put(&mut matcher, "headers", &item.headers.iter().map(fits).collect::<Vec<_>>());
    put(&mut matcher, "queryParameters", &item.query_params.iter().map(fits).collect::<Vec<_>>());
    matcher
}

fn destination(subject: &Subject, version: &str, weight: Weight) -> Result<Value, BuildError> {
    let key = upstream_key(subject, version)?;
    let upstream = json!({"name": &*key.name, "namespace": &*key.namespace});
    Ok(json!({"destination": {"upstream": upstream}, "weight": weight}))
}

fn upstream_key(subject: &Subject, version: &str) -> Result<Key, BuildError> {
    Ok(subject.key(UPSTREAM, &format!("{}{}", upstream_prefix(subject, version), port(subject)?)))
}

/// The name of an Upstream without the port at its end.
fn upstream_prefix(subject: &Subject, version: &str) -> String {
    format!("{}-{}-{version}upstream-", subject.identity.namespace, subject.apex())
}

/// An Upstream with the settings of `spec.upstreamRef`, if that is given.
fn upstream(subject: &Subject, version: &str, seen: &dyn ObjectReader) -> Result<Object, BuildError> {
    let mut object = metadata::begin(&upstream_key(subject, version)?, &subject.identity, seen)?.object;
    object.set("/spec/kube/serviceName", format!("{}-{version}", subject.apex()));
    object.set("/spec/kube/serviceNamespace", &*subject.identity.namespace);
    object.set("/spec/kube/servicePort", port(subject)?);
    if let Some(of) = &subject.routing().upstream {
        let namespace = of.namespace.as_ref().unwrap_or(&subject.identity.namespace);
        let source = copies::original(&Key::new(UPSTREAM, namespace, &of.name), "spec.upstreamRef", seen)?;
        for field in COPIED {
            let field = format!("/spec/{field}");
            object.set_or_remove(&field, source.at(&field).cloned());
        }
    }
    Ok(object)
}

fn shares(subject: &Subject, route: &Value) -> Shares {
    let services = services(subject, route);
    Shares::of(subject, services.iter().map(|(name, weight)| (name.as_str(), *weight)))
}

/// The services that a route sends requests to, with their weights.
fn services(subject: &Subject, route: &Value) -> Vec<(String, i64)> {
    let service = |to: &Value| {
        let text = |pointer| to.pointer(pointer).and_then(Value::as_str);
        let upstream = text("/destination/upstream/name").unwrap_or_default();
        let version =
            ["primary", "canary"].into_iter().find(|of| upstream.starts_with(&upstream_prefix(subject, of)));
        let name = match version {
            Some(version) => format!("{}-{version}", subject.apex()),
            None => text("/destination/kube/ref/name").unwrap_or_default().to_owned(),
        };
        (name, to.get("weight").and_then(Value::as_i64).unwrap_or(0))
    };
    items(route.pointer("/routeAction/multi/destinations")).map(service).collect()
}
