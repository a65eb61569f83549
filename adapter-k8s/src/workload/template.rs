//! Pod templates: which parts of the target's are copied to the primary, and which parts distinguish revisions.

use serde_json::{Value, json};

use super::selector::Selector;
use crate::{
    object::{checksum, metadata},
    subject::Subject,
    workload::configs::Tracked,
};

/// Annotation of the primary's pods that changes with every promotion, so that each starts new pods.
const FLAGGER_ID: &str = "flagger-id";

/// Node selector that no node matches: a DaemonSet with it has no pods.
pub(super) const SCALE_TO_ZERO: &str = "flagger.app/scale-to-zero";

/// The primary's template from a target's, without the part that identifies the run.
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

/// Sets the run that gives the template its pods. A run has one name, so that a repeat starts no new pods.
pub(super) fn mark(subject: &Subject, template: &mut Value, run: u32) {
    let id = checksum::uuid(&[&subject.identity.uid, &run.to_string()]);
    template["metadata"]["annotations"][FLAGGER_ID] = id.into();
}

/// The parts that distinguish revisions, the same for a target that would be promoted and for a primary.
pub(super) fn checksum(template: &Value) -> String {
    checksum::of(&normal(template))
}

/// A template without the parts that do not affect what its pods run.
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

/// An empty map means the same as a missing one.
fn drop_empty(parent: &mut Value, parts: &[&str]) {
    let is_empty = |value: &Value| value.is_null() || value.as_object().is_some_and(|map| map.is_empty());
    if let Some(parent) = parent.as_object_mut() {
        parent.retain(|key, value| !(parts.contains(&key.as_str()) && is_empty(value)));
    }
}

/// Affinity and spread rules that refer to the target's pods refer to the primary's instead.
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
