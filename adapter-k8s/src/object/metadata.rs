//! Labels and annotations of the objects that Serin makes: the copied ones, and those that mark them as ours.

use std::sync::Arc;

use serin_core::spec::Identity;

use crate::object::{
    Key, Object, owners,
    reader::{BuildError, ObjectReader},
};

/// Label of every object that Serin made, with its value; people can select by it.
pub(crate) const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "flagger");

/// Annotations that keep GitOps tools from reverting an object.
pub(crate) const HANDS_OFF: [(&str, &str); 2] = [
    ("helm.toolkit.fluxcd.io/driftDetection", "disabled"),
    ("kustomize.toolkit.fluxcd.io/reconcile", "disabled"),
];

/// The annotation in which kubectl keeps the applied object.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What Flux writes on the objects that it applies; Flux would treat a copy with it as its own object.
pub(crate) fn is_of_flux(key: &str) -> bool {
    key.contains("toolkit.fluxcd.io")
}

/// Annotations that belong to one object and are never copied.
fn is_its_own(key: &str) -> bool {
    is_of_flux(key)
        || matches!(
            key,
            LAST_APPLIED | "deployment.kubernetes.io/revision" | "deprecated.daemonset.template.generation"
        )
}

/// An object that is to be written.
pub(crate) struct Begun {
    /// The existing object, or a new one.
    pub(crate) object: Object,
    /// There is none yet.
    pub(crate) is_new: bool,
    /// Serin made it, or is about to: this Canary controls it.
    pub(crate) is_ours: bool,
}

/// The existing object, to be changed, or a new one. It is marked as ours, unless another program made it.
///
/// # Errors
/// It is not known.
pub(crate) fn begin(key: &Key, canary: &Identity, seen: &dyn ObjectReader) -> Result<Begun, BuildError> {
    let there = seen.find(key)?;
    let is_new = there.is_none();
    let mut object = there.map_or_else(|| Object::new(key), Arc::unwrap_or_clone);
    let is_ours = is_new || owners::is_controlled(&object, canary);
    if is_ours {
        owners::take(&mut object, canary);
        object.set_label(MANAGED_BY.0, MANAGED_BY.1);
    }
    Ok(Begun { object, is_new, is_ours })
}

/// Keeps GitOps tools from reverting an object.
pub(crate) fn set_hands_off(object: &mut Object) {
    for (key, value) in HANDS_OFF {
        object.set_annotation(key, value);
    }
}

/// Copies labels that begin with one of `prefixes`; `*` means all of them. None is removed.
pub(crate) fn include_labels(object: &mut Object, from: &Object, prefixes: &[String]) {
    for (key, value) in from.labels().filter(|(key, _)| is_included(key, prefixes) && *key != MANAGED_BY.0) {
        object.set_label(key, value);
    }
}

fn is_included(key: &str, prefixes: &[String]) -> bool {
    !is_its_own(key) && prefixes.iter().any(|prefix| prefix == "*" || key.starts_with(prefix.as_str()))
}

/// Copies all labels that two objects can share.
pub(crate) fn copy_labels(object: &mut Object, from: &Object) {
    include_labels(object, from, &["*".into()]);
}

/// Copies all annotations that two objects can share. None is removed.
pub(crate) fn copy_annotations(object: &mut Object, from: &Object) {
    for (key, value) in from.annotations().filter(|(key, _)| !is_its_own(key)) {
        object.set_annotation(key, value);
    }
}
