//! Gateway API: an HTTPRoute named like the apex service. Two versions, one implementation.

mod accepted;
mod filters;
mod matches;

use serde_json::{Value, json};
use serin_core::{
    command::{Cookies, Routes, Split},
    provider::Reference,
    spec::raw::GatewayRef,
    strategy::Weight,
};

use super::{
    Router,
    parts::{
        Ours, Shares, begin_apex, division, given_back, items, missing, port, put, rules_with_others, said,
        weights, with_others,
    },
    rules::{self, Rule, To},
};
use crate::{
    object::{
        Kind, Object,
        change::Change,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

const GROUP: &str = "gateway.networking.k8s.io";

/// The fields of a rule that are ours.
const OURS: [&str; 4] = ["matches", "backendRefs", "filters", "timeouts"];

/// The provider `gatewayapi:v1`.
pub(super) const V1: GatewayApi = GatewayApi {
    kind: Kind::of(&Kind::names(GROUP, "v1", "HTTPRoute", "httproutes")),
    timeouts: true,
    cors: true,
    primary_cookie: true,
    acceptance: true,
};

/// The provider `gatewayapi:v1beta1`, with what Flagger writes for it and no more.
pub(super) const V1BETA1: GatewayApi = GatewayApi {
    kind: Kind::of(&Kind::names(GROUP, "v1beta1", "HTTPRoute", "httproutes")),
    timeouts: false,
    cors: false,
    primary_cookie: false,
    acceptance: false,
};

/// A version of the API. What it cannot is left out.
pub(super) struct GatewayApi {
    kind: Kind,
    timeouts: bool,
    cors: bool,
    /// Whether users are kept on the primary, too.
    primary_cookie: bool,
    /// Whether gateways are asked if they accept the route.
    acceptance: bool,
}

impl Router for GatewayApi {
    fn kinds(&self) -> &[Kind] {
        std::slice::from_ref(&self.kind)
    }

    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let routing = subject.routing();
        if routing.gateway_refs.is_empty() {
            return Err(missing(Reference::Gateways, subject));
        }
        let primary = split.cookies.primary.clone().filter(|_| self.primary_cookie);
        let split = Split { cookies: Cookies { primary, ..split.cookies.clone() }, routes: split.routes };
        let rules: Result<Vec<Value>, BuildError> =
            rules::of(subject, &split)?.iter().map(|one| self.rule(subject, one)).collect();
        let mut object = begin_apex(self.kind, subject, seen)?;
        object.set("/spec/parentRefs", routing.gateway_refs.iter().map(parent).collect::<Vec<_>>());
        object.set_or_remove("/spec/hostnames", said(&routing.hosts));
        set(&mut object, subject, rules?);
        Ok(vec![object])
    }

    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        let Some(route) = seen.find(&subject.key(self.kind, subject.apex()))? else { return Ok(None) };
        if self.acceptance {
            accepted::check(&route)?;
        }
        let rules: Vec<Shares> = items(route.at("/spec/rules")).map(|rule| shares(subject, rule)).collect();
        Ok(division(&rules))
    }

    /// The route leads to the apex service until it is collected: the others are collected at the same time. One that
    /// was there before us stays so.
    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        given_back(&subject.key(self.kind, subject.apex()), seen, |route| {
            set(route, subject, vec![self.rule(subject, &rules::given_back(subject))?]);
            Ok(())
        })
    }
}

impl GatewayApi {
    fn rule(&self, subject: &Subject, of: &Rule) -> Result<Value, BuildError> {
        let routing = subject.routing();
        let port = port(subject)?;
        let (primary, canary) = (subject.primary_service(), subject.canary_service());
        let backends = match &of.to {
            To::Apex => vec![backend(subject.apex(), port, 100, None)],
            To::Primary => vec![backend(&primary, port, 100, None)],
            To::Both { primary: to_primary, canary: to_canary } => vec![
                backend(&primary, port, to_primary.weight, to_primary.set_cookie.as_deref()),
                backend(&canary, port, to_canary.weight, to_canary.set_cookie.as_deref()),
            ],
        };
        let mut filters = filters::of(routing, of.set_cookie.as_deref(), self.cors);
        filters.extend(of.mirror.map(|weight| filters::mirror(&canary, port, weight)));
        let mut rule = json!({"matches": matches::of(&of.matches), "backendRefs": backends});
        put(&mut rule, "filters", &filters);
        if self.timeouts {
            let mut timeouts = json!({});
            put(&mut timeouts, "request", &routing.timeout);
            put(&mut timeouts, "backendRequest", &routing.backend_timeout);
            put(&mut rule, "timeouts", &timeouts);
        }
        Ok(rule)
    }
}

fn set(object: &mut Object, subject: &Subject, rules: Vec<Value>) {
    let ours = Ours::of(object, subject);
    let with_others = |mut rule: Value, there: Option<&Value>| {
        filters::keep_others(&mut rule, there);
        with_others(rule, there, &OURS)
    };
    let rules = rules_with_others(rules, object.at("/spec/rules"), |rule| ours.has(names(rule)), with_others);
    object.set("/spec/rules", rules);
}

fn parent(of: &GatewayRef) -> Value {
    let mut parent = json!({"group": GROUP, "kind": "Gateway"});
    if let Some(Value::Object(given)) = said(of) {
        for (field, value) in given {
            parent[field] = value;
        }
    }
    parent
}

fn backend(name: &str, port: u16, weight: Weight, set_cookie: Option<&str>) -> Value {
    let mut backend = json!({"group": "", "kind": "Service", "name": name, "port": port, "weight": weight});
    if let Some(cookie) = set_cookie {
        backend["filters"] = json!([filters::set_cookie(cookie)]);
    }
    backend
}

fn names(rule: &Value) -> impl Iterator<Item = &str> {
    items(rule.get("backendRefs")).filter_map(|backend| backend.get("name").and_then(Value::as_str))
}

fn shares(subject: &Subject, rule: &Value) -> Shares {
    let backends = weights(rule.get("backendRefs"), "/name", 1);
    Shares { mirror: filters::mirrored(subject, rule), ..Shares::of(subject, backends) }
}
