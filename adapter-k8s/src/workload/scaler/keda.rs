//! KEDA's ScaledObjects. They would scale a target with 0 pods up again, so an annotation pauses them.

use std::collections::BTreeMap;

use serde_json::Value;
use serin_core::spec::Autoscaler;

use super::Scaler;
use crate::{
    object::{Kind, Object, metadata},
    subject::Subject,
};

/// ScaledObjects.
pub(crate) const SCALED_OBJECT: Kind =
    Kind::of(&Kind::names("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"));

const PAUSED: &str = "autoscaling.keda.sh/paused-replicas";

pub(super) struct Keda;

impl Scaler for Keda {
    fn kind(&self) -> Kind {
        SCALED_OBJECT
    }

    fn follow(&self, subject: &Subject, reference: &Autoscaler, target: &Object, primary: &mut Object) {
        metadata::copy_labels(primary, target);
        copy_annotations(primary, target);
        let mut spec = target.at("/spec").cloned().unwrap_or_default();
        spec["scaleTargetRef"]["name"] = subject.primary().into();
        let bounds = &reference.primary_replicas;
        for (field, bound) in
            [("minReplicaCount", bounds.min_replicas), ("maxReplicaCount", bounds.max_replicas)]
        {
            if let Some(bound) = bound {
                spec[field] = bound.into();
            }
        }
        if let Some(Value::String(name)) = spec.pointer_mut("/advanced/horizontalPodAutoscalerConfig/name")
            && !name.is_empty()
        {
            // Two autoscalers cannot have one name.
            name.push_str("-primary");
        }
        let triggers = spec.pointer_mut("/triggers").and_then(Value::as_array_mut);
        for trigger in triggers.into_iter().flatten() {
            ask_for_primary(subject, reference, trigger);
        }
        primary.set("/spec", spec);
    }

    fn fewest(&self, target: &Object) -> Option<i64> {
        target.number("/spec/minReplicaCount")
    }

    fn pause(&self, target: &mut Object, paused: bool) -> bool {
        if paused {
            target.set_annotation(PAUSED, "0");
        } else {
            target.remove_annotation(PAUSED);
        }
        true
    }
}

/// Copies all annotations except those that pause an autoscaler: Serin pauses the target's, and people pause the
/// primary's.
fn copy_annotations(primary: &mut Object, target: &Object) {
    let stops = |object: &Object| -> BTreeMap<String, String> {
        let stops = object.annotations().filter(|(key, _)| key.starts_with("autoscaling.keda.sh/paused"));
        stops.map(|(key, value)| (key.into(), value.into())).collect()
    };
    let (of_primary, of_target) = (stops(primary), stops(target));
    metadata::copy_annotations(primary, target);
    of_target.keys().for_each(|key| primary.remove_annotation(key));
    of_primary.iter().for_each(|(key, value)| primary.set_annotation(key, value));
}

/// The query of a trigger: the one given for the primary, or else the target's with the primary's name in it.
fn ask_for_primary(subject: &Subject, reference: &Autoscaler, trigger: &mut Value) {
    let given = &reference.primary_queries;
    if !given.is_empty() {
        let query = trigger["name"].as_str().and_then(|name| given.get(name));
        if let Some(query) = query {
            trigger["metadata"]["query"] = query.as_str().into();
        }
        return;
    }
    if let Some(Value::String(query)) = trigger.pointer_mut("/metadata/query") {
        *query = of_primary(query, subject.target());
    }
}

/// `<target>` and `<target>-canary` become `<target>-primary`.
fn of_primary(query: &str, target: &str) -> String {
    if target.is_empty() {
        return query.into();
    }
    let mut parts = query.split(target);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(target);
        text.push_str("-primary");
        text.push_str(part.strip_prefix("-canary").or_else(|| part.strip_prefix("-primary")).unwrap_or(part));
    }
    text
}
