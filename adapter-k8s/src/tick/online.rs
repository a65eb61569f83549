//! Whether the metric systems of a Canary answer. It is told when the Canary is initialised, as Flagger does, so that
//! nobody learns it from the first rollout; nothing waits for it.

use std::{collections::BTreeSet, sync::Arc};

use futures::future::join_all;
use serin_core::{
    Phase,
    revision::Text,
    spec::{Metric, MetricSource},
};

use crate::{
    clock, metrics,
    notify::event,
    tick::{ask::source, context::Context, observe::Look},
};

/// An event's message may have 1,024 characters.
const MOST_TOLD: usize = 1000;

/// Whether it has to be told of this Canary.
pub fn is_wanted(look: &Look) -> bool {
    let begins = matches!(look.state.phase, Phase::New | Phase::Initializing);
    let skips = look.subject.manifest.spec.skip_analysis == Some(true);
    begins && !skips && (*look.canary).as_ref().is_ok_and(|rollout| !rollout.metrics().is_empty())
}

/// Finds out, and tells it in an event and in the log. It goes on by itself.
pub fn tell(context: Arc<Context>, look: Look) {
    tokio::spawn(async move { ask_all(&context, &look).await });
}

async fn ask_all(context: &Context, look: &Look) {
    let Ok(rollout) = &*look.canary else { return };
    let checks = rollout.metrics().iter().enumerate().map(async |(index, metric)| {
        let why = check(context, look, metric).await.err()?;
        Some(format!("{}: {why}", place(look, index, metric)))
    });
    let failures: BTreeSet<String> = join_all(checks).await.into_iter().flatten().collect();
    let canary = look.subject.display();
    let (kind, words) = if failures.is_empty() {
        ("Normal", "all the metrics providers are available!".to_owned())
    } else {
        let failures: Vec<String> = failures.into_iter().collect();
        ("Warning", format!("Error checking metric providers: {}", failures.join("; ")))
    };
    let words: String = words.chars().take(MOST_TOLD).collect();
    match kind {
        "Normal" => tracing::debug!(%canary, "{words}"),
        _ => tracing::warn!(%canary, "{words}"),
    }
    let event = event::of(&look.subject.identity, "metrics", kind, &words, clock::now());
    if let Err(error) = context.cluster.post(event).await {
        tracing::warn!(%canary, %error, "an event was not recorded");
    }
}

async fn check(context: &Context, look: &Look, metric: &Metric) -> Result<(), Text> {
    let (source, secret) = source(context, look, metric).await?;
    metrics::answers(&context.http, &source, &secret, clock::now()).await
}

/// The field or flag that says where a metric comes from.
fn place(look: &Look, index: usize, metric: &Metric) -> String {
    let named = look.subject.manifest.spec.metrics_server.as_deref().is_some_and(|it| !it.is_empty());
    match &metric.source {
        MetricSource::Template { .. } => format!("spec.analysis.metrics[{index}].templateRef"),
        MetricSource::SuccessRate
        | MetricSource::Duration
        | MetricSource::Shipped(_)
        | MetricSource::Query(_) => if named { "spec.metricsServer" } else { "--metrics-server" }.into(),
    }
}
