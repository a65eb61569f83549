//! Changes of a policy that make its wrong verdict rarer; each is tried before it is told.

use serde_json::{Value, json};
use serin_core::time::Human;

use super::{
    Exact, of,
    words::{Answer, Question, TOO_OFTEN, analysis, scenario},
};
use crate::{
    input::InputError,
    scenario::{Measure, Scenario},
};

/// A change of the policy, and how often the verdict is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// What to do, such as `raise threshold to 5`.
    pub change: String,
    /// The chance of the wrong verdict then, 0 to 1.
    pub wrong: f64,
}

/// The least change of each kind that makes the wrong verdict rare, or else the one that helps most.
pub(super) fn remedies(
    canary: &Value,
    question: &Question<'_>,
    answer: &Answer,
) -> Result<Vec<Remedy>, InputError> {
    let story = scenario(canary, question)?;
    let is_good = answer.is_good();
    let kinds = [thresholds(&story, is_good), bounds(&story, is_good), longer(&story)];
    let mut remedies = Vec::new();
    for kind in kinds {
        let mut best: Option<Remedy> = None;
        for Change { change, sets } in kind {
            let Some(exact) = changed(canary, question, &sets) else { continue };
            let wrong = if is_good { exact.rolled_back } else { exact.promoted };
            if best.as_ref().is_none_or(|best| wrong < best.wrong) {
                best = Some(Remedy { change, wrong });
            }
            if wrong <= TOO_OFTEN {
                break;
            }
        }
        // What helps little is no remedy.
        remedies.extend(best.filter(|best| best.wrong <= answer.wrong() / 2.0));
    }
    Ok(remedies)
}

/// Fields of the analysis and the values they get; a metric's field by its place.
struct Change {
    change: String,
    sets: Vec<(Option<usize>, &'static str, Value)>,
}

fn changed(canary: &Value, question: &Question<'_>, sets: &[(Option<usize>, &str, Value)]) -> Option<Exact> {
    let mut canary = canary.clone();
    let analysis = analysis(&mut canary)?;
    for (metric, field, value) in sets {
        let object = match metric {
            None => &mut *analysis,
            Some(place) => analysis.get_mut("metrics")?.get_mut(place)?,
        };
        object.as_object_mut()?.insert((*field).into(), value.clone());
    }
    of(&scenario(&canary, question).ok()?).ok()
}

fn thresholds(story: &Scenario, is_good: bool) -> Vec<Change> {
    const MORE: u32 = 5;
    let now = story.canary.policy().threshold;
    let change = |threshold: u32, verb: &str| Change {
        change: format!("{verb} threshold to {threshold}"),
        sets: vec![(None, "threshold", threshold.into())],
    };
    if is_good {
        (now + 1..=now + MORE).map(|threshold| change(threshold, "raise")).collect()
    } else {
        (now.saturating_sub(MORE).max(1)..now).rev().map(|threshold| change(threshold, "lower")).collect()
    }
}

/// The bound of the first metric that has one on the share of errors: more or fewer of them.
fn bounds(story: &Scenario, is_good: bool) -> Vec<Change> {
    let duration = Measure::duration(&story.canary.shape().provider);
    let metrics = story.canary.metrics().iter().enumerate();
    let mut bounds = metrics.filter_map(|(place, metric)| match Measure::of(metric, duration)? {
        Measure::SuccessRate => Some((place, "min", metric.bounds.min?)),
        Measure::ErrorRate => Some((place, "max", metric.bounds.max?)),
        Measure::LatencyP50 | Measure::LatencyP95 | Measure::LatencyP99 | Measure::LatencyAverage => None,
    });
    let Some((place, name, bound)) = bounds.next() else { return Vec::new() };
    let factors = if is_good { [1.25, 1.5, 2.0] } else { [0.75, 0.5, 0.25] };
    let change = |factor: f64| {
        let new = if name == "min" { 100.0 - (100.0 - bound) * factor } else { bound * factor };
        let new = (new * 1e4).round() / 1e4;
        let verb = if new < bound { "lower" } else { "raise" };
        let range = story.canary.metrics()[place].bounds;
        let (min, max) = if name == "min" { (Some(new), range.max) } else { (range.min, Some(new)) };
        let mut written = json!({});
        for (name, bound) in [("min", min), ("max", max)] {
            if let Some(bound) = bound {
                written[name] = bound.into();
            }
        }
        Change {
            change: format!("{verb} {name} to {new}"),
            sets: vec![(Some(place), "thresholdRange", written)],
        }
    };
    factors.into_iter().map(change).collect()
}

/// Checks that see more requests: a longer interval, with windows as long.
fn longer(story: &Scenario) -> Vec<Change> {
    let now = story.canary.policy().interval;
    let change = |times: u32| {
        let long = Human(now * times).to_string();
        let windows = (0..story.canary.metrics().len())
            .map(|place| (Some(place), "interval", Value::from(long.clone())));
        Change {
            change: format!("check every {long} over as long a window"),
            sets: [(None, "interval", long.clone().into())].into_iter().chain(windows).collect(),
        }
    };
    [2, 3, 5].map(change).into()
}
