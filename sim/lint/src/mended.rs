//! The warnings about a Canary that is refused: those that do not depend on its faults.

use serde_json::{Value, json};
use serin_core::{Rollout, provider::Reference, spec::Defaults, spec::raw};
use serin_input::manifest::{read_raw, typed::pointer};
use serin_policy::plan::Plan;

use super::{
    Draft,
    manifests::Files,
    warn::{self, Case},
};

/// Values may be wrong one after another; this is the maximum number that are removed.
const MOST_TRIES: usize = 4;

/// Fields that change the strategy: without one of them nothing is known about the others.
const STRATEGY: [&str; 8] = [
    "spec.analysis.iterations",
    "spec.analysis.maxWeight",
    "spec.analysis.stepWeight",
    "spec.analysis.stepWeights",
    "spec.analysis.match",
    "spec.analysis.mirror",
    "spec.analysis.mirrorWeight",
    "spec.analysis.stepWeightPromotion",
];

/// The warnings about a Canary without these fields. `canary` has its analysis under `spec.analysis`.
pub(super) fn warnings(
    mut canary: Value,
    mut left_out: Vec<String>,
    defaults: &Defaults,
    files: &Files<'_>,
) -> Vec<Draft> {
    for _ in 0..MOST_TRIES {
        let Ok(raw) = read_raw::<raw::Canary>(&canary) else { return Vec::new() };
        let problems = match Rollout::parse(&raw, defaults) {
            Err(invalid) => invalid.problems,
            Ok(rollout) => return of(&canary, &rollout, &left_out, files),
        };
        let before = left_out.len();
        left_out
            .extend(problems.into_iter().map(|problem| problem.path).filter(|path| mend(&mut canary, path)));
        if left_out.len() == before {
            return Vec::new();
        }
    }
    Vec::new()
}

fn of(canary: &Value, rollout: &Rollout, left_out: &[String], files: &Files<'_>) -> Vec<Draft> {
    let in_strategy = |field: &str| STRATEGY.iter().any(|name| field.starts_with(name));
    let is_planned = !left_out.iter().any(|field| in_strategy(field));
    let plan = Plan::of(rollout).filter(|_| is_planned);
    let mut told = warn::all(&Case { json: canary, rollout, plan: plan.as_ref(), files });
    told.retain(|told| {
        let depends = left_out.iter().any(|left_out| {
            left_out.starts_with(told.field.as_str()) || told.field.starts_with(left_out.as_str())
        });
        !depends && (is_planned || !in_strategy(&told.field))
    });
    told
}

/// Sets a required field to some value, and removes any other; whether it did.
fn mend(canary: &mut Value, path: &str) -> bool {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = if parent.is_empty() { String::new() } else { pointer(parent) };
    let Some(Value::Object(fields)) = canary.pointer_mut(&parent) else { return false };
    let needed = match path {
        "apiVersion" => json!("flagger.app/v1beta1"),
        "spec.targetRef" => json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "unnamed"}),
        "spec.targetRef.kind" => json!("Deployment"),
        "metadata.name" | "spec.targetRef.name" => json!("unnamed"),
        _ if name == "url" => json!("http://unnamed"),
        _ if name == "name" && path.contains('[') => json!("unnamed"),
        _ => match Reference::at(path) {
            Some(reference) => unnamed(reference),
            None => return fields.remove(name).is_some(),
        },
    };
    fields.insert(name.to_owned(), needed) != fields.get(name).cloned()
}

fn unnamed(reference: Reference) -> Value {
    let unnamed = json!({"name": "unnamed"});
    match reference {
        Reference::Gateways => json!([unnamed]),
        Reference::Ingress | Reference::Route | Reference::Upstream => unnamed,
    }
}
