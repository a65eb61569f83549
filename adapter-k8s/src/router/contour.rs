//! Contour: an HTTPProxy named like the apex service, which one of people's own includes.

use serde_json::{Value, json};
use serin_core::{
    command::{Routes, Split},
    spec::{HttpMatch, StringMatch},
    strategy::Weight,
};

use super::{
    Router, matching,
    parts::{
        Ours, Shares, begin_apex, division, given_back, items, port, put, retry_on, rules_with_others,
        services_with_others, weights, with_others,
    },
};
use crate::{
    object::{
        Kind, Object,
        change::Change,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// Routes of Contour.
pub(crate) const HTTP_PROXY: Kind =
    Kind::of(&Kind::names("projectcontour.io", "v1", "HTTPProxy", "httpproxies"));

const ROUTES: &str = "/spec/routes";
/// The fields of a route that are ours, and those that exclude services; and those of its services.
const OURS: [&str; 6] = [
    "conditions",
    "services",
    "timeoutPolicy",
    "retryPolicy",
    "requestRedirectPolicy",
    "directResponsePolicy",
];
const OURS_OF_SERVICES: [&str; 4] = ["name", "port", "weight", "requestHeadersPolicy"];

/// The provider `contour`.
pub(super) struct Contour;

impl Router for Contour {
    fn kinds(&self) -> &[Kind] {
        &[HTTP_PROXY]
    }

    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let mut object = begin_apex(HTTP_PROXY, subject, seen)?;
        set(&mut object, subject, routes(subject, split.routes)?);
        if let Some(class) = &subject.settings.ingress_class {
            object.set("/spec/ingressClassName", class.as_str());
        }
        Ok(vec![object])
    }

    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        let Some(there) = seen.find(&subject.key(HTTP_PROXY, subject.apex()))? else { return Ok(None) };
        let all = items(there.at(ROUTES)).map(|route| shares(subject, route));
        let mut rules: Vec<Shares> = all.filter(|shares| *shares != Shares::default()).collect();
        // The rule for the rest names the canary, too, without a weight.
        if let Some((rest, [_, ..])) = rules.split_last_mut() {
            rest.canary = rest.canary.filter(|weight| *weight > 0);
        }
        Ok(division(&rules))
    }

    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        given_back(&subject.key(HTTP_PROXY, subject.apex()), seen, |object| {
            let everyone = vec![json!({"prefix": matching::prefix(subject.routing())})];
            let services = vec![service(subject, subject.apex(), 100)?];
            set(object, subject, vec![route(subject, &everyone, services)]);
            Ok(())
        })
    }
}

fn set(object: &mut Object, subject: &Subject, routes: Vec<Value>) {
    let ours = Ours::of(object, subject);
    let with_others = |mut route: Value, there: Option<&Value>| {
        let wanted = items(route.get("services")).cloned().collect();
        let there_too = there.and_then(|there| there.get("services"));
        route["services"] = services_with_others(wanted, there_too, "name", &OURS_OF_SERVICES).into();
        with_others(route, there, &OURS)
    };
    let routes = rules_with_others(routes, object.at(ROUTES), |route| ours.has(names(route)), with_others);
    object.set(ROUTES, routes);
}

/// One route for each item of `analysis.match` and one for the rest; one for all where nothing is matched.
fn routes(subject: &Subject, routes: Routes) -> Result<Vec<Value>, BuildError> {
    let matched = matching::divided(subject.routing(), routes)?;
    let divided = services(subject, routes)?;
    let everyone = vec![json!({"prefix": matching::prefix(subject.routing())})];
    if matched.is_empty() {
        return Ok(vec![route(subject, &everyone, divided)]);
    }
    let matched = matched.iter().map(|item| route(subject, &conditions(subject, item), divided.clone()));
    let mut all: Vec<Value> = matched.collect();
    all.push(route(subject, &everyone, services(subject, Routes::PRIMARY)?));
    Ok(all)
}

fn route(subject: &Subject, conditions: &[Value], services: Vec<Value>) -> Value {
    let routing = subject.routing();
    let mut route = json!({"conditions": conditions, "services": services});
    if let Some(timeout) = &routing.timeout {
        route["timeoutPolicy"] = json!({"response": timeout, "idle": "5m"});
    }
    if let Some(retries) = &routing.retries {
        let mut policy = json!({});
        put(&mut policy, "count", &retries.attempts);
        put(&mut policy, "perTryTimeout", &retries.per_try_timeout);
        put(&mut policy, "retryOn", &retry_on(retries));
        route["retryPolicy"] = policy;
    }
    route
}

/// Those of its headers, of which all have to fit; only one may name the path. Parsing refuses what is matched otherwise.
fn conditions(subject: &Subject, item: &HttpMatch) -> Vec<Value> {
    let condition = |(name, value): (&String, &StringMatch)| {
        let mut header = json!({"name": name});
        match value {
            StringMatch::Prefix(part) | StringMatch::Suffix(part) => {
                header["contains"] = part.as_str().into();
            }
            StringMatch::Exact(exact) => header["exact"] = exact.as_str().into(),
            StringMatch::Any | StringMatch::Regex(_) => header["present"] = true.into(),
        }
        json!({"header": header})
    };
    let mut conditions: Vec<Value> = item.headers.iter().map(condition).collect();
    if let Some(first) = conditions.first_mut() {
        first["prefix"] = matching::prefix(subject.routing()).into();
    }
    conditions
}

fn services(subject: &Subject, routes: Routes) -> Result<Vec<Value>, BuildError> {
    let primary = service(subject, &subject.primary_service(), routes.primary)?;
    Ok(vec![primary, service(subject, &subject.canary_service(), routes.canary)?])
}

/// A weight of 0 is left out, as Contour itself leaves it out.
fn service(subject: &Subject, name: &str, weight: Weight) -> Result<Value, BuildError> {
    let port = port(subject)?;
    let host = format!("{name}.{}.svc.cluster.local:{port}", subject.identity.namespace);
    let headers = json!({"set": [{"name": "l5d-dst-override", "value": host}]});
    let mut service = json!({"name": name, "port": port, "requestHeadersPolicy": headers});
    if weight > 0 {
        service["weight"] = weight.into();
    }
    Ok(service)
}

fn names(route: &Value) -> impl Iterator<Item = &str> {
    items(route.get("services")).filter_map(|service| service.get("name").and_then(Value::as_str))
}

fn shares(subject: &Subject, route: &Value) -> Shares {
    Shares::of(subject, weights(route.get("services"), "/name", 0))
}
