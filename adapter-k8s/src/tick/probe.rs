//! Whether a Canary can be judged and can send alerts: whether its metric systems answer, and whether its
//! AlertProviders exist.
//!
//! This is checked when a Canary is initialised, as in Flagger, and whenever it is changed, so that problems are known
//! before a rollout. Nothing waits for it. A problem is checked again until it is gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures::future::join_all;
use serin_core::{
    Invalid, Phase, Rollout,
    observation::{Fact, Unseen},
    revision::Text,
    spec::{Metric, MetricSource},
};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::sleep,
};

use crate::{
    clock, metrics,
    notify::event,
    subject::Subject,
    tick::{
        ask::source,
        context::Context,
        observe::{Snapshot, generation},
        send::destination,
    },
};

/// The time between two checks of a problem.
const AGAIN: Duration = Duration::from_secs(30);

/// The results for one Canary.
#[derive(Debug, Default)]
pub struct Probe {
    /// The generation that was checked last, or would have been.
    generation: Option<i64>,
    found: Option<watch::Receiver<Fact<Option<Text>>>>,
    /// Ends with this.
    task: JoinSet<()>,
}

impl Probe {
    /// The problems of a snapshot, including those of the observation, as far as they are known; `waker` is woken when
    /// they change.
    pub fn concern(
        &mut self,
        context: &Arc<Context>,
        snapshot: &Snapshot,
        waker: &Arc<Notify>,
    ) -> Fact<Option<Text>> {
        both(snapshot.seen.concern.clone(), self.found_out(context, snapshot, waker))
    }

    fn found_out(
        &mut self,
        context: &Arc<Context>,
        snapshot: &Snapshot,
        waker: &Arc<Notify>,
    ) -> Fact<Option<Text>> {
        let generation = generation(&snapshot.object);
        let before = self.generation.replace(generation);
        let is_changed = before.is_some_and(|before| before != generation);
        if !is_wanted(snapshot) {
            *self = Self { generation: self.generation, ..Self::default() };
            return Fact::Known(None);
        }
        if is_changed || self.found.is_none() && (begins(snapshot) || snapshot.state.concern.is_some()) {
            let (tell, found) = watch::channel(Fact::Unknown(Unseen::Stale));
            self.task = JoinSet::new();
            self.task.spawn(ask_until_well(context.clone(), Probed::of(snapshot), waker.clone(), tell));
            self.found = Some(found);
        }
        self.found.as_ref().map_or(Fact::Known(None), |found| found.borrow().clone())
    }
}

/// The parts of a Canary that a check needs. The whole object would take many times as much memory.
struct Probed {
    subject: Subject,
    canary: Arc<Result<Rollout, Invalid>>,
    begins: bool,
}

impl Probed {
    fn of(snapshot: &Snapshot) -> Self {
        let (subject, canary) = (snapshot.subject.clone(), snapshot.canary.clone());
        Self { subject, canary, begins: begins(snapshot) }
    }
}

/// All problems, as far as they are known.
pub(super) fn both(one: Fact<Option<Text>>, other: Fact<Option<Text>>) -> Fact<Option<Text>> {
    match (one, other) {
        (Fact::Known(Some(one)), Fact::Known(Some(other))) => {
            Fact::Known(Some(format!("{one}; {other}").into()))
        }
        (Fact::Known(None), it) | (it @ Fact::Known(_), Fact::Known(None)) => it,
        (it @ Fact::Unknown(_), _) | (_, it @ Fact::Unknown(_)) => it,
    }
}

/// Whether the Canary is not initialised yet.
fn begins(snapshot: &Snapshot) -> bool {
    matches!(snapshot.state.phase, Phase::New | Phase::Initializing)
}

/// Whether there is anything to check.
fn is_wanted(snapshot: &Snapshot) -> bool {
    let Ok(rollout) = &*snapshot.canary else { return false };
    !snapshot.seen.deleting && (!metrics_of(rollout).is_empty() || !rollout.alerts().is_empty())
}

/// The metrics that are queried.
fn metrics_of(rollout: &Rollout) -> &[Metric] {
    if rollout.skips_analysis() { &[] } else { rollout.metrics() }
}

async fn ask_until_well(
    context: Arc<Context>,
    probed: Probed,
    waker: Arc<Notify>,
    tell: watch::Sender<Fact<Option<Text>>>,
) {
    let Probed { subject, canary, begins } = probed;
    if let Ok(rollout) = &*canary {
        loop {
            let of_metrics = of_metrics(&context, &subject, rollout).await;
            if begins && of_metrics.is_none() && !metrics_of(rollout).is_empty() {
                report_health(&context, &subject).await;
            }
            let of_alerts = of_alerts(&context, rollout).await;
            let wrong: Vec<String> = of_metrics.into_iter().chain(of_alerts).collect();
            let concern = (!wrong.is_empty()).then(|| Text::from(wrong.join("; ")));
            let is_well = concern.is_none();
            tell.send_replace(Fact::Known(concern));
            waker.notify_one();
            if is_well {
                return;
            }
            sleep(AGAIN).await;
        }
    }
}

/// The problems of the metrics, in Flagger's words. Metrics from the same place use the same system, which is queried
/// once.
async fn of_metrics(context: &Context, subject: &Subject, rollout: &Rollout) -> Option<String> {
    let metrics = metrics_of(rollout).iter().enumerate();
    let sources = metrics
        .map(async |(index, metric)| (place(subject, index, metric), source(context, subject, metric).await));
    let (mut systems, mut wrong) = (BTreeMap::new(), Vec::new());
    for (place, source) in join_all(sources).await {
        match source {
            Ok(source) => drop(systems.insert(place, source)),
            Err(why) => wrong.push(Some(format!("{place}: {why}"))),
        }
    }
    let reached = context.systems_of(subject);
    let checks = systems.iter().map(async |(place, (source, secret))| {
        let why = metrics::answers(&reached, source, secret, clock::now()).await.err()?;
        Some(format!("{place}: {why}"))
    });
    wrong.extend(join_all(checks).await);
    listed("Error checking metric providers: ", wrong)
}

/// The problems of the AlertProviders.
async fn of_alerts(context: &Context, rollout: &Rollout) -> Option<String> {
    let checks = rollout.alerts().iter().enumerate().map(async |(index, alert)| {
        let why = destination(context, alert).await.err()?;
        Some(format!("spec.analysis.alerts[{index}].providerRef: {why}"))
    });
    listed("Error checking alert providers: ", join_all(checks).await)
}

fn listed(what: &str, wrong: Vec<Option<String>>) -> Option<String> {
    let wrong: BTreeSet<String> = wrong.into_iter().flatten().collect();
    (!wrong.is_empty()).then(|| format!("{what}{}", wrong.into_iter().collect::<Vec<_>>().join("; ")))
}

/// Flagger's text for it.
async fn report_health(context: &Context, subject: &Subject) {
    let canary = subject.display();
    let words = "all the metrics providers are available!";
    tracing::debug!(%canary, "{words}");
    let words = format!("{}{words}", if context.dry_run { event::DRY_RUN } else { "" });
    let event = event::of(&subject.identity, "metrics", "Normal", &words, clock::now());
    context.cluster.record(canary, event).await;
}

/// The field or flag that says where a metric comes from.
fn place(subject: &Subject, index: usize, metric: &Metric) -> String {
    let named = subject.setup.metrics_server.is_some();
    match &metric.source {
        MetricSource::Template { .. } => format!("spec.analysis.metrics[{index}].templateRef"),
        MetricSource::SuccessRate
        | MetricSource::Duration
        | MetricSource::Shipped(_)
        | MetricSource::Query(_) => if named { "spec.metricsServer" } else { "--metrics-server" }.into(),
    }
}
