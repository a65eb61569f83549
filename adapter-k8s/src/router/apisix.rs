//! APISIX: an ApisixRoute next to the one that the user wrote, which takes its requests and divides them by weight.

use serde_json::{Value, json};
use serin_core::{
    command::{Routes, Split},
    provider::Reference,
};

use super::{
    Router, copies,
    parts::{Shares, given_back, items, missing, weights},
};
use crate::{
    object::{
        Key, Kind, Object,
        change::Change,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// Routes of APISIX.
pub(crate) const APISIX_ROUTE: Kind =
    Kind::of(&Kind::names("apisix.apache.org", "v2", "ApisixRoute", "apisixroutes"));

const RULES: &str = "/spec/http";
/// The highest priority wins; a route without one has 0.
const PRIORITY: i64 = 10_000;

/// The provider `apisix`.
pub(super) struct Apisix;

impl Router for Apisix {
    fn kinds(&self) -> &[Kind] {
        &[APISIX_ROUTE]
    }

    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let name = name(subject)?;
        let original = copies::original(&subject.key(APISIX_ROUTE, name), "spec.routeRef.name", seen)?;
        let mut spec = original.at("/spec").cloned().unwrap_or_else(|| json!({}));
        spec["http"] = rules(&original, subject, split.routes)?.into();
        if let Some(spec) = spec.as_object_mut() {
            // Connections are left to the original.
            spec.remove("stream");
        }
        Ok(vec![copies::copy(&copy_key(subject)?, &original, spec, subject, seen)?])
    }

    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        let there = seen.find(&copy_key(subject)?)?;
        // All of them have the same weights.
        Ok(there
            .and_then(|there| items(there.at(RULES)).next().and_then(|rule| shares(subject, rule).routes())))
    }

    /// Everyone is sent to the apex service, as by the original; it goes with the Canary.
    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        given_back(&copy_key(subject)?, seen, |object| {
            let apex = |rule: &Value| {
                let first = items(rule.get("backends")).next().cloned().unwrap_or_else(|| json!({}));
                with_backends(rule, vec![to(&first, subject.apex(), 100)])
            };
            let rules: Vec<Value> = items(object.at(RULES)).map(apex).collect();
            object.set(RULES, rules);
            Ok(())
        })
    }
}

fn name(subject: &Subject) -> Result<&str, BuildError> {
    subject.routing().route.as_deref().ok_or_else(|| missing(Reference::Route, subject))
}

fn copy_key(subject: &Subject) -> Result<Key, BuildError> {
    Ok(subject.key(APISIX_ROUTE, &format!("{}-{}-canary", name(subject)?, subject.apex())))
}

/// The rules that send requests to the apex service, divided and before all others.
fn rules(original: &Object, subject: &Subject, routes: Routes) -> Result<Vec<Value>, BuildError> {
    let (apex, name) = (subject.apex(), original.name());
    let mut rules = Vec::new();
    for rule in items(original.at(RULES)) {
        let backends: Vec<&Value> = items(rule.get("backends")).collect();
        let [backend] = backends[..] else {
            if backends.iter().any(|backend| backend["serviceName"] == apex) {
                let rule = rule["name"].as_str().unwrap_or_default();
                let why = format!(
                    "the rule {rule} sends requests to {apex} and others; one backend can be divided"
                );
                return Err(BuildError::refused(format!("ApisixRoute {name}: {why}")));
            }
            continue;
        };
        if backend["serviceName"] == apex {
            let primary = to(backend, &subject.primary_service(), routes.primary);
            let canary = to(backend, &subject.canary_service(), routes.canary);
            let mut rule = with_backends(rule, vec![primary, canary]);
            let own = rule.get("priority").and_then(Value::as_i64).unwrap_or(0);
            rule["priority"] = PRIORITY.max(own.saturating_add(1)).into();
            rules.push(rule);
        }
    }
    if rules.is_empty() {
        return Err(BuildError::refused(format!("ApisixRoute {name}: has no backend {apex} to release")));
    }
    Ok(rules)
}

fn with_backends(rule: &Value, backends: Vec<Value>) -> Value {
    let mut rule = rule.clone();
    rule["backends"] = backends.into();
    rule
}

fn to(backend: &Value, service: &str, weight: u8) -> Value {
    let mut backend = backend.clone();
    backend["serviceName"] = service.into();
    backend["weight"] = weight.into();
    backend
}

fn shares(subject: &Subject, rule: &Value) -> Shares {
    Shares::of(subject, weights(rule.get("backends"), "/serviceName", 100))
}
