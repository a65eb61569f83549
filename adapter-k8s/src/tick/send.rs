//! Notices become Kubernetes events, alerts and calls of event hooks.

use std::collections::BTreeSet;

use futures::future::join_all;
use serin_core::{
    State,
    message::{EventType, Notice, NoticeId},
    observation::FailureClass,
    question::Answer,
    revision::Text,
    spec::{Alert, AlertProvider, raw},
};

use crate::{
    hook,
    http::secret::Secret,
    kinds::ALERT_PROVIDER,
    notify::{self, Destination, Letter, News, event, hook_event},
    object::Key,
    tick::{ask::secret, context::Context, observe::Look},
};

/// Sends what one Canary has to tell, and remembers who has got it already.
#[derive(Debug, Default)]
pub struct Sender {
    done: BTreeSet<(NoticeId, String)>,
}

/// What became of one delivery.
enum Delivery {
    /// It arrived, or never will.
    Over,
    /// It may arrive next time.
    Again,
}

impl Sender {
    /// Sends notices that were saved with `state`. Returns those that everybody has got.
    pub async fn send(
        &mut self,
        context: &Context,
        look: &Look,
        state: &State,
        notices: &[Notice],
    ) -> Vec<NoticeId> {
        self.done.retain(|(id, _)| notices.iter().any(|notice| notice.id == *id));
        let mut delivered = Vec::new();
        for notice in notices {
            let news = News { subject: &look.subject, rollout: (*look.canary).as_ref().ok(), state, notice };
            if self.tell(context, &news).await {
                delivered.push(notice.id);
            }
        }
        delivered
    }

    /// Tells everybody who has not got it yet; false if somebody still has not.
    async fn tell(&mut self, context: &Context, news: &News<'_>) -> bool {
        let id = news.notice.id;
        let alerts = notify::wanted(news);
        let own = context.slack.as_ref().filter(|_| alerts.is_none());
        let calls = hook_event::calls(news, context.event_webhook.as_deref());
        let mut deliveries: Vec<(String, futures::future::BoxFuture<'_, Delivery>)> = Vec::new();
        deliveries.push(("event".into(), Box::pin(record_event(context, news))));
        for call in calls {
            deliveries.push((format!("hook/{}", call.key), Box::pin(call_hook(context, news, call))));
        }
        for alert in alerts.into_iter().flatten() {
            deliveries.push((format!("alert/{}", alert.key), Box::pin(alert_to(context, news, alert))));
        }
        if let Some(own) = own {
            deliveries.push(("alert".into(), Box::pin(write_letter(context, news, own))));
        }
        let due = deliveries.into_iter().filter(|(to, _)| !self.done.contains(&(id, to.clone())));
        let sent = join_all(due.map(async |(to, delivery)| (to, delivery.await))).await;
        let mut all = true;
        for (to, delivery) in sent {
            match delivery {
                Delivery::Over => {
                    self.done.insert((id, to));
                }
                Delivery::Again => all = false,
            }
        }
        all
    }
}

async fn record_event(context: &Context, news: &News<'_>) -> Delivery {
    let canary = news.subject.display();
    match news.notice.message.event_type() {
        EventType::Normal => tracing::info!(%canary, "{}", news.text()),
        EventType::Warning => tracing::warn!(%canary, "{}", news.text()),
    }
    let writer = context.cluster.writer().await;
    match writer.post(event::object(news)).await {
        Ok(()) => Delivery::Over,
        Err(error) if error.class == FailureClass::Refused => {
            tracing::warn!(%canary, %error, "an event was refused");
            Delivery::Over
        }
        Err(error) => {
            tracing::warn!(%canary, %error, "an event was not recorded");
            Delivery::Again
        }
    }
}

/// Event hooks have their own retries; one that fails beyond them is told in the log.
async fn call_hook(context: &Context, news: &News<'_>, call: hook_event::Call) -> Delivery {
    let said = match &call.request {
        Ok(request) => match hook::call(&context.http, request, call.retries).await {
            Answer::Deny(why) | Answer::Error(why) => Some(why),
            Answer::Pass(_) | Answer::Value(_) | Answer::NoData => None,
        },
        Err(why) => Some(why.clone()),
    };
    if let Some(why) = said {
        tracing::warn!(canary = %news.subject.display(), hook = call.hook, %why, "an event hook failed");
    }
    Delivery::Over
}

async fn alert_to(context: &Context, news: &News<'_>, alert: &Alert) -> Delivery {
    match destination(context, alert).await {
        Ok(to) => write_letter(context, news, &to).await,
        Err(why) => {
            tracing::warn!(canary = %news.subject.display(), alert = %alert.name, %why, "an alert has no receiver");
            Delivery::Over
        }
    }
}

/// Where an alert of a Canary goes.
///
/// # Errors
/// An AlertProvider or a Secret is missing or broken.
pub(super) async fn destination(context: &Context, alert: &Alert) -> Result<Destination, Text> {
    let Alert { provider: name, namespace, .. } = alert;
    let object = context.cluster.known(&Key::new(ALERT_PROVIDER, namespace, name)).await?;
    let broken = |why: String| Text::from(format!("AlertProvider {name}.{namespace}: {why}"));
    let object = object.ok_or_else(|| {
        broken("it does not exist: create it, or correct the providerRef of the alert".into())
    })?;
    let raw: raw::AlertProvider = object.parse().map_err(|error| broken(error.to_string()))?;
    let provider = AlertProvider::parse(&raw).map_err(|error| broken(error.to_string()))?;
    let secret = match provider.secret() {
        Some(name) => secret(context, namespace, name).await?,
        None => Secret::default(),
    };
    Destination::of(&provider, &secret)
}

async fn write_letter(context: &Context, news: &News<'_>, to: &Destination) -> Delivery {
    let Some((letter, broken)) = Letter::of(news, to) else { return Delivery::Over };
    let canary = news.subject.display();
    if let Some(error) = broken {
        tracing::warn!(%canary, %error, "a messageTemplate cannot be used");
    }
    match notify::send(&context.http, &letter, to).await {
        Ok(()) => Delivery::Over,
        Err(error) => {
            tracing::warn!(%canary, %error, "an alert was not sent");
            if error.is_temporary { Delivery::Again } else { Delivery::Over }
        }
    }
}
