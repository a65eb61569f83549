//! The metrics that use a query: the names with which it is filled in, and what its value is needed for.

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use regex::Regex;
use serde_json::Value;
use serin_core::time::parse_duration;
use serin_input::manifest::fields::{list, text};
use serin_template::{QueryNames, Scope};

use crate::manifests::{Files, ManifestKind, Object};

/// A metric of a Canary that uses a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Use {
    name: String,
    namespace: String,
    pub(super) target: String,
    /// Kind of the target.
    pub(super) kind: String,
    pub(super) service: String,
    ingress: String,
    route: String,
    interval: String,
    /// The metric's `templateVariables`; `None` if no metric is known.
    pub(super) variables: Option<BTreeMap<String, String>>,
    /// Whether a missing value fails the check.
    pub(super) needs_value: bool,
}

/// The metrics in the files that name a template; if there is none, one with made-up names.
pub(super) fn of_template(template: &Object, files: &Files<'_>) -> Vec<Use> {
    let mut uses = Vec::new();
    for canary in files.of(ManifestKind::Canary) {
        let own = canary.namespace().unwrap_or("default");
        for at in ["/spec/analysis/metrics", "/spec/canaryAnalysis/metrics"] {
            let metrics = list(&canary.json, at).iter().filter(|metric| {
                let (name, namespace) = named(metric);
                template.is(
                    ManifestKind::MetricTemplate,
                    if namespace.is_empty() { own } else { namespace },
                    name,
                )
            });
            uses.extend(metrics.map(|metric| Use::of(&canary.json, metric)));
        }
    }
    if uses.is_empty() {
        uses.push(Use::made_up(template.namespace().unwrap_or("default")));
    }
    uses
}

/// Name and namespace of the template that a metric names, by `templateRef` or by its own name.
fn named(metric: &Value) -> (&str, &str) {
    let has = |field: &str| metric.get(field).is_some_and(|value| !value.is_null());
    if has("templateRef") || has("query") {
        (text(metric, "/templateRef/name"), text(metric, "/templateRef/namespace"))
    } else {
        (text(metric, "/name"), "")
    }
}

impl Use {
    /// A metric and its Canary, as written.
    pub(crate) fn of(canary: &Value, metric: &Value) -> Self {
        let or = |pointer: &str, other: &str| match text(canary, pointer) {
            "" => other.to_owned(),
            text => text.to_owned(),
        };
        let target = text(canary, "/spec/targetRef/name");
        let variables = metric.get("templateVariables").and_then(Value::as_object);
        let variables = variables
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Self {
            name: text(canary, "/metadata/name").into(),
            namespace: or("/metadata/namespace", "default"),
            target: target.into(),
            kind: or("/spec/targetRef/kind", "Deployment"),
            service: or("/spec/service/name", target),
            ingress: or("/spec/ingressRef/name", target),
            route: or("/spec/routeRef/name", target),
            interval: match text(metric, "/interval") {
                "" => "1m".into(),
                interval => interval.into(),
            },
            variables: Some(variables.collect()),
            needs_value: text(metric, "/onNoData") != "pass",
        }
    }

    fn made_up(namespace: &str) -> Self {
        let name = || "app".to_owned();
        Self {
            name: name(),
            namespace: namespace.into(),
            target: name(),
            kind: "Deployment".into(),
            service: name(),
            ingress: name(),
            route: name(),
            interval: "1m".into(),
            variables: None,
            needs_value: true,
        }
    }

    /// The variables of the query. If no metric is known, every variable that it uses has a value.
    pub(crate) fn scope(&self, query: &str) -> Scope {
        static VARIABLE: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"variables\.(\w+)").expect("a constant, which a test compiles"));
        let names = QueryNames {
            name: &self.name,
            namespace: &self.namespace,
            target: &self.target,
            service: &self.service,
            ingress: &self.ingress,
            route: &self.route,
            interval: &self.interval,
        };
        match &self.variables {
            Some(variables) => names.scope(variables.clone()),
            None => {
                names.scope(VARIABLE.captures_iter(query).map(|found| (found[1].to_owned(), "x".to_owned())))
            }
        }
    }

    /// The metric's window.
    pub(super) fn window(&self) -> Option<Duration> {
        parse_duration(&self.interval).ok()
    }

    /// The metric's window, as written.
    pub(super) fn interval(&self) -> &str {
        &self.interval
    }

    /// The Canary's namespace.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }
}
