//! A second Ingress next to the one that the user wrote, for routers that release through one.

use std::sync::Arc;

use serde_json::Value;
use serin_core::provider::Reference;

use super::{copies, parts::missing};
use crate::{
    object::{
        Key, Kind, Object,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// Requests from outside the cluster.
pub(crate) const INGRESS: Kind = Kind::of(&Kind::names("networking.k8s.io", "v1", "Ingress", "ingresses"));

/// Names the second Ingress.
///
/// # Errors
/// The manifest no longer names the first.
pub(super) fn copy_key(subject: &Subject) -> Result<Key, BuildError> {
    Ok(subject.key(INGRESS, &format!("{}-canary", name(subject)?)))
}

/// Two Ingresses.
pub(super) struct Copied {
    /// The second, as the first is now but for its backends.
    pub(super) object: Object,
    /// The first, which the user wrote.
    pub(super) original: Arc<Object>,
}

/// The second Ingress, as the first is now. `point` changes the backends of the apex service in its spec, and says how many
/// there were.
///
/// # Errors
/// What stands there is not known, or there is no such Ingress, or none with a backend that can be changed.
pub(super) fn copy(
    subject: &Subject,
    seen: &dyn ObjectReader,
    point: impl FnOnce(&mut Value) -> usize,
) -> Result<Copied, BuildError> {
    let name = name(subject)?;
    let original = copies::original(&subject.key(INGRESS, name), "spec.ingressRef.name", seen)?;
    let mut spec = original.at("/spec").cloned().unwrap_or_default();
    if point(&mut spec) == 0 {
        let apex = subject.apex();
        return Err(BuildError::refused(format!("Ingress {name}: has no backend service {apex} to release")));
    }
    let object = copies::copy(&copy_key(subject)?, &original, spec, subject, seen)?;
    Ok(Copied { object, original })
}

fn name(subject: &Subject) -> Result<&str, BuildError> {
    subject.routing().ingress.as_deref().ok_or_else(|| missing(Reference::Ingress, subject))
}
