//! Changes of a policy that make its wrong verdict rarer; each is tried before it is printed.

use std::time::Duration;

use serde_json::{Value, json};
use serin_core::time::Human;
use serin_input::edit::Edit;
use serin_simulator::scenario::Measure;

use super::{
    Answer, Figures, Question, TOO_OFTEN, TRIAL,
    case::{Case, analysis},
};

/// A change of the policy, and how often the verdict is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// The change in words, such as `raise threshold to 5`.
    pub change: String,
    /// The same as changes of the Canary.
    pub edits: Vec<Edit>,
    /// The chance of the wrong verdict then, 0 to 1.
    pub wrong: f64,
}

/// Of each kind the smallest change that makes the wrong verdict rare, or else the one that helps most.
pub(super) fn remedies(case: &Case, question: &Question<'_>, answer: &Answer) -> Vec<Remedy> {
    let is_good = answer.figures.is_good();
    let at = analysis(question.canary);
    let kinds = [thresholds(case, at, is_good), bounds(case, at, is_good), longer(case, at)];
    let mut remedies = Vec::new();
    for kind in kinds {
        let mut best: Option<Remedy> = None;
        for Change { change, edits } in kind {
            let Some(figures) = changed(question, &edits) else { continue };
            let wrong = if is_good { figures.rolled_back() } else { figures.promoted() };
            if best.as_ref().is_none_or(|best| wrong < best.wrong) {
                best = Some(Remedy { change, edits, wrong });
            }
            if wrong <= TOO_OFTEN {
                break;
            }
        }
        // A change that helps little is not a remedy.
        remedies.extend(best.filter(|best| best.wrong <= answer.wrong() / 2.0));
    }
    remedies
}

/// The change in words, and as edits.
struct Change {
    change: String,
    edits: Vec<Edit>,
}

/// The figures after some edits; `None` if the Canary is invalid with them.
pub(super) fn changed(question: &Question<'_>, edits: &[Edit]) -> Option<Figures> {
    let mut canary = question.canary.clone();
    for edit in edits {
        edit.apply(&mut canary)?;
    }
    let case = Case::of(&Question { canary: &canary, ..*question }).ok()?;
    Figures::of(&case.story, question.checks, TRIAL)
}

fn thresholds(case: &Case, at: &str, is_good: bool) -> Vec<Change> {
    const MORE: u32 = 5;
    let now = case.story.canary.policy().threshold;
    let change = |threshold: u32, verb: &str| Change {
        change: format!("{verb} threshold to {threshold}"),
        edits: vec![Edit::set(format!("{at}.threshold"), threshold)],
    };
    if is_good {
        (now + 1..=now + MORE).map(|threshold| change(threshold, "raise")).collect()
    } else {
        (now.saturating_sub(MORE).max(1)..now).rev().map(|threshold| change(threshold, "lower")).collect()
    }
}

/// The bound of the first metric that has one on the share of errors, raised or lowered.
fn bounds(case: &Case, at: &str, is_good: bool) -> Vec<Change> {
    let metrics = case.story.canary.metrics();
    let duration = Measure::duration(&case.story.canary);
    let mut bounds = metrics.iter().zip(&case.places).filter_map(|(metric, place)| {
        let measure = Measure::of(metric, duration).filter(|measure| !measure.is_latency())?;
        let (name, bound) =
            if measure.is_of_errors() { ("max", metric.bounds.max?) } else { ("min", metric.bounds.min?) };
        Some((metric.bounds, *place, name, bound))
    });
    let Some((range, place, name, bound)) = bounds.next() else { return Vec::new() };
    let factors = if is_good { [1.25, 1.5, 2.0] } else { [0.75, 0.5, 0.25] };
    let change = |factor: f64| {
        let new = if name == "min" { 100.0 - (100.0 - bound) * factor } else { bound * factor };
        let new = (new * 1e4).round() / 1e4;
        let verb = if new < bound { "lower" } else { "raise" };
        let (min, max) = if name == "min" { (Some(new), range.max) } else { (range.min, Some(new)) };
        let mut written = json!({});
        for (name, bound) in [("min", min), ("max", max)] {
            if let Some(bound) = bound {
                written[name] = bound.into();
            }
        }
        let path = format!("{at}.metrics[{place}].thresholdRange");
        Change { change: format!("{verb} {name} to {new}"), edits: vec![Edit::set(path, written)] }
    };
    factors.into_iter().map(change).collect()
}

/// Checks that see more requests: a longer interval, with windows of the same length.
fn longer(case: &Case, at: &str) -> Vec<Change> {
    /// A shorter window often has no value.
    const SHORTEST: Duration = Duration::from_secs(30);
    let now = case.story.canary.policy().interval.max(SHORTEST);
    let change = |times: u32| {
        let long = Human(now * times).to_string();
        let fields = case.places.iter().map(|place| format!("{at}.metrics[{place}].interval"));
        let fields = std::iter::once(format!("{at}.interval")).chain(fields);
        Change {
            change: format!("check every {long} with a window of the same length"),
            edits: fields.map(|path| Edit::set(path, Value::from(long.clone()))).collect(),
        }
    };
    [2, 3, 5].map(change).into()
}
