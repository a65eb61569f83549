//! MetricTemplates and AlertProviders: what makes no sense in them.

use serde_json::Value;

use super::{Told, code::Code, fields::text};
use crate::input::unknown;

/// The metric providers there are.
pub(super) const METRIC_PROVIDERS: &[&str] = &[
    "prometheus",
    "influxdb",
    "datadog",
    "externalmetrics",
    "stackdriver",
    "cloudwatch",
    "newrelic",
    "graphite",
    "dynatrace",
    "keptn",
    "splunk",
];

/// The receivers of alerts there are.
pub(super) const ALERT_TYPES: &[&str] =
    &["slack", "msteams", "discord", "rocket", "gchat", "pagerduty", "webhook"];

/// What makes no sense in a MetricTemplate.
pub(super) fn metric_template(json: &Value) -> Vec<Told> {
    let mut found = named(json);
    let kind = text(json, "/spec/provider/type");
    if kind.is_empty() {
        found.push(required("spec.provider.type", "the kind of the metrics server, such as prometheus"));
    } else if !METRIC_PROVIDERS.contains(&kind) {
        found.push(refused("spec.provider.type", unknown("provider", kind, METRIC_PROVIDERS)));
    }
    if text(json, "/spec/query").trim().is_empty() {
        found.push(required("spec.query", "what is asked"));
    }
    let has = |pointer: &str| !text(json, pointer).is_empty();
    match kind {
        "prometheus" | "influxdb" | "graphite" | "dynatrace" | "splunk" if !has("/spec/provider/address") => {
            found.push(required("spec.provider.address", "the URL of the metrics server"));
        }
        "cloudwatch" if !has("/spec/provider/region") => {
            found.push(required("spec.provider.region", "the AWS region"));
        }
        "datadog" | "newrelic" | "dynatrace" | "splunk" if !has("/spec/provider/secretRef/name") => {
            found.push(required("spec.provider.secretRef.name", "the Secret with the keys of the provider"));
        }
        _ => {}
    }
    found
}

/// What makes no sense in an AlertProvider.
pub(super) fn alert_provider(json: &Value) -> Vec<Told> {
    let mut found = named(json);
    let kind = text(json, "/spec/type");
    if kind.is_empty() {
        found.push(required("spec.type", "the kind of the receiver, such as slack"));
    } else if !ALERT_TYPES.contains(&kind) {
        found.push(refused("spec.type", unknown("receiver", kind, ALERT_TYPES)));
    }
    let (address, secret) = (text(json, "/spec/address"), text(json, "/spec/secretRef/name"));
    match (address.is_empty(), secret.is_empty()) {
        (true, true) => found.push(required("spec.address", "an address, or a `secretRef` to one")),
        (false, false) => {
            found.push(refused("spec.secretRef", "stands next to `address`; give one of the two".into()));
        }
        (true, false) | (false, true) => {}
    }
    found
}

fn named(json: &Value) -> Vec<Told> {
    let mut found = Vec::new();
    if text(json, "/apiVersion") != "flagger.app/v1beta1" {
        found.push(refused("apiVersion", "must be flagger.app/v1beta1".into()));
    }
    if text(json, "/metadata/name").is_empty() {
        found.push(required("metadata.name", "the name of the object"));
    }
    found
}

fn required(field: &str, what: &str) -> Told {
    refused(field, format!("is required: {what}"))
}

fn refused(field: &str, what: String) -> Told {
    Told { code: Code::Refused, field: field.into(), what, remedy: String::new() }
}
