//! What is done with requests and answers on their way, in the order Flagger writes it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serin_core::{
    spec::{
        CorsPolicy, Replaces, Rewrite, Routing,
        raw::{BackendRef, HeaderChanges},
    },
    strategy::Weight,
};

use super::super::parts::{items, put};
use crate::subject::Subject;

/// The filters of a rule; `set_cookie` goes with every answer.
pub(super) fn of(routing: &Routing, set_cookie: Option<&str>, cors: bool) -> Vec<Value> {
    let headers = routing.headers.clone().unwrap_or_default();
    let mut response = headers.response.unwrap_or_default();
    if let Some(cookie) = set_cookie {
        // One rule has one filter of a type.
        response.add.insert("Set-Cookie".into(), cookie.into());
    }
    let request = headers.request.unwrap_or_default();
    let mut filters = Vec::new();
    filters.extend(changes(&request).map(|changes| filter("RequestHeaderModifier", changes)));
    filters.extend(changes(&response).map(|changes| filter("ResponseHeaderModifier", changes)));
    filters.extend(routing.rewrite.as_ref().and_then(rewrite).map(|rewrite| filter("URLRewrite", rewrite)));
    filters.extend(routing.mirrors.iter().map(mirror_to));
    if let Some(policy) = routing.cors_policy.as_ref().filter(|_| cors) {
        filters.push(filter("CORS", cors_policy(policy)));
    }
    filters
}

/// Adds to a rule the filters of the one that stands there whose type we never write. A redirect excludes backends.
pub(super) fn keep_others(rule: &mut Value, there: Option<&Value>) {
    const OURS: [&str; 6] = [
        "RequestHeaderModifier",
        "ResponseHeaderModifier",
        "URLRewrite",
        "RequestMirror",
        "CORS",
        "RequestRedirect",
    ];
    let is_other = |filter: &&Value| !OURS.iter().any(|ours| filter["type"] == **ours);
    let others = items(there.and_then(|there| there.get("filters"))).filter(is_other);
    let all: Vec<Value> = items(rule.get("filters")).chain(others).cloned().collect();
    put(rule, "filters", &all);
}

/// Adds a cookie to every answer.
pub(super) fn set_cookie(cookie: &str) -> Value {
    filter("ResponseHeaderModifier", json!({"add": [{"name": "Set-Cookie", "value": cookie}]}))
}

/// Copies a percentage of the requests to the canary. Without a percentage every request is copied.
pub(super) fn mirror(canary: &str, port: u16, weight: Weight) -> Value {
    let mut mirror = json!({"backendRef": {"group": "", "kind": "Service", "name": canary, "port": port}});
    if weight != 100 {
        mirror["percent"] = weight.into();
    }
    filter("RequestMirror", mirror)
}

/// The percentage that a rule copies to the canary, other than what `spec.service.mirror` copies always.
pub(super) fn mirrored(subject: &Subject, rule: &Value) -> Option<Weight> {
    let mut permanent: Vec<Value> = subject.routing().mirrors.iter().map(mirror_to).collect();
    let is_ours = |filter: &&Value| match permanent.iter().position(|one| one == *filter) {
        Some(i) => {
            permanent.swap_remove(i);
            false
        }
        None => true,
    };
    let ours = items(rule.get("filters")).filter(is_ours);
    let canary = subject.canary_service();
    let mut mirrors = ours.filter_map(|filter| filter.get("requestMirror"));
    let mirror =
        mirrors.find(|mirror| mirror.pointer("/backendRef/name") == Some(&Value::from(canary.as_str())))?;
    let percent = mirror.get("percent").map_or(Some(100), Value::as_u64)?;
    Some(percent.min(100) as Weight)
}

/// A filter: its type, and what that does under the type's name with a small first letter.
fn filter(kind: &str, what: Value) -> Value {
    let field = match kind {
        "URLRewrite" => "urlRewrite".to_owned(),
        "CORS" => "cors".to_owned(),
        other => other[..1].to_lowercase() + &other[1..],
    };
    json!({"type": kind, field: what})
}

fn changes(of: &HeaderChanges) -> Option<Value> {
    let list = |headers: &BTreeMap<String, String>| -> Vec<Value> {
        headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
    };
    let mut changes = json!({});
    put(&mut changes, "add", &list(&of.add));
    put(&mut changes, "set", &list(&of.set));
    put(&mut changes, "remove", &of.remove);
    (changes != json!({})).then_some(changes)
}

fn rewrite(of: &Rewrite) -> Option<Value> {
    let mut rewrite = json!({});
    put(&mut rewrite, "hostname", &of.authority);
    if let Some(path) = of.uri.as_deref().filter(|path| !path.is_empty()) {
        rewrite["path"] = match of.replaces {
            Replaces::PrefixMatch => json!({"type": "ReplacePrefixMatch", "replacePrefixMatch": path}),
            Replaces::FullPath => json!({"type": "ReplaceFullPath", "replaceFullPath": path}),
        };
    }
    (rewrite != json!({})).then_some(rewrite)
}

fn mirror_to(of: &BackendRef) -> Value {
    let mut backend = json!({"group": of.group.as_deref().unwrap_or(""), "name": of.name});
    backend["kind"] = of.kind.as_deref().unwrap_or("Service").into();
    put(&mut backend, "namespace", &of.namespace);
    put(&mut backend, "port", &of.port);
    filter("RequestMirror", json!({"backendRef": backend}))
}

/// Origins in full; one that is a pattern allows nobody here.
fn cors_policy(of: &CorsPolicy) -> Value {
    /// What API servers take if it is left out.
    const DEFAULT_MAX_AGE: u64 = 5;
    let CorsPolicy { written: of, max_age } = of;
    let exact = of.allow_origins.iter().filter_map(|origin| origin.exact.as_ref());
    let origins: Vec<&String> = of.allow_origin.iter().chain(exact).collect();
    let mut cors = json!({"maxAge": max_age.map_or(DEFAULT_MAX_AGE, |age| age.as_secs())});
    put(&mut cors, "allowOrigins", &origins);
    put(&mut cors, "allowMethods", &of.allow_methods);
    put(&mut cors, "allowHeaders", &of.allow_headers);
    put(&mut cors, "exposeHeaders", &of.expose_headers);
    put(&mut cors, "allowCredentials", &of.allow_credentials);
    cors
}
