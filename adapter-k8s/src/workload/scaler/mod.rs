//! Autoscalers: the primary gets its own, and the target's is paused while the target has no pods.
//!
//! One file per kind.

pub(crate) mod hpa;
pub(crate) mod keda;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serin_core::spec::Autoscaler;

use crate::{
    object::{
        Key, Kind, Object, metadata,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// One kind of autoscaler.
pub(crate) trait Scaler: Sync {
    /// The kind.
    fn kind(&self) -> Kind;

    /// Makes the primary's autoscaler scale the primary as the target's scales the target.
    fn follow(&self, subject: &Subject, reference: &Autoscaler, target: &Object, primary: &mut Object);

    /// The fewest pods it allows.
    fn fewest(&self, target: &Object) -> Option<i64>;

    /// Pauses it, or resumes it; returns `false` if it cannot be paused.
    fn pause(&self, target: &mut Object, paused: bool) -> bool;
}

/// Every kind of autoscaler. To add one, write its file and a line here.
pub(crate) const SCALERS: &[&dyn Scaler] = &[&hpa::Hpa, &keda::Keda];

/// The wanted autoscaler of the primary; an existing one keeps its bounds. `None` if none is configured.
///
/// # Errors
/// The target's is missing or not known.
pub(crate) fn ensured(subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Object>, BuildError> {
    let Some((reference, scaler)) = of(subject)? else { return Ok(None) };
    let begun = metadata::begin(&primary_key(subject, scaler, reference), &subject.identity, seen)?;
    if begun.is_new { promoted(subject, seen) } else { Ok(Some(begun.object)) }
}

/// The same with the target's current bounds.
///
/// # Errors
/// The target's is missing or not known.
pub(crate) fn promoted(subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Object>, BuildError> {
    let Some((reference, scaler)) = of(subject)? else { return Ok(None) };
    let key = subject.key(scaler.kind(), &reference.name);
    let target = seen.find(&key)?.ok_or_else(|| {
        BuildError::refused(format!(
            "{key} does not exist, but spec.autoscalerRef of Canary {} names it: create it, or remove the reference",
            subject.display(),
        ))
    })?;
    let mut begun = metadata::begin(&primary_key(subject, scaler, reference), &subject.identity, seen)?;
    scaler.follow(subject, reference, &target, &mut begun.object);
    Ok(Some(begun.object))
}

/// The minimum of the target's autoscaler, at least 1; `None` if none is configured.
///
/// # Errors
/// It is not known.
pub(crate) fn fewest(subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<u32>, BuildError> {
    let Some((reference, scaler)) = of(subject)? else { return Ok(None) };
    let target = seen.find(&subject.key(scaler.kind(), &reference.name))?;
    let fewest = target.and_then(|target| scaler.fewest(&target)).unwrap_or(1);
    Ok(Some(u32::try_from(fewest).unwrap_or(1).max(1)))
}

/// The target's autoscaler, paused or active; `None` if there is none that can be paused.
///
/// # Errors
/// It is not known.
pub(crate) fn paused(
    subject: &Subject,
    paused: bool,
    seen: &dyn ObjectReader,
) -> Result<Option<Object>, BuildError> {
    let Some((reference, scaler)) = of(subject)? else { return Ok(None) };
    let Some(target) = seen.find(&subject.key(scaler.kind(), &reference.name))? else { return Ok(None) };
    let mut target = Arc::unwrap_or_clone(target);
    Ok(scaler.pause(&mut target, paused).then_some(target))
}

fn primary_key(subject: &Subject, scaler: &dyn Scaler, reference: &Autoscaler) -> Key {
    subject.key(scaler.kind(), &format!("{}-primary", reference.name))
}

/// The autoscaler the Canary names, and its kind.
fn of(subject: &Subject) -> Result<Option<(&Autoscaler, &'static dyn Scaler)>, BuildError> {
    let Some(reference) = &subject.setup.autoscaler else { return Ok(None) };
    match SCALERS.iter().find(|scaler| scaler.kind().kind == &*reference.kind) {
        Some(scaler) => Ok(Some((reference, *scaler))),
        None => Err(BuildError::refused(format!(
            "Canary {}: spec.autoscalerRef.kind is {:?}, expected HorizontalPodAutoscaler or ScaledObject",
            subject.display(),
            reference.kind,
        ))),
    }
}
