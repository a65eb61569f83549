//! The series of Canaries, and when they appear and disappear.

use std::{collections::BTreeSet, sync::atomic::AtomicU64};

use prometheus_client::{
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

use super::{
    blocked,
    labels::{Blocked, Canary, Check, Ended, InPhase, Kind, Metric, Named, Namespace, Target, Workload},
};
use crate::tick::observe::Snapshot;

pub(super) type Value = Gauge<f64, AtomicU64>;

/// All series; a clone is the same series.
#[derive(Clone, Default)]
pub(super) struct Series {
    pub(super) total: Family<Namespace, Value>,
    status: Family<Target, Value>,
    weight: Family<Workload, Value>,
    analysis: Family<Metric, Value>,
    successes: Family<Ended, Counter>,
    failures: Family<Ended, Counter>,
    phase: Family<InPhase, Value>,
    since: Family<Canary, Value>,
    blocked: Family<Blocked, Value>,
    invalid: Family<Canary, Value>,
    checks: Family<Check, Counter>,
    pub(super) duration: Durations,
    pub(super) decision: Seconds,
    pub(super) unsaved: Family<Named, Value>,
    pub(super) panics: Family<Named, Counter>,
    pub(super) slowed: Family<Named, Counter>,
    pub(super) leader: Value,
    pub(super) crds_fit: Value,
    pub(super) watch_readable: Family<Kind, Value>,
    pub(super) unreadable: Family<Kind, Value>,
}

/// A histogram of seconds for each target, with the same bounds as Flagger's.
#[derive(Clone)]
pub(super) struct Durations(pub(super) Family<Target, Histogram, fn() -> Histogram>);

impl Default for Durations {
    fn default() -> Self {
        const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
        Self(Family::new_with_constructor(|| Histogram::new(BOUNDS)))
    }
}

/// A histogram of seconds.
#[derive(Clone)]
pub(super) struct Seconds(pub(super) Histogram);

impl Default for Seconds {
    fn default() -> Self {
        Self(Histogram::new(exponential_buckets(0.000_05, 4.0, 10)))
    }
}

/// The labels of a Canary's series.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    pub(super) canary: String,
    pub(super) namespace: String,
    pub(super) target: String,
    pub(super) primary: String,
    pub(super) phase: Phase,
    pub(super) blocked: Option<&'static str>,
    pub(super) metrics: BTreeSet<String>,
    /// The results of its rollouts.
    pub(super) ended: BTreeSet<Ended>,
}

impl Series {
    /// Registers all series with their help texts.
    pub(super) fn register(self, registry: &mut Registry) {
        registry.register("flagger_canary_total", "Number of Canaries", self.total);
        registry.register(
            "flagger_canary_status",
            "0 while the Canary is Progressing, 2 when it is Failed, 1 in every other phase",
            self.status,
        );
        registry.register(
            "flagger_canary_weight",
            "Percentage of the requests that is routed to the workload, the primary or the target",
            self.weight,
        );
        registry.register(
            "flagger_canary_metric_analysis",
            "Value of a metric in the last check that measured it, as the metric has it; the built-in \
             request-duration in seconds",
            self.analysis,
        );
        registry.register(
            "flagger_canary_successes",
            "Number of promotions since the controller was started",
            self.successes,
        );
        registry.register(
            "flagger_canary_failures",
            "Number of rollbacks since the controller was started",
            self.failures,
        );
        registry.register(
            "flagger_canary_duration_seconds",
            "Seconds from the start to the end of a tick that made a check",
            self.duration.0,
        );
        registry.register("serin_canary_phase", "1 for the phase of the Canary", self.phase);
        registry.register(
            "serin_canary_phase_since_seconds",
            "Start of the Canary's phase, or last change of its condition before the controller was started, in \
             seconds since 1970",
            self.since,
        );
        registry.register(
            "serin_canary_blocked",
            "1 while the Canary cannot continue until something is done, by reason",
            self.blocked,
        );
        registry.register("serin_canary_invalid", "1 while the Canary's manifest is invalid", self.invalid);
        registry.register(
            "serin_canary_saves_failing",
            "Number of failed saves of the Canary's status since the last that succeeded",
            self.unsaved,
        );
        registry.register(
            "serin_canary_checks",
            "Number of checks since the controller was started, by result",
            self.checks,
        );
        registry.register(
            "serin_canary_slowed",
            "Number of saves that were delayed because there were too many before",
            self.slowed,
        );
        registry.register(
            "serin_driver_panics",
            "Number of times that the loop of a Canary ended because of a bug and was started again",
            self.panics,
        );
        registry.register(
            "serin_decision_duration_seconds",
            "Seconds that one decision took",
            self.decision.0,
        );
        registry.register("serin_leader", "1 while this replica drives the Canaries", self.leader);
        registry.register(
            "serin_crds_fit",
            "1 while the installed CRDs keep what the controller saves",
            self.crds_fit,
        );
        registry.register(
            "serin_watch_readable",
            "1 while the objects of the kind can be read, 0 while they cannot",
            self.watch_readable,
        );
        registry.register(
            "serin_unreadable_objects",
            "Number of objects that are too large or too deeply nested to be read",
            self.unreadable,
        );
    }

    /// Shows the result of a plan. After a restart everything `is_new`.
    pub(super) fn show(&self, shown: &mut Shown, snapshot: &Snapshot, plan: &Plan, is_new: bool) {
        let state = plan.state.as_deref().unwrap_or(&snapshot.state);
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
        if let Ok(rollout) = &*snapshot.canary {
            let routes = state.routes(rollout.strategy());
            for (workload, weight) in [(&shown.primary, routes.primary), (&shown.target, routes.canary)] {
                self.weight.get_or_create(&shown.workload(workload)).set(f64::from(weight));
            }
        }
        for measured in &plan.decision.measured {
            if let Reading::Value(value) = measured.reading {
                let value = value * unit((*snapshot.canary).as_ref().ok(), &measured.metric);
                self.analysis.get_or_create(&shown.metric(&measured.metric)).set(value);
            }
        }
        self.phase.get_or_create(&shown.in_phase()).set(1.0);
        if let Some(blocked) = shown.as_blocked() {
            self.blocked.get_or_create(&blocked).set(1.0);
        }
        self.invalid.get_or_create(&shown.canary()).set(f64::from(snapshot.canary.is_err()));
        if (is_new || state.phase != snapshot.state.phase)
            && let Some(condition) = &state.condition
        {
            // The state contains when its condition changed: with the phase, or with an obstacle in that phase.
            let since = condition.last_update_time.since(Timestamp::default());
            self.since.get_or_create(&shown.canary()).set(since.as_secs_f64());
        }
        if state.phase != snapshot.state.phase {
            self.count_end(shown, snapshot, state);
        }
        self.count_checks(shown, &snapshot.state, state);
    }

    fn count_end(&self, shown: &mut Shown, snapshot: &Snapshot, state: &State) {
        let skipped = state.phase == Phase::Succeeded
            && matches!(snapshot.state.run.intent, Some(Intent::Promote { skipped: true, .. }));
        let strategy = (*snapshot.canary).as_ref().map_or("", |rollout| rollout.strategy().name());
        let ended = Ended {
            name: shown.target.clone(),
            namespace: shown.namespace.clone(),
            deployment_strategy: strategy.into(),
            analysis_status: if skipped { "skipped" } else { "completed" }.into(),
        };
        if state.phase == Phase::Succeeded {
            self.successes.get_or_create(&ended).inc();
        } else if state.phase == Phase::Failed {
            self.failures.get_or_create(&ended).inc();
        } else {
            return;
        }
        shown.ended.insert(ended);
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

    /// Removes the series of a Canary. Counters stay.
    pub(super) fn hide(&self, shown: &Shown) {
        self.status.remove(&shown.target());
        self.since.remove(&shown.canary());
        self.invalid.remove(&shown.canary());
        self.weight.remove(&shown.workload(&shown.primary));
        self.weight.remove(&shown.workload(&shown.target));
        self.phase.remove(&shown.in_phase());
        if let Some(blocked) = shown.as_blocked() {
            self.blocked.remove(&blocked);
        }
        for metric in &shown.metrics {
            self.analysis.remove(&shown.metric(metric));
        }
    }

    /// Removes the counters of a Canary that was deleted.
    pub(super) fn drop_counters(&self, shown: &Shown) {
        for ended in &shown.ended {
            self.successes.remove(ended);
            self.failures.remove(ended);
        }
        for result in [PASSED, FAILED] {
            self.checks.remove(&shown.check(result));
        }
        self.duration.0.remove(&shown.target());
        let named = Named { canary: shown.canary.clone(), namespace: shown.namespace.clone() };
        self.unsaved.remove(&named);
        self.panics.remove(&named);
        self.slowed.remove(&named);
    }
}

const PASSED: &str = "passed";
const FAILED: &str = "failed";

/// The factor for values that are shown: durations are measured in milliseconds and shown in seconds.
pub(super) fn unit(canary: Option<&Rollout>, metric: &str) -> f64 {
    let mut metrics = canary.into_iter().flat_map(Rollout::metrics);
    let is_duration = metrics.any(|it| *it.name == *metric && it.source == MetricSource::Duration);
    if is_duration { 0.001 } else { 1.0 }
}

impl Shown {
    /// The result of a plan for the Canary of a snapshot.
    pub(super) fn of(snapshot: &Snapshot, plan: &Plan, before: Option<&Self>) -> Self {
        let state = plan.state.as_deref().unwrap_or(&snapshot.state);
        let metrics = plan.decision.measured.iter().map(|measured| measured.metric.to_string());
        let mut metrics: BTreeSet<String> = metrics.collect();
        metrics.extend(before.iter().flat_map(|before| before.metrics.clone()));
        Self {
            canary: snapshot.subject.identity.name.to_string(),
            namespace: snapshot.subject.identity.namespace.to_string(),
            target: snapshot.subject.target().into(),
            primary: snapshot.subject.primary(),
            phase: state.phase,
            blocked: blocked::reason(state),
            metrics,
            ended: before.map(|before| before.ended.clone()).unwrap_or_default(),
        }
    }

    /// Whether its series have the same labels, except those of values.
    pub(super) fn has_labels_of(&self, other: &Self) -> bool {
        let labels = |of: &Self| (of.target.clone(), of.phase, of.blocked);
        labels(self) == labels(other)
    }

    fn target(&self) -> Target {
        Target { name: self.target.clone(), namespace: self.namespace.clone() }
    }

    fn workload(&self, workload: &str) -> Workload {
        Workload { workload: workload.into(), namespace: self.namespace.clone() }
    }

    fn metric(&self, metric: &str) -> Metric {
        Metric { name: self.target.clone(), namespace: self.namespace.clone(), metric: metric.into() }
    }

    fn canary(&self) -> Canary {
        Canary { canary: self.canary.clone(), name: self.target.clone(), namespace: self.namespace.clone() }
    }

    fn in_phase(&self) -> InPhase {
        // In a status, a new Canary has no phase yet; an empty label would count as no label.
        let phase = if self.phase == Phase::New { "New" } else { self.phase.name() };
        InPhase { canary: self.canary(), phase }
    }

    fn as_blocked(&self) -> Option<Blocked> {
        Some(Blocked { canary: self.canary(), reason: self.blocked? })
    }

    fn check(&self, result: &'static str) -> Check {
        Check { canary: self.canary(), result }
    }
}
