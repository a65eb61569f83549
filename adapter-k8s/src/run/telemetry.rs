//! What is measured of the controller itself: Flagger's metrics by their names, and our own as `serin_*`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use serin_core::{
    Phase, Plan, Rollout, State, Timestamp, decision::Reading, spec::MetricSource, state::Intent,
};

use crate::{
    object::{Key, Kind},
    subject::Subject,
    tick::observe::Look,
};

type Value = Gauge<f64, AtomicU64>;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Info {
    version: String,
    mesh_provider: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Namespace {
    namespace: String,
}

/// `name` is the target's, as in Flagger.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Target {
    name: String,
    namespace: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Workload {
    workload: String,
    namespace: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Metric {
    name: String,
    namespace: String,
    metric: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, PartialOrd, Ord, EncodeLabelSet)]
struct Ended {
    name: String,
    namespace: String,
    deployment_strategy: String,
    analysis_status: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Standing {
    name: String,
    namespace: String,
    phase: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Check {
    name: String,
    namespace: String,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

/// The controller's metrics.
#[derive(Default)]
pub struct Telemetry {
    registry: Registry,
    series: Series,
    /// What each Canary is shown as, so that it can be taken away again.
    shown: Mutex<BTreeMap<Key, Shown>>,
}

/// Every series there is; a clone is the same series.
#[derive(Clone, Default)]
struct Series {
    total: Family<Namespace, Value>,
    status: Family<Target, Value>,
    weight: Family<Workload, Value>,
    analysis: Family<Metric, Value>,
    successes: Family<Ended, Counter>,
    failures: Family<Ended, Counter>,
    phase: Family<Standing, Value>,
    since: Family<Target, Value>,
    checks: Family<Check, Counter>,
    duration: Durations,
    decision: Seconds,
    unreadable: Family<OfKind, Value>,
}

/// A histogram of seconds for each target, with the bounds that Flagger's has.
#[derive(Clone)]
struct Durations(Family<Target, Histogram, fn() -> Histogram>);

impl Default for Durations {
    fn default() -> Self {
        const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
        Self(Family::new_with_constructor(|| Histogram::new(BOUNDS)))
    }
}

/// A histogram of seconds.
#[derive(Clone)]
struct Seconds(Histogram);

impl Default for Seconds {
    fn default() -> Self {
        Self(Histogram::new(exponential_buckets(0.000_05, 4.0, 10)))
    }
}

/// What a Canary is shown as.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    namespace: String,
    target: String,
    primary: String,
    phase: Phase,
    metrics: BTreeSet<String>,
    /// How runs have ended.
    ended: BTreeSet<Ended>,
}

impl Telemetry {
    /// Nothing measured yet.
    #[must_use]
    pub fn new(version: &str, mesh_provider: &str) -> Self {
        let mut telemetry = Self::default();
        let (registry, series) = (&mut telemetry.registry, telemetry.series.clone());
        let info = Family::<Info, Value>::default();
        info.get_or_create(&Info { version: version.into(), mesh_provider: mesh_provider.into() }).set(1.0);
        registry.register("flagger_info", "Version and default provider of the controller", info);
        registry.register("flagger_canary_total", "Canaries", series.total);
        registry.register("flagger_canary_status", "0: under way, 1: good, 2: failed", series.status);
        registry.register("flagger_canary_weight", "Percentage of requests, by workload", series.weight);
        registry.register(
            "flagger_canary_metric_analysis",
            "Last value of a metric; a duration in seconds",
            series.analysis,
        );
        registry.register("flagger_canary_successes", "Promotions", series.successes);
        registry.register("flagger_canary_failures", "Rollbacks", series.failures);
        registry.register(
            "flagger_canary_duration_seconds",
            "Time of a tick with a check",
            series.duration.0,
        );
        registry.register("serin_canary_phase", "1 for the phase a Canary is in", series.phase);
        registry.register("serin_canary_phase_since_seconds", "When it came there", series.since);
        registry.register("serin_canary_checks", "Checks, by how they ended", series.checks);
        registry.register("serin_decision_duration_seconds", "Time of one decision", series.decision.0);
        registry.register(
            "serin_unreadable_objects",
            "Objects that are larger or nested deeper than is read, by kind",
            series.unreadable,
        );
        telemetry
    }

    /// The metrics as Prometheus reads them, with how many objects of each kind cannot be read.
    #[must_use]
    pub fn text(&self, unreadable: &BTreeMap<Kind, usize>) -> String {
        for (kind, count) in unreadable {
            let of = OfKind { kind: kind.kind };
            self.series
                .unreadable
                .get_or_create(&of)
                .set(f64::from(u32::try_from(*count).unwrap_or(u32::MAX)));
        }
        let mut text = String::new();
        // Writing to a text cannot fail.
        encode(&mut text, &self.registry).ok();
        text
    }

    /// Canaries by namespace, all of them.
    pub fn count(&self, canaries: &BTreeMap<String, u32>) {
        self.series.total.clear();
        for (namespace, count) in canaries {
            let namespace = Namespace { namespace: namespace.clone() };
            self.series.total.get_or_create(&namespace).set(f64::from(*count));
        }
    }

    /// A tick of a target that has made a check took so long.
    pub fn checked(&self, subject: &Subject, took: Duration) {
        let target =
            Target { name: subject.target().into(), namespace: subject.identity.namespace.to_string() };
        self.series.duration.0.get_or_create(&target).observe(took.as_secs_f64());
    }

    /// A decision took so long.
    pub fn decided(&self, took: Duration) {
        self.series.decision.0.observe(took.as_secs_f64());
    }

    /// Shows and counts what a plan has come to: once it is carried out and saved, so that none is counted twice.
    pub fn carried_out(&self, look: &Look, plan: &Plan) {
        let state = plan.state.as_deref().unwrap_or(&look.state);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let key = look.object.key();
        let before = shown.remove(&key);
        let metrics = plan.decision.measured.iter().map(|measured| measured.metric.to_string());
        let mut metrics: BTreeSet<String> = metrics.collect();
        metrics.extend(before.iter().flat_map(|before| before.metrics.clone()));
        let after = Shown {
            namespace: look.subject.identity.namespace.to_string(),
            target: look.subject.target().into(),
            primary: look.subject.primary(),
            phase: state.phase,
            metrics,
            ended: before.iter().flat_map(|before| before.ended.clone()).chain(ended(look, state)).collect(),
        };
        let is_new = before.is_none();
        if let Some(before) =
            before.filter(|before| before.target != after.target || before.phase != after.phase)
        {
            self.series.hide(&before);
        }
        self.series.show(&after, look, plan, is_new);
        shown.insert(key, after);
    }

    /// Takes a Canary's series away.
    pub fn forget(&self, canary: &Key) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner).remove(canary);
        if let Some(shown) = shown {
            self.series.hide(&shown);
            self.series.forget(&shown);
        }
    }
}

impl Series {
    /// After a restart everything `is_new`.
    fn show(&self, shown: &Shown, look: &Look, plan: &Plan, is_new: bool) {
        let state = plan.state.as_deref().unwrap_or(&look.state);
        let status = match state.phase {
            Phase::Progressing => 0.0,
            Phase::Failed => 2.0,
            Phase::New
            | Phase::Initializing
            | Phase::Initialized
            | Phase::Waiting
            | Phase::WaitingPromotion
            | Phase::Promoting
            | Phase::Finalising
            | Phase::Succeeded
            | Phase::Terminating => 1.0,
        };
        self.status.get_or_create(&shown.target()).set(status);
        if let Ok(rollout) = &*look.canary {
            let routes = state.routes(rollout.strategy());
            for (workload, weight) in [(&shown.primary, routes.primary), (&shown.target, routes.canary)] {
                self.weight.get_or_create(&shown.workload(workload)).set(f64::from(weight));
            }
        }
        for measured in &plan.decision.measured {
            if let Reading::Value(value) = measured.reading {
                let value = value * unit((*look.canary).as_ref().ok(), &measured.metric);
                self.analysis.get_or_create(&shown.metric(&measured.metric)).set(value);
            }
        }
        self.phase.get_or_create(&shown.standing()).set(1.0);
        if (is_new || state.phase != look.state.phase)
            && let Some(condition) = &state.condition
        {
            // The state says when its condition changed: with the phase, or with what held it up there.
            let since = condition.last_update_time.since(Timestamp::default());
            self.since.get_or_create(&shown.target()).set(since.as_secs_f64());
        }
        if state.phase != look.state.phase {
            self.count_end(look, state);
        }
        self.count_checks(shown, &look.state, state);
    }

    fn count_end(&self, look: &Look, state: &State) {
        let Some(ended) = ended(look, state) else { return };
        if state.phase == Phase::Succeeded {
            self.successes.get_or_create(&ended).inc();
        } else {
            self.failures.get_or_create(&ended).inc();
        }
    }

    fn count_checks(&self, shown: &Shown, before: &State, after: &State) {
        let (before, after) = (&before.analysis, &after.analysis);
        let counts = [
            (PASSED, before.passed_checks, after.passed_checks),
            (FAILED, before.failed_checks, after.failed_checks),
        ];
        for (result, before, after) in counts {
            if let Some(more) = after.checked_sub(before).filter(|more| *more > 0) {
                self.checks.get_or_create(&shown.check(result)).inc_by(more.into());
            }
        }
    }

    /// What was counted of a Canary that is gone goes with it, or names that are used once would add up for ever.
    fn forget(&self, shown: &Shown) {
        self.duration.0.remove(&shown.target());
        for result in [PASSED, FAILED] {
            self.checks.remove(&shown.check(result));
        }
        for ended in &shown.ended {
            self.successes.remove(ended);
            self.failures.remove(ended);
        }
    }

    /// Counters stay: what happened has happened.
    fn hide(&self, shown: &Shown) {
        self.status.remove(&shown.target());
        self.since.remove(&shown.target());
        self.weight.remove(&shown.workload(&shown.primary));
        self.weight.remove(&shown.workload(&shown.target));
        self.phase.remove(&shown.standing());
        for metric in &shown.metrics {
            self.analysis.remove(&shown.metric(metric));
        }
    }
}

const PASSED: &str = "passed";
const FAILED: &str = "failed";

/// How a run has just ended; `None` if none has.
fn ended(look: &Look, state: &State) -> Option<Ended> {
    if state.phase == look.state.phase || !matches!(state.phase, Phase::Succeeded | Phase::Failed) {
        return None;
    }
    let skipped = state.phase == Phase::Succeeded
        && matches!(look.state.intent, Some(Intent::Promote { skipped: true, .. }));
    let strategy = (*look.canary).as_ref().map_or("", |rollout| rollout.strategy().name());
    Some(Ended {
        name: look.subject.target().into(),
        namespace: look.subject.identity.namespace.to_string(),
        deployment_strategy: strategy.into(),
        analysis_status: if skipped { "skipped" } else { "completed" }.into(),
    })
}

/// What a value is multiplied by to be shown: durations are measured in milliseconds and shown in seconds.
fn unit(canary: Option<&Rollout>, metric: &str) -> f64 {
    let mut metrics = canary.into_iter().flat_map(Rollout::metrics);
    let is_duration = metrics.any(|it| *it.name == *metric && it.source == MetricSource::Duration);
    if is_duration { 0.001 } else { 1.0 }
}

impl Shown {
    fn target(&self) -> Target {
        Target { name: self.target.clone(), namespace: self.namespace.clone() }
    }

    fn workload(&self, workload: &str) -> Workload {
        Workload { workload: workload.into(), namespace: self.namespace.clone() }
    }

    fn metric(&self, metric: &str) -> Metric {
        Metric { name: self.target.clone(), namespace: self.namespace.clone(), metric: metric.into() }
    }

    fn check(&self, result: &'static str) -> Check {
        Check { name: self.target.clone(), namespace: self.namespace.clone(), result }
    }

    fn standing(&self) -> Standing {
        Standing {
            name: self.target.clone(),
            namespace: self.namespace.clone(),
            phase: self.phase.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kinds::{CANARY, DEPLOYMENT},
        tests::subject,
    };

    const SPEC: &str = "{provider: istio, targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}, \
         service: {port: 80}, analysis: {stepWeight: 10, metrics: [\
         {name: request-duration, thresholdRange: {max: 500}}, \
         {name: request-success-rate, thresholdRange: {min: 99}}]}}";

    #[test]
    fn a_tick_with_a_check_is_counted_for_its_target_within_flaggers_bounds() {
        let (subject, _) = subject(SPEC);
        let telemetry = Telemetry::new("1.2.3", "istio");
        telemetry.checked(&subject, Duration::from_millis(30));
        let text = telemetry.text(&BTreeMap::new());
        let series = text.lines().filter(|line| line.starts_with("flagger_canary_duration_seconds"));
        let series: Vec<&str> = series.collect();
        let labels = r#"name="shop",namespace="test""#;
        assert_eq!(series[0], format!("flagger_canary_duration_seconds_sum{{{labels}}} 0.03"));
        assert_eq!(series[1], format!("flagger_canary_duration_seconds_count{{{labels}}} 1"));
        let bounds = series[2..].iter().filter_map(|line| line.split('"').nth(1));
        let expected =
            ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"];
        assert_eq!(bounds.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn objects_that_cannot_be_read_are_counted_by_kind() {
        let telemetry = Telemetry::new("1.2.3", "istio");
        let _ = telemetry.text(&BTreeMap::from([(CANARY, 3)]));
        let text = telemetry.text(&BTreeMap::from([(CANARY, 2), (DEPLOYMENT, 0)]));
        let series: Vec<&str> = text.lines().filter(|line| line.starts_with("serin_unreadable")).collect();
        let [canaries, deployments] = ["Canary", "Deployment"].map(|kind| {
            let of = format!("serin_unreadable_objects{{kind=\"{kind}\"}} ");
            series.iter().find_map(|line| line.strip_prefix(&of)).and_then(|value| value.parse::<f64>().ok())
        });
        assert_eq!((canaries, deployments), (Some(2.0), Some(0.0)), "{series:?}");
    }

    #[test]
    fn durations_are_shown_in_seconds_and_nothing_else_is() {
        let (_, rollout) = subject(SPEC);
        let units =
            ["request-duration", "request-success-rate", "nothing"].map(|it| unit(Some(&rollout), it));
        assert_eq!(units.map(|unit| unit.to_bits()), [0.001_f64, 1.0, 1.0].map(f64::to_bits));
    }
}
