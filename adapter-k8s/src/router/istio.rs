//! Istio: a VirtualService named like the apex service, and a DestinationRule for each version.

use serde_json::{Value, json};
use serin_core::{
    command::{Routes, Split},
    spec::{HttpMatch, StringMatch},
    strategy::Weight,
};

use super::{
    Router, matching,
    parts::{
        Ours, Shares, begin_apex, division, given_back, items, port, put, rules_with_others, said, weights,
        with_others,
    },
    rules::{self, Rule, To},
};
use crate::{
    object::{
        Kind, Object,
        change::Change,
        metadata::{self, LAST_APPLIED},
        owners,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// The routes of a host.
pub(crate) const VIRTUAL_SERVICE: Kind =
    Kind::of(&Kind::names("networking.istio.io", "v1beta1", "VirtualService", "virtualservices"));
/// What is done for requests to a host.
pub(crate) const DESTINATION_RULE: Kind =
    Kind::of(&Kind::names("networking.istio.io", "v1beta1", "DestinationRule", "destinationrules"));

/// Where Flagger keeps the spec of a VirtualService that it found; so that each gives back what the other took.
const ORIGINAL: &str = "flagger.kubernetes.io/original-configuration";

/// The fields of a rule that are ours, and those that exclude destinations.
const OURS: [&str; 12] = [
    "match",
    "route",
    "rewrite",
    "timeout",
    "retries",
    "corsPolicy",
    "headers",
    "mirror",
    "mirrorPercentage",
    "redirect",
    "directResponse",
    "delegate",
];

/// The provider `istio`.
pub(super) struct Istio;

impl Router for Istio {
    fn kinds(&self) -> &[Kind] {
        &[VIRTUAL_SERVICE, DESTINATION_RULE]
    }

    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let mut objects = Vec::new();
        for host in [subject.canary_service(), subject.primary_service()] {
            objects.push(destination_rule(subject, &host, seen)?);
        }
        objects.push(virtual_service(subject, split, seen)?);
        Ok(objects)
    }

    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        let Some(route) = seen.find(&subject.key(VIRTUAL_SERVICE, subject.apex()))? else { return Ok(None) };
        let rules: Vec<Shares> = items(route.at(list(subject))).map(|rule| shares(subject, rule)).collect();
        Ok(division(&rules))
    }

    /// What stood there before us, or else, until it is collected, a route that leads to the apex service: the others
    /// are collected at the same time.
    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        given_back(&subject.key(VIRTUAL_SERVICE, subject.apex()), seen, |route| {
            if let Some(spec) = remembered(route) {
                route.set("/spec", spec);
                route.remove_annotation(ORIGINAL);
            } else {
                set(route, subject, list(subject), vec![rule(subject, &rules::given_back(subject))?]);
            }
            Ok(())
        })
    }
}

/// Where the rules stand.
fn list(subject: &Subject) -> &'static str {
    if subject.service().is_tcp() { "/spec/tcp" } else { "/spec/http" }
}

fn set(object: &mut Object, subject: &Subject, list: &str, rules: Vec<Value>) {
    let ours = Ours::of(object, subject);
    let is_ours = |rule: &Value| ours.has(hosts_of(rule));
    let with_others = |rule: Value, there: Option<&Value>| with_others(rule, there, &OURS);
    let rules = rules_with_others(rules, object.at(list), is_ours, with_others);
    object.set(list, rules);
}

fn destination_rule(subject: &Subject, host: &str, seen: &dyn ObjectReader) -> Result<Object, BuildError> {
    let mut object = metadata::begin(&subject.key(DESTINATION_RULE, host), &subject.identity, seen)?.object;
    object.set("/spec/host", host);
    object.set_or_remove("/spec/trafficPolicy", subject.routing().traffic_policy.clone());
    Ok(object)
}

fn virtual_service(subject: &Subject, split: &Split, seen: &dyn ObjectReader) -> Result<Object, BuildError> {
    let routing = subject.routing();
    let mut object = begin_apex(VIRTUAL_SERVICE, subject, seen)?;
    let before = object.at("/spec").cloned();
    if routing.delegation {
        object.remove("/spec/hosts");
        object.remove("/spec/gateways");
    } else {
        object.set("/spec/hosts", hosts(subject));
        let mesh = vec!["mesh".to_owned()];
        object
            .set("/spec/gateways", if routing.gateways.is_empty() { mesh } else { routing.gateways.clone() });
    }
    if subject.service().is_tcp() {
        object.remove("/spec/http");
        set(&mut object, subject, "/spec/tcp", vec![tcp_rule(subject, split)?]);
    } else {
        object.remove("/spec/tcp");
        let rules: Result<Vec<Value>, BuildError> =
            rules::of(subject, split)?.iter().map(|one| rule(subject, one)).collect();
        set(&mut object, subject, "/spec/http", rules?);
    }
    if let Some(before) = before {
        remember(&mut object, subject, &before);
    }
    Ok(object)
}

/// Keeps what somebody else wrote, once, unless kubectl has.
fn remember(object: &mut Object, subject: &Subject, before: &Value) {
    let is_theirs = !owners::is_controlled(object, &subject.identity);
    let is_kept = object.annotation(ORIGINAL).is_some() || object.annotation(LAST_APPLIED).is_some();
    if is_theirs && !is_kept && object.at("/spec") != Some(before) {
        object.set_annotation(ORIGINAL, &before.to_string());
    }
}

/// The spec that stood there before us. kubectl keeps the whole object, we keep its spec.
fn remembered(object: &Object) -> Option<Value> {
    let kept = object.annotation(LAST_APPLIED).or_else(|| object.annotation(ORIGINAL))?;
    let kept: Value = serde_json::from_str(kept).ok()?;
    let spec = if kept.get("apiVersion").is_some() { kept.get("spec")?.clone() } else { kept };
    spec.is_object().then_some(spec)
}

fn hosts(subject: &Subject) -> Vec<String> {
    let mut hosts = subject.routing().hosts.clone();
    if !hosts.iter().any(|host| host == subject.apex() || host == "*") {
        hosts.push(subject.apex().into());
    }
    hosts
}

/// Connections are divided by weight alone.
fn tcp_rule(subject: &Subject, split: &Split) -> Result<Value, BuildError> {
    let ports = subject.routing().requests.iter().filter_map(|item| item.port);
    let ports: Vec<Value> = ports.map(|port| json!({"port": port})).collect();
    let mut rule = json!({"route": [
        destination(subject, &subject.primary_service(), split.routes.primary)?,
        destination(subject, &subject.canary_service(), split.routes.canary)?,
    ]});
    put(&mut rule, "match", &ports);
    Ok(rule)
}

fn rule(subject: &Subject, of: &Rule) -> Result<Value, BuildError> {
    let routing = subject.routing();
    let (primary, canary) = (subject.primary_service(), subject.canary_service());
    let route = match &of.to {
        To::Apex => vec![destination(subject, subject.apex(), 100)?],
        To::Primary => vec![destination(subject, &primary, 100)?],
        To::Both { primary: to_primary, canary: to_canary } => {
            let mut both = Vec::new();
            for (host, share) in [(&primary, to_primary), (&canary, to_canary)] {
                let mut destination = destination(subject, host, share.weight)?;
                if let Some(cookie) = &share.set_cookie {
                    destination["headers"] = json!({"response": {"add": {"Set-Cookie": cookie}}});
                }
                both.push(destination);
            }
            both
        }
    };
    let mut rule = json!({"route": route});
    let matches: Vec<HttpMatch> = of.matches.iter().cloned().map(without_suffixes).collect();
    put(&mut rule, "match", &matches);
    if let Some(of) = &routing.rewrite {
        let mut rewrite = json!({});
        put(&mut rewrite, "uri", &of.uri);
        put(&mut rewrite, "authority", &of.authority);
        put(&mut rule, "rewrite", &rewrite);
    }
    put(&mut rule, "timeout", &routing.timeout);
    put(&mut rule, "retries", &routing.retries);
    put(&mut rule, "corsPolicy", &routing.cors_policy.as_ref().map(|policy| &policy.written));
    let mut headers = said(&routing.headers);
    if let Some(cookie) = &of.set_cookie {
        headers.get_or_insert_with(|| json!({}))["response"]["add"]["Set-Cookie"] = cookie.as_str().into();
    }
    put(&mut rule, "headers", &headers);
    if let Some(weight) = of.mirror {
        rule["mirror"] = json!({"host": canary});
        // Without a percentage Istio copies every request.
        if weight != 100 || routing.mirror_weight.is_some() {
            rule["mirrorPercentage"] = json!({"value": weight});
        }
    }
    Ok(rule)
}

fn destination(subject: &Subject, host: &str, weight: Weight) -> Result<Value, BuildError> {
    Ok(json!({"destination": target(subject, host)?, "weight": weight}))
}

/// A host, with its port where the service has several and the requests come from outside the mesh.
fn target(subject: &Subject, host: &str) -> Result<Value, BuildError> {
    let routing = subject.routing();
    let gateway = routing.gateways.first().is_some_and(|gateway| gateway != "mesh");
    let mut target = json!({"host": host});
    if subject.service().port_discovery && (gateway || routing.delegation) {
        target["port"] = json!({"number": port(subject)?});
    }
    Ok(target)
}

/// Istio compares whole texts, beginnings and patterns.
fn without_suffixes(mut of: HttpMatch) -> HttpMatch {
    let maps = [&mut of.headers, &mut of.without_headers, &mut of.query_params];
    let texts = [&mut of.uri, &mut of.scheme, &mut of.method, &mut of.authority];
    let all = maps.into_iter().flat_map(|map| map.values_mut()).chain(texts.into_iter().flatten());
    for text in all.filter(|text| matches!(text, StringMatch::Suffix(_))) {
        *text = StringMatch::Regex(matching::pattern(text));
    }
    of
}

fn hosts_of(rule: &Value) -> impl Iterator<Item = &str> {
    items(rule.get("route")).filter_map(|to| to.pointer("/destination/host").and_then(Value::as_str))
}

fn shares(subject: &Subject, rule: &Value) -> Shares {
    let destinations = rule.get("route");
    // What is left out is nothing, unless it is alone.
    let left_out = if items(destinations).count() == 1 { 100 } else { 0 };
    let weights = weights(destinations, "/destination/host", left_out);
    Shares { mirror: mirror(subject, rule), ..Shares::of(subject, weights) }
}

fn mirror(subject: &Subject, rule: &Value) -> Option<Weight> {
    let host = rule.pointer("/mirror/host").and_then(Value::as_str)?;
    let value = rule.pointer("/mirrorPercentage/value").map_or(Some(100.0), Value::as_f64)?;
    // In range; a part of a percent counts as one.
    (host == subject.canary_service()).then_some(value.clamp(0.0, 100.0).ceil() as Weight)
}
