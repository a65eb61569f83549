//! Pod templates: what of the target's becomes the primary's, and what tells one revision from another.

use serde_json::{Value, json};

use super::selector::Selector;
use crate::{
    object::{checksum, metadata},
    subject::Subject,
    workload::configs::Tracked,
};

/// Annotation of the primary's pods that changes with every promotion, so that each starts new pods.
const FLAGGER_ID: &str = "flagger-id";

/// Node selector that no node answers to: a DaemonSet with it has no pods.
pub(super) const SCALE_TO_ZERO: &str = "flagger.app/scale-to-zero";

/// A target's template as the primary is to have it, without what names the run.
pub(super) fn promoted(
    subject: &Subject,
    template: &Value,
    selector: &Selector,
    tracked: &Tracked,
    spreads: bool,
) -> Value {
    let mut template = normal(template);
    selector.put_on_primary(&mut template["metadata"]["labels"]);
    tracked.rename_in(&mut template);
    if spreads {
        spread_primary(subject, selector, &mut template);
    }
    template
}

/// Names the run that gives the template its pods. A run has one name, so that a repeat starts no new pods.
pub(super) fn mark(subject: &Subject, template: &mut Value, run: u32) {
    let id = checksum::uuid(&[&subject.identity.uid, &run.to_string()]);
    template["metadata"]["annotations"][FLAGGER_ID] = id.into();
}

/// What tells one revision from another, whether it is a target's that would be promoted or a primary's.
pub(super) fn checksum(template: &Value) -> String {
    checksum::of(&normal(template))
}

/// A template without what says nothing about what its pods run.
fn normal(template: &Value) -> Value {
    let mut template = template.clone();
    if !template.is_object() {
        template = json!({});
    }
    if !template["metadata"].is_object() {
        template["metadata"] = json!({});
    }
    drop_keys(&mut template["metadata"], |key| key == "creationTimestamp");
    for part in ["labels", "annotations"] {
        drop_keys(&mut template["metadata"][part], |key| metadata::is_of_flux(key) || key == FLAGGER_ID);
    }
    drop_keys(&mut template["spec"]["nodeSelector"], |key| key == SCALE_TO_ZERO);
    drop_empty(&mut template["metadata"], &["labels", "annotations"]);
    drop_empty(&mut template["spec"], &["nodeSelector"]);
    template
}

fn drop_keys(map: &mut Value, unwanted: impl Fn(&str) -> bool) {
    if let Some(map) = map.as_object_mut() {
        map.retain(|key, _| !unwanted(key));
    }
}

/// An empty map says no more than a missing one.
fn drop_empty(parent: &mut Value, parts: &[&str]) {
    let is_empty = |value: &Value| value.is_null() || value.as_object().is_some_and(|map| map.is_empty());
    if let Some(parent) = parent.as_object_mut() {
        parent.retain(|key, value| !(parts.contains(&key.as_str()) && is_empty(value)));
    }
}

/// Pods that keep apart from the target's pods, or spread evenly with them, do so with the primary's instead.
fn spread_primary(subject: &Subject, selector: &Selector, template: &mut Value) {
    let labels = &subject.settings.selector_labels;
    let labels: Vec<&String> = labels.iter().chain(selector.keys()).collect();
    let anti_affinity = "/spec/affinity/podAntiAffinity";
    let lists = [
        ("/spec/topologySpreadConstraints".to_owned(), "/labelSelector"),
        (
            format!("{anti_affinity}/preferredDuringSchedulingIgnoredDuringExecution"),
            "/podAffinityTerm/labelSelector",
        ),
        (format!("{anti_affinity}/requiredDuringSchedulingIgnoredDuringExecution"), "/labelSelector"),
    ];
    for (list, selector) in lists {
        let items = template.pointer_mut(&list).and_then(Value::as_array_mut).into_iter().flatten();
        for selector in items.filter_map(|item| item.pointer_mut(selector)) {
            select_primary(subject, &labels, selector);
        }
    }
}

fn select_primary(subject: &Subject, labels: &[&String], selector: &mut Value) {
    let rename = |value: &mut Value| {
        if *value == subject.target() {
            *value = subject.primary().into();
        }
    };
    for label in labels {
        selector.pointer_mut("/matchLabels").and_then(|map| map.get_mut(*label)).into_iter().for_each(rename);
    }
    let expressions = selector.pointer_mut("/matchExpressions").and_then(Value::as_array_mut);
    for expression in expressions.into_iter().flatten() {
        if labels.iter().any(|label| expression["key"] == ***label) {
            let values = expression.pointer_mut("/values").and_then(Value::as_array_mut);
            values.into_iter().flatten().for_each(rename);
        }
    }
}
