//! What a policy will do to one release, in words, and what would help: each remedy is tried before it is told.

use std::{fmt, path::Path};

use serde_json::{Value, json};
use serin_core::{
    Rollout,
    spec::{Defaults, Metric},
    time::Human,
};

use super::{
    Exact, NotExact, of,
    remedies::{Remedy, remedies},
};
use crate::{
    input::InputError,
    scenario::{self, Measure, Range, Scenario, Share},
};

/// A Canary and a release of it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The Canary, as it is written.
    pub canary: &'a Value,
    /// What the controller adds to it.
    pub defaults: &'a Defaults,
    /// The release.
    pub release: Release,
}

/// A release and the traffic it meets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Release {
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
    /// Whether any metric with a bound can tell a good release from a bad one.
    pub is_measured: bool,
    /// What would make the wrong verdict rarer, the least change of each kind that does.
    pub remedies: Vec<Remedy>,
    /// Metrics that are taken to pass, since nobody knows what they measure.
    pub left_out: Vec<String>,
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
pub(super) const TOO_OFTEN: f64 = 0.05;

/// Computes what the policy does to the release, and what would help where that is wrong too often.
///
/// # Errors
/// A Canary that makes no sense, or one whose checks can only be estimated.
pub fn words(question: &Question<'_>) -> Result<Answer, Unanswered> {
    let known = known(question);
    let exact = of(&scenario(&known.canary, question)?)?;
    let mut answer =
        Answer { exact, is_measured: known.is_measured, remedies: Vec::new(), left_out: known.left_out };
    if answer.wrong() > TOO_OFTEN {
        answer.remedies = remedies(&known.canary, question, &answer)?;
    }
    Ok(answer)
}

impl Answer {
    /// The chance of the wrong verdict: a rollback of a good release, a promotion of a bad one.
    #[must_use]
    pub fn wrong(&self) -> f64 {
        if self.is_good() { self.exact.rolled_back } else { self.exact.promoted }
    }

    pub(super) fn is_good(&self) -> bool {
        self.exact.good != Some(false)
    }

    fn kind(&self) -> &'static str {
        match (self.is_measured, self.is_good()) {
            (false, _) => "any",
            (true, true) => "a healthy",
            (true, false) => "a bad",
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, exact) = (self.kind(), &self.exact);
        let is_right = self.wrong() <= TOO_OFTEN;
        let (verb, chance, times) = if self.is_good() == is_right {
            ("promotes", exact.promoted, &exact.to_promote)
        } else {
            ("rolls back", exact.rolled_back, &exact.to_roll_back)
        };
        write!(f, "{verb} {kind} release in {} rollouts", OfHundred(chance))?;
        if let Some(half) = times.percentile(50).filter(|_| is_right) {
            write!(f, ", half of them within {}", Human(half))?;
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

/// A Canary as far as it is known what it measures.
struct Known {
    canary: Value,
    is_measured: bool,
    left_out: Vec<String>,
}

/// The Canary as if it were newly applied and not suspended, without metrics that nobody knows.
fn known(question: &Question<'_>) -> Known {
    let mut canary = question.canary.clone();
    if let Some(canary) = canary.as_object_mut() {
        canary.remove("status");
    }
    if let Some(spec) = canary.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove("suspend");
    }
    let rollout = scenario::read_raw(&canary).ok();
    let rollout = rollout.and_then(|raw| Rollout::parse(&raw, question.defaults).ok());
    let metrics = rollout.as_ref().map_or(&[][..], Rollout::metrics);
    let is_known = |metric: &Metric| Measure::of(metric, Measure::LatencyP99).is_some();
    let has_bounds = |metric: &Metric| metric.bounds.min.is_some() || metric.bounds.max.is_some();
    let left_out: Vec<String> =
        metrics.iter().filter(|metric| !is_known(metric)).map(|metric| metric.name.to_string()).collect();
    let mut keep = metrics.iter().map(is_known);
    if let Some(written) =
        analysis(&mut canary).and_then(|analysis| analysis.get_mut("metrics")?.as_array_mut())
    {
        written.retain(|_| keep.next().unwrap_or(true));
    }
    let is_measured = metrics.iter().any(|metric| is_known(metric) && has_bounds(metric));
    Known { canary, is_measured, left_out }
}

pub(super) fn analysis(canary: &mut Value) -> Option<&mut Value> {
    let spec = canary.get_mut("spec")?;
    let name = if spec.get("analysis").is_some_and(|analysis| !analysis.is_null()) {
        "analysis"
    } else {
        "canaryAnalysis"
    };
    spec.get_mut(name)
}

/// The release as a story.
pub(super) fn scenario(canary: &Value, question: &Question<'_>) -> Result<Scenario, InputError> {
    let Release { rps, errors } = question.release;
    let story = json!({
        "scenario": "a release",
        "canary": canary,
        "controller": {"provider": &*question.defaults.provider, "namespace": &*question.defaults.namespace},
        "status": {"phase": "Initialized"},
        "world": {
            "traffic": {"rps": rps},
            "versions": {"v2": {"errors": Range::<Share>::exactly(errors).to_string()}},
        },
        "events": [{"at": "1m", "deploy": "v2"}],
        "until": "30d",
    });
    scenario::parse(&story.to_string(), Path::new("canary"))
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
        let release = Release { rps, errors };
        words(&Question { canary: &canary(analysis), defaults: &Defaults::default(), release })
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
    fn a_policy_that_measures_nothing_promotes_anything() {
        let mut analysis = usual();
        analysis["metrics"] =
            json!([{"name": "orders", "query": "sum(orders)", "thresholdRange": {"min": 1}}]);
        insta::assert_snapshot!(ask(analysis, 50.0, 0.5).unwrap());
    }

    #[test]
    fn what_is_suspended_is_told_as_if_it_went_on() {
        let mut suspended = canary(usual());
        suspended["spec"]["suspend"] = true.into();
        let (defaults, release) = (Defaults::default(), Release { rps: 50.0, errors: 0.0001 });
        let ask = |canary| words(&Question { canary, defaults: &defaults, release }).unwrap();
        assert_eq!(ask(&suspended), ask(&canary(usual())));
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
