//! The allowed values of fields, for suggestions and for checks that only the API server makes.

use serde_json::Value;
use serin_core::{
    provider::{ROUTERS, Reference, TARGETS},
    spec::{AlertSystem, HookKind, MetricSystem},
};
use serin_input::{
    manifest::{
        Remedy,
        duration::{is_duration, pattern},
        typed::pointer,
    },
    nearest,
};

use super::{Draft, code::Code};

/// Fields with a few allowed values, by their path in the table of fields.
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

/// Fields that the core does not read, with the values that the API server accepts.
const ELSEWHERE: &[(&str, &[&str])] = &[
    ("spec.autoscalerRef.kind", &["HorizontalPodAutoscaler", "ScaledObject"]),
    ("spec.service.trafficDistribution", &["PreferClose", "PreferSameZone", "PreferSameNode"]),
    ("spec.analysis.sessionAffinity.sameSite", &["Strict", "Lax", "None"]),
];

/// The duration that was meant: in seconds if it has no unit, and without days for a router.
fn meant_duration(path: &str, value: &Value) -> Option<String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let text = with_unit(&text)?;
    let days = text.strip_suffix('d').filter(|_| path.starts_with("spec.service."));
    let hours = days.and_then(|days| days.parse::<u32>().ok()?.checked_mul(24));
    Some(hours.map_or(text, |hours| format!("{hours}h")))
}

/// The duration that was meant, with a unit.
fn with_unit(text: &str) -> Option<String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit.trim().to_lowercase().trim_end_matches('.') {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        "ms" | "msec" | "millis" | "milliseconds" => "ms",
        _ => return None,
    };
    (!number.is_empty()).then(|| format!("{number}{unit}"))
}

/// The value that was meant, as a question; nothing if none is close.
pub(super) fn meant(path: &str, value: Option<&Value>) -> Remedy {
    let pattern = pattern(path);
    if is_duration(path) {
        let meant = value.and_then(|value| meant_duration(path, value));
        return meant.map_or_else(Remedy::default, |meant| {
            Remedy::new(format!("write `{meant}`")).setting(path, meant)
        });
    }
    let providers: Vec<&str> = ROUTERS.iter().map(|router| router.name).collect();
    let known = match (LISTED.iter().find(|(path, _)| *path == pattern), pattern.as_str()) {
        (Some((_, known)), _) => known,
        (None, "spec.provider") => providers.as_slice(),
        (None, "spec.provider.type") => &MetricSystem::ALL.map(MetricSystem::name),
        (None, "spec.type") => &AlertSystem::ALL.map(AlertSystem::name),
        (None, _) => return Remedy::default(),
    };
    let value = match value {
        Some(Value::Array(items)) => items.iter().find(|item| !known.iter().any(|known| *item == known)),
        value => value,
    };
    let near = value.and_then(Value::as_str).and_then(|value| nearest(value, known.iter().copied()));
    let is_whole = matches!(value, Some(Value::String(_)));
    near.map_or_else(Remedy::default, |near| {
        let remedy = Remedy::new(format!("did you mean `{near}`?"));
        if is_whole { remedy.setting(path, near) } else { remedy }
    })
}

/// Values that the API server refuses although the core does not read them.
pub(super) fn refused_elsewhere(canary: &Value) -> impl Iterator<Item = Draft> {
    let of_references = Reference::ALL.into_iter().filter_map(|reference| {
        let (kind, _) = reference.object()?;
        Some((format!("{}.kind", reference.field()), vec![kind]))
    });
    let listed = ELSEWHERE.iter().map(|(field, known)| ((*field).to_owned(), known.to_vec()));
    listed.chain(of_references).filter_map(|(field, known)| {
        let value = canary.pointer(&pointer(&field))?.as_str()?;
        if value.is_empty() || known.contains(&value) {
            return None;
        }
        let what = format!("`{value}` is refused by the API server; known are {}", known.join(", "));
        let near = nearest(value, known.iter().copied());
        let remedy = near.map_or(Remedy::default(), |near| {
            Remedy::new(format!("did you mean `{near}`?")).setting(&field, near)
        });
        Some(Draft { code: Code::UnknownValue, field, what, remedy, offset: None })
    })
}

/// Fields that the API server or the Services require although the core does not.
pub(super) fn missing(canary: &Value, provider: &str) -> Vec<Draft> {
    let is_set = |pointer: &str| canary.pointer(pointer).is_some_and(|value| !value.is_null());
    let mut found = Vec::new();
    let mut needs = |pointer: &str, why: String, remedy: Remedy| {
        if !is_set(pointer) {
            let field = pointer.trim_start_matches('/').replace('/', ".");
            let what = format!("is missing: {why}");
            found.push(Draft { code: Code::MissingField, field, what, remedy, offset: None });
        }
    };
    if is_set("/spec/targetRef") {
        let why = "the API server requires it";
        let kind = canary.pointer("/spec/targetRef/kind").and_then(Value::as_str);
        let target = TARGETS.iter().find(|target| Some(target.kind) == kind).unwrap_or(&TARGETS[0]);
        let version = target.api_version;
        let remedy = Remedy::new(format!("write `apiVersion: {version}` for a {}", target.kind));
        let remedy = remedy.setting("spec.targetRef.apiVersion", version);
        needs("/spec/targetRef/apiVersion", why.into(), remedy);
    }
    // A Knative Service defines its own port.
    if provider != "knative" {
        let why = "without it there is no service to send requests to";
        needs("/spec/service/port", why.into(), "set the port of the service".into());
    }
    found
}
