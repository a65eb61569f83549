//! HorizontalPodAutoscalers. They ignore a target with 0 pods, so they need not be paused.

use serde_json::Value;
use serin_core::spec::Autoscaler;

use super::Scaler;
use crate::{
    object::{Kind, Object, metadata},
    subject::Subject,
};

/// HorizontalPodAutoscalers.
pub(crate) const HORIZONTAL_POD_AUTOSCALER: Kind =
    Kind::of(&Kind::names("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"));

pub(super) struct Hpa;

impl Scaler for Hpa {
    fn kind(&self) -> Kind {
        HORIZONTAL_POD_AUTOSCALER
    }

    fn follow(&self, subject: &Subject, reference: &Autoscaler, target: &Object, primary: &mut Object) {
        metadata::copy_labels(primary, target);
        let mut scaled = target.at("/spec/scaleTargetRef").cloned().unwrap_or_default();
        scaled["name"] = subject.primary().into();
        primary.set("/spec/scaleTargetRef", scaled);
        for field in ["metrics", "behavior"] {
            let at = format!("/spec/{field}");
            primary.set_or_remove(&at, target.at(&at).cloned());
        }
        let bounds = &reference.primary_replicas;
        for (field, bound) in [("minReplicas", bounds.min_replicas), ("maxReplicas", bounds.max_replicas)] {
            let at = format!("/spec/{field}");
            primary.set_or_remove(&at, bound.map(Value::from).or_else(|| target.at(&at).cloned()));
        }
    }

    fn fewest(&self, target: &Object) -> Option<i64> {
        target.number("/spec/minReplicas")
    }

    fn pause(&self, _target: &mut Object, _paused: bool) -> bool {
        false
    }
}
