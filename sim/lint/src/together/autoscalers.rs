//! Autoscalers of a target that its Canary does not name.

use serde_json::Value;
use serin_input::manifest::{Remedy, fields::text};

use super::{Known, beside};
use crate::{
    Draft,
    code::Code,
    manifests::{Files, Object},
};

/// An autoscaler in the files that scales the target, and is not the Canary's.
pub(crate) fn autoscaler(canary: &Object, files: &Files<'_>) -> Option<Draft> {
    let json = &canary.json;
    let named = (text(json, "/spec/autoscalerRef/kind"), text(json, "/spec/autoscalerRef/name"));
    let found = beside(canary, files, Known::Autoscaler).filter(|other| scales(&other.json, json));
    let others: Vec<_> = found.map(|other| (text(&other.json, "/kind"), other.name(), &other.json)).collect();
    if others.iter().any(|(kind, name, _)| (*kind, *name) == named) {
        return None;
    }
    let (kind, name, other) = others.first()?;
    let what = match named {
        (_, "") => format!(
            "{kind} {name} scales the target, and no `autoscalerRef` names it: it scales the target up again after \
             each release, and the primary is not scaled"
        ),
        (_, named) => format!(
            "names {named}, but {kind} {name} scales the target: it scales the target up again after each release"
        ),
    };
    let version = text(other, "/apiVersion");
    Some(Draft {
        code: Code::AutoscalerNotNamed,
        field: "spec.autoscalerRef".into(),
        what,
        remedy: Remedy::new(format!(
            "write `autoscalerRef: {{apiVersion: {version}, kind: {kind}, name: {name}}}`"
        ))
        .setting("spec.autoscalerRef.apiVersion", version)
        .setting("spec.autoscalerRef.kind", *kind)
        .setting("spec.autoscalerRef.name", *name),
        offset: None,
    })
}

fn scales(autoscaler: &Value, canary: &Value) -> bool {
    let kind = match text(autoscaler, "/spec/scaleTargetRef/kind") {
        "" => "Deployment",
        kind => kind,
    };
    let name = text(autoscaler, "/spec/scaleTargetRef/name");
    !name.is_empty()
        && name == text(canary, "/spec/targetRef/name")
        && kind == text(canary, "/spec/targetRef/kind")
}
