//! Turns questions into requests: to metric servers and to hooks.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use serin_core::{
    question::{Answer, Asked, HookResult, MetricResult, Question},
    revision::Text,
    spec::{HookKind, Metric, MetricSource, MetricTemplate, Rollout, raw},
};

use crate::{
    clock, hook,
    http::secret::Secret,
    kinds::{METRIC_TEMPLATE, SECRET},
    metrics::{self, Source},
    object::{Key, Object, text_map},
    subject::Subject,
    tick::{context::Context, observe::Snapshot},
};

/// Finds the answer to one question. If it cannot be asked, the answer is an error, whose meaning the policy defines.
pub async fn ask(context: Arc<Context>, snapshot: Arc<Snapshot>, question: Question) -> Answer {
    let of = &question.id.of;
    let Ok(rollout) = &*snapshot.canary else { return Answer::error(of, "the Canary is invalid") };
    match of {
        Asked::Metric(key) => match rollout.metrics().iter().find(|metric| metric.key == *key) {
            Some(metric) => {
                measure(&context, &snapshot, metric).await.unwrap_or_else(MetricResult::Error).into()
            }
            None => Answer::error(of, format!("there is no metric {key}")),
        },
        Asked::Hook(key) => call(&context, &snapshot, rollout, key, &question).await.into(),
    }
}

async fn measure(context: &Context, snapshot: &Snapshot, metric: &Metric) -> Result<MetricResult, Text> {
    let (source, secret) = source(context, &snapshot.subject, metric).await?;
    Ok(metrics::ask(&context.systems_of(&snapshot.subject), &source, &secret, clock::now()).await)
}

/// The query of a metric, and its credentials.
///
/// # Errors
/// A template or a Secret is missing or invalid.
pub(super) async fn source(
    context: &Context,
    subject: &Subject,
    metric: &Metric,
) -> Result<(Source, Secret), Text> {
    let template = match &metric.source {
        MetricSource::Template { namespace, name } => template(context, namespace, name).await?,
        MetricSource::SuccessRate
        | MetricSource::Duration
        | MetricSource::Shipped(_)
        | MetricSource::Query(_) => None,
    };
    let source = Source::of(subject, metric, template.as_ref())?;
    let secret = match &source.secret {
        Some((namespace, name)) => secret(context, namespace, name).await?,
        None => Secret::default(),
    };
    Ok((source, secret))
}

async fn template(context: &Context, namespace: &str, name: &str) -> Result<Option<MetricTemplate>, Text> {
    let object = context.cluster.known(&Key::new(METRIC_TEMPLATE, namespace, name)).await?;
    let Some(object) = object else { return Ok(None) };
    let broken = |why: String| Text::from(format!("MetricTemplate {name}.{namespace}: {why}"));
    let raw: raw::MetricTemplate = object.parse().map_err(|error| broken(error.to_string()))?;
    MetricTemplate::parse(&raw).map(Some).map_err(|error| broken(error.to_string()))
}

/// A Secret that another object refers to.
///
/// # Errors
/// It does not exist, or cannot be read.
pub(crate) async fn secret(context: &Context, namespace: &str, name: &str) -> Result<Secret, Text> {
    match context.cluster.credentials(&Key::new(SECRET, namespace, name)).await? {
        Some(object) => Ok(Secret::new(keys(&object))),
        None => Err(format!(
            "Secret {name}.{namespace} does not exist: create it, or correct the secretRef that names it"
        )
        .into()),
    }
}

async fn call(
    context: &Context,
    snapshot: &Snapshot,
    rollout: &Rollout,
    key: &str,
    question: &Question,
) -> HookResult {
    let Some(hook) = rollout.hooks().iter().find(|hook| *hook.key == *key) else {
        return HookResult::Deny(format!("there is no webhook {key}").into());
    };
    if context.dry_run {
        tracing::info!(canary = %snapshot.subject.display(), "dry-run: would call {} hook {}", hook.kind, hook.name);
        return pretended(hook.kind);
    }
    match hook::request(&snapshot.subject, hook, question) {
        Ok(request) => hook::call(&context.http_of(&snapshot.subject), &request, hook.retries).await,
        Err(why) => HookResult::Deny(why),
    }
}

/// The answer of a hook that is not called: it passes. A hook that is polled for a rollback denies, because passing
/// would trigger one.
fn pretended(kind: HookKind) -> HookResult {
    let said = Text::from("dry-run");
    if kind == HookKind::RollbackTrigger { HookResult::Deny(said) } else { HookResult::Pass(said) }
}

/// The texts of a Secret, decoded. Values that are not text are left out, because credentials are text.
fn keys(secret: &Object) -> Vec<(String, String)> {
    let data = text_map(secret.at("/data"));
    let decoded = |value: &String| String::from_utf8(STANDARD.decode(value).ok()?).ok();
    data.iter().filter_map(|(key, value)| Some((key.clone(), decoded(value)?))).collect()
}
