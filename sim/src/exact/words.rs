//! What a policy will do to one release, in words, and what would help: each remedy is tried before it is told.

use std::{fmt, path::Path};

use serde_json::{Value, json};
use serin_core::{
    Rollout,
    spec::{Defaults, Metric},
    time::Human,
};

use super::{Exact, NotExact, of};
use crate::{
    input::InputError,
    scenario::{self, Measure, Scenario},
};

/// A release and the traffic it meets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question<'a> {
    /// The Canary, as it is written.
    pub canary: &'a Value,
    /// Requests per second of all users together.
    pub rps: f64,
    /// The share of requests that fail in the new version, 0 to 1.
    pub errors: f64,
}

/// What becomes of the release. Shows itself as one sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The numbers.
    pub exact: Exact,
    /// What would make the wrong verdict rarer, the least change of each kind that does.
    pub remedies: Vec<Remedy>,
    /// Metrics that are taken to pass, since nobody knows what they measure.
    pub left_out: Vec<String>,
}

/// A change of the policy, and how often the verdict is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// What to do, such as `raise threshold to 5`.
    pub change: String,
    /// The chance of the wrong verdict then, 0 to 1.
    pub wrong: f64,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The Canary makes no sense.
    #[error(transparent)]
    Input(#[from] InputError),
    /// It can only be estimated.
    #[error(transparent)]
    NotExact(#[from] NotExact),
}

/// A wrong verdict in more rollouts than this is worth a remedy, and one that brings it down to this is enough.
const TOO_OFTEN: f64 = 0.05;

/// Computes what the policy does to the release, and what would help where that is wrong too often.
///
/// # Errors
/// A Canary that makes no sense, or one whose checks can only be estimated.
pub fn words(question: &Question<'_>) -> Result<Answer, Unanswered> {
    let (canary, left_out) = known(question.canary);
    let exact = of(&scenario(&canary, question)?)?;
    let mut answer = Answer { exact, remedies: Vec::new(), left_out };
    if answer.wrong() > TOO_OFTEN {
        answer.remedies = remedies(&canary, question, &answer)?;
    }
    Ok(answer)
}

impl Answer {
    /// The chance of the wrong verdict: a rollback of a good release, a promotion of a bad one.
    #[must_use]
    pub fn wrong(&self) -> f64 {
        if self.is_good() { self.exact.rolled_back } else { self.exact.promoted }
    }

    fn is_good(&self) -> bool {
        self.exact.good != Some(false)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_good, exact) = (self.is_good(), &self.exact);
        if self.wrong() > TOO_OFTEN {
            let wrong = if is_good { "rolls back a healthy" } else { "promotes a bad" };
            write!(f, "{wrong} release in {} rollouts", OfHundred(self.wrong()))?;
        } else {
            let (right, chance, times) = if is_good {
                ("promotes a healthy", exact.promoted, &exact.to_promote)
            } else {
                ("rolls back a bad", exact.rolled_back, &exact.to_roll_back)
            };
            write!(f, "{right} release in {} rollouts", OfHundred(chance))?;
            if let Some(half) = times.percentile(50) {
                write!(f, ", half of them within {}", Human(half))?;
            }
        }
        for (place, remedy) in self.remedies.iter().enumerate() {
            let lead = if place == 0 { "; " } else { " or " };
            write!(f, "{lead}{} ({})", remedy.change, OfHundred(remedy.wrong))?;
        }
        if !self.left_out.is_empty() {
            write!(f, "; not counting {}", self.left_out.join(", "))?;
        }
        Ok(())
    }
}

/// A share as people say it.
struct OfHundred(f64);

impl fmt::Display for OfHundred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(share) = *self;
        match share {
            _ if share >= 0.9999 => f.write_str("all"),
            _ if share > 0.99 => f.write_str("more than 99 of 100"),
            _ if share < 0.01 => f.write_str("fewer than 1 of 100"),
            _ => write!(f, "{:.0} of 100", 100.0 * share),
        }
    }
}

/// The Canary without metrics that nobody knows, and their names.
fn known(canary: &Value) -> (Value, Vec<String>) {
    let mut canary = canary.clone();
    if let Some(canary) = canary.as_object_mut() {
        canary.remove("status");
    }
    let rollout = scenario::read_raw(&canary).ok();
    let rollout = rollout.and_then(|raw| Rollout::parse(&raw, &Defaults::default()).ok());
    let is_unknown = |metric: &&Metric| Measure::of(metric).is_none();
    let metrics = rollout.iter().flat_map(|rollout| rollout.metrics().iter().filter(is_unknown));
    let unknown: Vec<String> = metrics.map(|metric| metric.name.to_string()).collect();
    if let Some(metrics) =
        analysis(&mut canary).and_then(|analysis| analysis.get_mut("metrics")?.as_array_mut())
    {
        let is_known = |metric: &Value| {
            metric
                .get("name")
                .and_then(Value::as_str)
                .is_none_or(|name| !unknown.iter().any(|other| other == name))
        };
        metrics.retain(is_known);
    }
    (canary, unknown)
}

fn analysis(canary: &mut Value) -> Option<&mut Value> {
    let spec = canary.get_mut("spec")?;
    let name = if spec.get("canaryAnalysis").is_some() { "canaryAnalysis" } else { "analysis" };
    spec.get_mut(name)
}

/// The release as a story.
fn scenario(canary: &Value, question: &Question<'_>) -> Result<Scenario, InputError> {
    let errors = format!("{}%", (question.errors * 1e10).round() / 1e8);
    let story = json!({
        "scenario": "a release",
        "canary": canary,
        "status": {"phase": "Initialized"},
        "world": {"traffic": {"rps": question.rps}, "versions": {"v2": {"errors": errors}}},
        "events": [{"at": "1m", "deploy": "v2"}],
        "until": "30d",
    });
    scenario::parse(&story.to_string(), Path::new("canary"))
}

/// The least change of each kind that makes the wrong verdict rare, or else the one that helps most.
fn remedies(canary: &Value, question: &Question<'_>, answer: &Answer) -> Result<Vec<Remedy>, InputError> {
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
    let metrics = story.canary.metrics().iter().enumerate();
    let mut bounds = metrics.filter_map(|(place, metric)| match Measure::of(metric)? {
        Measure::SuccessRate => Some((place, "min", metric.bounds.min?)),
        Measure::ErrorRate => Some((place, "max", metric.bounds.max?)),
        Measure::LatencyP50 | Measure::LatencyP95 | Measure::LatencyP99 => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(analysis: Value) -> Value {
        json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop"},
            "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
                "service": {"port": 80},
                "analysis": analysis,
            },
        })
    }

    fn ask(analysis: Value, rps: f64, errors: f64) -> Result<Answer, Unanswered> {
        words(&Question { canary: &canary(analysis), rps, errors })
    }

    fn usual() -> Value {
        json!({
            "interval": "1m", "threshold": 2, "stepWeight": 10, "maxWeight": 50,
            "metrics": [{"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"}],
        })
    }

    #[test]
    fn a_policy_that_is_too_strict_is_told_with_remedies() {
        let answer = ask(usual(), 50.0, 0.008).unwrap();
        assert!(answer.exact.good == Some(true) && answer.wrong() > 0.3);
        let shown = answer.to_string();
        insta::assert_snapshot!(shown);
        assert!(answer.remedies.iter().all(|remedy| remedy.wrong < answer.wrong() / 2.0));
    }

    #[test]
    fn a_policy_that_sees_too_little_is_told() {
        insta::assert_snapshot!(ask(usual(), 2.0, 0.012).unwrap());
    }

    #[test]
    fn a_policy_that_works_is_told_with_its_time() {
        insta::assert_snapshot!(ask(usual(), 50.0, 0.0001).unwrap());
        insta::assert_snapshot!(ask(usual(), 50.0, 0.2).unwrap());
    }

    #[test]
    fn metrics_that_nobody_knows_are_left_out() {
        let mut analysis = usual();
        analysis["metrics"].as_array_mut().unwrap().push(json!({"name": "orders", "query": "sum(orders)"}));
        assert_eq!(ask(analysis, 50.0, 0.0001).unwrap().left_out, ["orders"]);
    }

    #[test]
    fn what_cannot_be_computed_says_why() {
        let mut analysis = usual();
        analysis["interval"] = "30s".into();
        let why = ask(analysis, 50.0, 0.008).unwrap_err().to_string();
        assert_eq!(
            why,
            "the window of request-success-rate, 1m, reaches back behind the check before, 30s earlier"
        );
        assert!(matches!(ask(json!({"stepWeight": 101}), 1.0, 0.0), Err(Unanswered::Input(_))));
    }
}
