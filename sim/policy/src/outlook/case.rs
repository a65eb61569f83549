//! A Canary and its release as a scenario.

use std::path::Path;

use serde_json::{Value, json};
use serin_core::{
    Rollout,
    provider::CountedBy,
    spec::{HookKind, Metric},
};
use serin_input::{InputError, edit::Edit, manifest::read_raw};
use serin_simulator::scenario::{self, MOST_SERIES, Measure, Range, Scenario, Share, Traffic, Version};

use super::{Question, Reach, Release, Unanswered};

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
        let case = Self::read(question)?;
        match case.not_judged().or_else(|| case.load_not_known()) {
            None => Ok(case),
            Some(why) => Err(why),
        }
    }

    /// A Canary that may have no judged metrics.
    ///
    /// # Errors
    /// An invalid Canary.
    pub(super) fn read(question: &Question<'_>) -> Result<Self, InputError> {
        let Known { canary, left_out, places } = Known::of(question);
        let story = story(&canary, question)?;
        Ok(Self { reach: Reach::of(&story.canary), story, left_out, places })
    }

    /// Only a load test reaches the canary, and its rate is not known.
    pub(super) fn load_not_known(&self) -> Option<Unanswered> {
        let hook = scenario::may_send_load(&self.story.canary).filter(|_| self.reach == Reach::Nobody)?;
        Some(Unanswered::LoadNotKnown(hook.name.to_string()))
    }

    /// Why no metric is judged; `None` if one is.
    pub(super) fn not_judged(&self) -> Option<Unanswered> {
        let has_bounds = |metric: &Metric| metric.bounds.min.is_some() || metric.bounds.max.is_some();
        if self.story.canary.metrics().iter().any(has_bounds) {
            return None;
        }
        Some(if self.left_out.is_empty() {
            Unanswered::NoBounds
        } else {
            Unanswered::NotKnown(self.left_out.clone())
        })
    }

    /// The assumptions about facts that are not in the manifest.
    pub(super) fn assumed(&self) -> Vec<String> {
        let mut assumed = Vec::new();
        if self.reach == Reach::Matched {
            assumed.push(format!("{} of the requests match", Traffic::default().matched));
        }
        assumed.extend(self.series());
        if let (Reach::Users | Reach::Matched, Some((hook, load))) =
            (&self.reach, scenario::load_test(&self.story.canary))
        {
            assumed.push(format!(
                "{} requests per second that `{}` sends to the canary as well",
                load.rps, hook.name
            ));
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

impl Case {
    /// How many pods or proxies count the requests to the canary, each in series of its own.
    fn series(&self) -> Option<String> {
        let simulated = self.story.setting.simulated.as_ref()?;
        Some(match self.story.canary.topology().request_metrics().counted_by {
            CountedBy::Pods if simulated.pods == 1 => "1 pod counts the canary's requests".into(),
            CountedBy::Pods => format!("{} pods count the canary's requests", simulated.pods),
            CountedBy::Proxies => "1 replica of the proxy counts requests".into(),
        })
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

/// The release as a scenario.
fn story(canary: &Value, question: &Question<'_>) -> Result<Scenario, InputError> {
    let Release { rps, errors } = question.release;
    let pods = question.pods.unwrap_or(1).min(MOST_SERIES);
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
            "target": {"replicas": pods},
            "versions": {"v2": {"errors": Range::<Share>::exactly(errors).to_string()}},
            "hooks": hooks,
        },
        "events": [{"at": "1m", "deploy": "v2"}],
        "until": "30d",
    });
    scenario::parse(&story.to_string(), Path::new("canary"))
}
