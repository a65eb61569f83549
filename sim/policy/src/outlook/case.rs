//! A Canary and its release as a scenario.

use std::path::Path;

use serde_json::{Value, json};
use serin_core::{
    Rollout,
    spec::{HookKind, Metric},
    strategy::Strategy,
};
use serin_input::{InputError, edit::Edit, manifest::read_raw};
use serin_simulator::scenario::{self, Measure, Range, Scenario, Share, Traffic, Version};

use super::{Question, Reach, Release, Unanswered, load_test::suspect};

/// The release of a Canary, with the metrics whose meaning is known.
pub(super) struct Case {
    pub(super) story: Scenario,
    pub(super) reach: Reach,
    pub(super) left_out: Vec<String>,
    /// The indices of these metrics in the manifest.
    pub(super) places: Vec<usize>,
}

impl Case {
    /// # Errors
    /// An invalid Canary, or one without judged metrics.
    pub(super) fn of(question: &Question<'_>) -> Result<Self, Unanswered> {
        let Known { canary, left_out, places } = Known::of(question);
        let story = story(&canary, question, question.release.rps)?;
        let has_bounds = |metric: &Metric| metric.bounds.min.is_some() || metric.bounds.max.is_some();
        if !story.canary.metrics().iter().any(has_bounds) {
            return Err(if left_out.is_empty() {
                Unanswered::NoBounds
            } else {
                Unanswered::NotKnown(left_out)
            });
        }
        let reach = Reach::of(&story.canary);
        let story = match &reach {
            Reach::LoadTest(load) => self::story(&loaded(&canary, &story.canary), question, load.rps)?,
            Reach::Nobody => match suspect(&story.canary) {
                Some(hook) => return Err(Unanswered::LoadNotKnown(hook.to_string())),
                None => story,
            },
            Reach::Users | Reach::Matched => story,
        };
        Ok(Self { story, reach, left_out, places })
    }

    /// The assumptions about facts that are not in the manifest.
    pub(super) fn assumed(&self) -> Vec<String> {
        let mut assumed = Vec::new();
        if self.reach == Reach::Matched {
            assumed.push(format!("{} of the requests match", Traffic::default().matched));
        }
        let duration = Measure::duration(&self.story.canary);
        let is_latency =
            |metric: &Metric| Measure::of(metric, duration).is_some_and(|measure| measure.is_latency());
        if self.story.canary.metrics().iter().any(is_latency) {
            let Version { p50, p99, .. } = Version::default();
            assumed.push(format!("latencies of {p50} (median) and {p99} (99th percentile)"));
        }
        assumed
    }
}

/// A Canary with the metrics whose meaning is known.
struct Known {
    canary: Value,
    left_out: Vec<String>,
    places: Vec<usize>,
}

impl Known {
    /// The Canary as if it were newly applied and not suspended, without metrics whose meaning is not known.
    fn of(question: &Question<'_>) -> Self {
        let mut canary = question.canary.clone();
        for path in ["status", "spec.suspend"] {
            // It is usually not set.
            let _ = Edit::remove(path).apply(&mut canary);
        }
        let rollout = read_raw(&canary).ok();
        let rollout = rollout.and_then(|raw| Rollout::parse(&raw, question.defaults).ok());
        let metrics = rollout.as_ref().map_or(&[][..], Rollout::metrics);
        let is_known = |metric: &Metric| Measure::of(metric, Measure::LatencyP99).is_some();
        let unknown = metrics.iter().filter(|metric| !is_known(metric));
        let left_out: Vec<String> = unknown.map(|metric| metric.name.to_string()).collect();
        let places: Vec<usize> = (0..metrics.len()).filter(|place| is_known(&metrics[*place])).collect();
        let pointer = format!("/{}/metrics", analysis(&canary).replace('.', "/"));
        if let Some(written) = canary.pointer_mut(&pointer).and_then(Value::as_array_mut) {
            let mut keep = metrics.iter().map(is_known);
            written.retain(|_| keep.next().unwrap_or(true));
        }
        Self { canary, left_out, places }
    }
}

/// The path of a Canary's analysis, which may have its older name.
pub(super) fn analysis(canary: &Value) -> &'static str {
    match canary.pointer("/spec/analysis") {
        Some(analysis) if !analysis.is_null() => "spec.analysis",
        _ => "spec.canaryAnalysis",
    }
}

/// A Canary whose checks see the requests of a load test from the first to the last: all requests of a router that can
/// send them to the canary, for the same number of checks.
fn loaded(canary: &Value, rollout: &Rollout) -> Value {
    let mut canary = canary.clone();
    let Strategy::BlueGreen(blue_green) = rollout.strategy() else { return canary };
    let at = analysis(&canary);
    let field = |name: &str| format!("{at}.{name}");
    let mut edits = vec![
        Edit::set(field("stepWeights"), json!([100])),
        // The move to 100 % counts as one, and the check after the switch is another one.
        Edit::set(field("iterations"), blue_green.iterations + 2),
    ];
    if !blue_green.switches {
        // Its metrics also come from the pods.
        edits.push(Edit::set("spec.provider", "gatewayapi:v1"));
        edits.push(Edit::set("spec.service.gatewayRefs", json!([{"name": "any"}])));
    }
    edits.extend(["stepWeight", "maxWeight", "stepWeightPromotion"].map(|name| Edit::remove(field(name))));
    for edit in edits {
        // A missing field needs no removal.
        let _ = edit.apply(&mut canary);
    }
    canary
}

/// The release as a scenario, with this rate of requests.
fn story(canary: &Value, question: &Question<'_>, rps: f64) -> Result<Scenario, InputError> {
    let Release { errors, .. } = question.release;
    let defaults = question.defaults;
    let rollout = read_raw(canary).ok().and_then(|raw| Rollout::parse(&raw, defaults).ok());
    // Everything works except for the errors: a hook that is polled for a rollback refuses it.
    let polled = rollout.iter().flat_map(|rollout| rollout.hooks_of(HookKind::RollbackTrigger));
    let hooks: serde_json::Map<String, Value> =
        polled.map(|hook| (hook.key.to_string(), json!([403]))).collect();
    let story = json!({
        "scenario": "a release",
        "canary": canary,
        "controller": {"provider": &*defaults.provider, "namespace": &*defaults.namespace},
        "status": {"phase": "Initialized"},
        "world": {
            "traffic": {"rps": rps},
            "versions": {"v2": {"errors": Range::<Share>::exactly(errors).to_string()}},
            "hooks": hooks,
        },
        "events": [{"at": "1m", "deploy": "v2"}],
        "until": "30d",
    });
    scenario::parse(&story.to_string(), Path::new("canary"))
}
