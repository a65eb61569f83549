//! Skipper: a second Ingress next to the one that the user wrote, which takes its requests and divides them by weight.

use std::mem;

use serde_json::{Value, json};
use serin_core::command::{Routes, Split};

use super::{
    Router,
    ingress::{self, Copied, INGRESS},
    parts::{Shares, given_back},
};
use crate::{
    object::{
        Kind, Object,
        change::Change,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// Weights of the services of one path, as JSON.
const WEIGHTS: &str = "zalando.org/backend-weights";
/// What a request has to fulfil, besides host and path.
const PREDICATE: &str = "zalando.org/skipper-predicate";
/// Of the routes that fit, that of the second Ingress is taken.
const FIRST: &str = "Weight(100)";
/// Its routes are off: requests take those of the first.
const OFF: &str = "False()";

/// The provider `skipper`.
pub(super) struct Skipper;

impl Router for Skipper {
    fn kinds(&self) -> &[Kind] {
        &[INGRESS]
    }

    fn render(
        &self,
        subject: &Subject,
        split: &Split,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError> {
        let divide = |spec: &mut Value| divide(spec, subject);
        let Copied { mut object, original } = ingress::copy(subject, seen, divide)?;
        write(&mut object, subject, split.routes, original.annotation(PREDICATE));
        Ok(vec![object])
    }

    fn read(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        Ok(seen.find(&ingress::copy_key(subject)?)?.and_then(|object| routes(&object, subject)))
    }

    /// Nobody is sent through it any more; it goes with the Canary.
    fn revert(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        given_back(&ingress::copy_key(subject)?, seen, |object| {
            write(object, subject, Routes::PRIMARY, None);
            Ok(())
        })
    }
}

/// Leaves the paths to the apex service, each of them twice: to the primary and to the canary. How many there were.
fn divide(spec: &mut Value, subject: &Subject) -> usize {
    const NAME: &str = "/backend/service/name";
    let (primary, canary) = (subject.primary_service(), subject.canary_service());
    let both = |path: Value| {
        [&primary, &canary].map(|service| {
            let mut path = path.clone();
            path["backend"]["service"]["name"] = service.as_str().into();
            path
        })
    };
    let mut count = 0;
    if let Some(rules) = spec.get_mut("rules").and_then(Value::as_array_mut) {
        rules.retain_mut(|rule| {
            let Some(Value::Array(paths)) = rule.pointer_mut("/http/paths") else { return false };
            let to_apex = mem::take(paths)
                .into_iter()
                .filter(|path| path.pointer(NAME).is_some_and(|name| *name == subject.apex()));
            paths.extend(to_apex.flat_map(both));
            count += paths.len() / 2;
            !paths.is_empty()
        });
    }
    if let Some(spec) = spec.as_object_mut() {
        // It has no path whose services could have weights.
        spec.remove("defaultBackend");
    }
    count
}

/// Writes the annotations that are ours; `predicate` is what the first Ingress asks of a request.
fn write(object: &mut Object, subject: &Subject, routes: Routes, predicate: Option<&str>) {
    let weights = json!({subject.canary_service(): routes.canary, subject.primary_service(): routes.primary});
    object.set_annotation(WEIGHTS, &weights.to_string());
    let ours = if routes.canary > 0 { FIRST } else { OFF };
    let theirs = predicate.map(str::trim).filter(|predicate| !predicate.is_empty());
    let all = theirs.map_or_else(|| ours.to_owned(), |theirs| format!("{ours} && {theirs}"));
    object.set_annotation(PREDICATE, &all);
}

fn routes(object: &Object, subject: &Subject) -> Option<Routes> {
    let weights: Value = serde_json::from_str(object.annotation(WEIGHTS)?).ok()?;
    if object.annotation(PREDICATE).is_some_and(|predicate| predicate.trim_start().starts_with(OFF)) {
        return Some(Routes::PRIMARY);
    }
    let weights = weights.as_object()?.iter();
    Shares::of(subject, weights.map(|(name, weight)| (name.as_str(), weight.as_i64().unwrap_or(0)))).routes()
}
