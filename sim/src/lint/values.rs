//! The values that a field may have, for "did you mean", and for those that only the API server checks.

use serde_json::Value;
use serin_core::spec::{AlertSystem, HookKind, MetricSystem, PROVIDERS};

use super::{Told, code::Code};
use crate::input::nearest;

/// Fields with few values, by their path as in the table of fields.
const LISTED: &[(&str, &[&str])] = &[
    ("kind", &["Canary", "MetricTemplate", "AlertProvider"]),
    ("apiVersion", &["flagger.app/v1beta1"]),
    ("spec.targetRef.kind", &["Deployment", "DaemonSet", "Service"]),
    ("spec.analysis.thresholdMode", &["cumulative", "consecutive"]),
    ("spec.analysis.metrics[].onNoData", &["fail", "hold", "pass"]),
    ("spec.analysis.metrics[].onError", &["fail", "hold", "pass"]),
    ("spec.analysis.alerts[].severity", &["info", "warn", "error"]),
    ("spec.analysis.webhooks[].type", &HookKind::NAMES),
    ("spec.analysis.metrics[].name", &["request-success-rate", "request-duration"]),
    ("spec.analysis.webhooks[].mode", &["trigger", "action"]),
    ("spec.analysis.webhooks[].runOn", &["success", "failure"]),
];

/// Fields that the core does not read, with the values that the API server takes.
const ELSEWHERE: &[(&str, &[&str])] = &[
    ("/spec/autoscalerRef/kind", &["HorizontalPodAutoscaler", "ScaledObject"]),
    ("/spec/ingressRef/kind", &["Ingress"]),
    ("/spec/routeRef/kind", &["ApisixRoute"]),
    ("/spec/upstreamRef/kind", &["Upstream"]),
    ("/spec/service/trafficDistribution", &["PreferClose", "PreferSameZone", "PreferSameNode"]),
    ("/spec/analysis/sessionAffinity/sameSite", &["Strict", "Lax", "None"]),
];

/// The value that was meant, as a question; nothing if none is near.
pub(super) fn meant(path: &str, value: Option<&Value>) -> String {
    let pattern = pattern(path);
    let providers: Vec<&str> = PROVIDERS.iter().map(|(name, _)| *name).collect();
    let known = match (LISTED.iter().find(|(path, _)| *path == pattern), pattern.as_str()) {
        (Some((_, known)), _) => known,
        (None, "spec.provider") => providers.as_slice(),
        (None, "spec.provider.type") => &MetricSystem::ALL.map(MetricSystem::name),
        (None, "spec.type") => &AlertSystem::ALL.map(AlertSystem::name),
        (None, _) => return String::new(),
    };
    let value = match value {
        Some(Value::Array(items)) => items.iter().find(|item| !known.iter().any(|known| *item == known)),
        value => value,
    };
    let near = value.and_then(Value::as_str).and_then(|value| nearest(value, known.iter().copied()));
    near.map_or(String::new(), |near| format!("did you mean `{near}`?"))
}

/// Values that the API server refuses although the core does not read them.
pub(super) fn refused_elsewhere(canary: &Value) -> impl Iterator<Item = Told> {
    ELSEWHERE.iter().filter_map(|(pointer, known)| {
        let value = canary.pointer(pointer)?.as_str()?;
        if value.is_empty() || known.contains(&value) {
            return None;
        }
        let field = pointer.trim_start_matches('/').replace('/', ".");
        let what = format!("`{value}` is refused by the API server; known are {}", known.join(", "));
        let near = nearest(value, known.iter().copied());
        let remedy = near.map_or(String::new(), |near| format!("did you mean `{near}`?"));
        Some(Told { code: Code::UnknownValue, field, what, remedy, offset: None })
    })
}

/// Fields that are needed although the core does not read them: by the API server, or by the router.
pub(super) fn missing(canary: &Value, provider: &str) -> Vec<Told> {
    let is_set = |pointer: &str| canary.pointer(pointer).is_some_and(|value| !value.is_null());
    let mut found = Vec::new();
    let mut needs = |pointer: &str, why: String, remedy: &str| {
        if !is_set(pointer) {
            let field = pointer.trim_start_matches('/').replace('/', ".");
            let what = format!("is missing: {why}");
            found.push(Told { code: Code::MissingField, field, what, remedy: remedy.into(), offset: None });
        }
    };
    if is_set("/spec/targetRef") {
        let why = "the API server asks for it";
        needs("/spec/targetRef/apiVersion", why.into(), "write `apiVersion: apps/v1` for a Deployment");
    }
    // A Knative Service brings its own.
    if provider != "knative" {
        let why = "without it there is no service to send requests to";
        needs("/spec/service/port", why.into(), "give the port of the service");
    }
    let router = format!("provider {provider} needs it");
    match provider {
        "nginx" | "skipper" => needs("/spec/ingressRef", router, "name the Ingress of the target"),
        "apisix" => needs("/spec/routeRef", router, "name the ApisixRoute of the target"),
        "gloo" => needs("/spec/upstreamRef", router, "name the Upstream of the target"),
        _ if provider.starts_with("gatewayapi:") => {
            needs("/spec/service/gatewayRefs", router, "name the Gateways that lead to the target");
        }
        _ => {}
    }
    found
}

/// A path without the numbers of its items, and with the newer name of the analysis.
fn pattern(path: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in path.chars() {
        inside = inside && c != ']';
        if !inside {
            text.push(c);
        }
        inside = inside || c == '[';
    }
    match text.strip_prefix("spec.canaryAnalysis.") {
        Some(rest) => format!("spec.analysis.{rest}"),
        None => text,
    }
}
