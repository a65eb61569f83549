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
use serin_core::{Phase, Plan, State, Timestamp, decision::Reading, state::Intent};

use crate::{object::Key, tick::observe::Look};

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

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
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
    duration: Seconds,
    decision: Seconds,
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
        registry.register("flagger_canary_metric_analysis", "Last value of a metric", series.analysis);
        registry.register("flagger_canary_successes", "Promotions", series.successes);
        registry.register("flagger_canary_failures", "Rollbacks", series.failures);
        registry.register("flagger_canary_duration_seconds", "Time of a tick", series.duration.0);
        registry.register("serin_canary_phase", "1 for the phase a Canary is in", series.phase);
        registry.register("serin_canary_phase_since_seconds", "When it came there", series.since);
        registry.register("serin_canary_checks", "Checks, by how they ended", series.checks);
        registry.register("serin_decision_duration_seconds", "Time of one decision", series.decision.0);
        telemetry
    }

    /// The metrics as Prometheus reads them.
    #[must_use]
    pub fn text(&self) -> String {
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

    /// A tick took so long.
    pub fn ticked(&self, took: Duration) {
        self.series.duration.0.observe(took.as_secs_f64());
    }

    /// Shows what a decision has come to; it took so long.
    pub fn decided(&self, look: &Look, plan: &Plan, took: Duration, now: Timestamp) {
        self.series.decision.0.observe(took.as_secs_f64());
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
        };
        if let Some(before) =
            before.filter(|before| before.target != after.target || before.phase != after.phase)
        {
            self.series.hide(&before);
        }
        self.series.show(&after, look, plan, now);
        shown.insert(key, after);
    }

    /// Takes a Canary's series away.
    pub fn forget(&self, canary: &Key) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner).remove(canary);
        if let Some(shown) = shown {
            self.series.hide(&shown);
        }
    }
}

impl Series {
    fn show(&self, shown: &Shown, look: &Look, plan: &Plan, now: Timestamp) {
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
        if let Ok(rollout) = &look.canary {
            let routes = state.routes(rollout.strategy());
            for (workload, weight) in [(&shown.primary, routes.primary), (&shown.target, routes.canary)] {
                self.weight.get_or_create(&shown.workload(workload)).set(f64::from(weight));
            }
        }
        for measured in &plan.decision.measured {
            if let Reading::Value(value) = measured.reading {
                self.analysis.get_or_create(&shown.metric(&measured.metric)).set(value);
            }
        }
        self.phase.get_or_create(&shown.standing()).set(1.0);
        if state.phase != look.state.phase {
            self.since.get_or_create(&shown.target()).set(now.since(Timestamp::default()).as_secs_f64());
            self.count_end(shown, look, state);
        }
        self.count_checks(shown, &look.state, state);
    }

    fn count_end(&self, shown: &Shown, look: &Look, state: &State) {
        let skipped = matches!(look.state.intent, Some(Intent::Promote { skipped: true, .. }));
        let strategy = look.canary.as_ref().map_or("", |rollout| rollout.strategy().name());
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
        }
    }

    fn count_checks(&self, shown: &Shown, before: &State, after: &State) {
        let (before, after) = (&before.analysis, &after.analysis);
        let counts = [
            ("passed", before.passed_checks, after.passed_checks),
            ("failed", before.failed_checks, after.failed_checks),
        ];
        for (result, before, after) in counts {
            if let Some(more) = after.checked_sub(before).filter(|more| *more > 0) {
                let check = Check { name: shown.target.clone(), namespace: shown.namespace.clone(), result };
                self.checks.get_or_create(&check).inc_by(more.into());
            }
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

    fn standing(&self) -> Standing {
        Standing {
            name: self.target.clone(),
            namespace: self.namespace.clone(),
            phase: self.phase.to_string(),
        }
    }
}
