//! Turns notices into Kubernetes events, alerts and calls of event hooks.
//!
//! Each receiver has its own queue: it gets one notice after the other, in order, and waits for no other receiver.
//! Nothing else waits for receivers, either.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use serin_core::{
    State,
    message::{EventType, Notice, NoticeId},
    observation::FailureClass,
    question::HookResult,
    revision::Text,
    spec::{Alert, AlertProvider, raw},
};
use tokio::{
    task::{Id, JoinSet},
    time::timeout,
};

use crate::{
    hook,
    http::{Http, secret::Secret},
    kinds::ALERT_PROVIDER,
    notify::{self, AlertMessage, Destination, Notification, Wanted, event, hook_event},
    object::{Key, Object},
    tick::{ask::secret, context::Context, observe::Snapshot},
};

/// The timeout for one notice to one receiver, including retries. After that it is abandoned, so that the next notices
/// are sent.
pub(super) const DELIVERY_TIMEOUT: Duration = Duration::from_secs(600);

/// Sends notices to the receivers of one Canary, and remembers which receiver got which.
#[derive(Debug, Default)]
pub struct Sender {
    /// The receivers that have not got a notice yet.
    owed: BTreeMap<NoticeId, BTreeSet<String>>,
    /// Deliveries that failed since [`Self::retry_failed`].
    tried: BTreeSet<(NoticeId, String)>,
    /// The delivery that is under way for each receiver.
    lanes: BTreeMap<String, (Id, NoticeId)>,
    telling: JoinSet<Delivery>,
}

/// The result of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It was delivered, or never will be.
    Over,
    /// Another try can succeed.
    Again,
}

impl Sender {
    /// Failed deliveries can be tried again.
    pub(super) fn retry_failed(&mut self) {
        self.tried.clear();
    }

    /// Starts to send each idle receiver the first notice that it did not get yet. The notices were saved with `state`.
    pub(super) fn begin(
        &mut self,
        context: &Arc<Context>,
        snapshot: &Arc<Snapshot>,
        state: &Arc<State>,
        notices: &[Notice],
    ) {
        self.begin_with(notices, |notice| {
            deliveries(
                context,
                &Tidings { snapshot: snapshot.clone(), state: state.clone(), notice: notice.clone() },
            )
        });
    }

    fn begin_with(
        &mut self,
        notices: &[Notice],
        deliveries: impl Fn(&Notice) -> BTreeMap<String, BoxFuture<'static, Delivery>>,
    ) {
        self.owed.retain(|id, _| notices.iter().any(|notice| notice.id == *id));
        for notice in notices {
            let id = notice.id;
            let is_next =
                |to: &String| !self.lanes.contains_key(to) && !self.tried.contains(&(id, to.clone()));
            if self.owed.get(&id).is_some_and(|owed| !owed.iter().any(is_next)) {
                continue;
            }
            let mut deliveries = deliveries(notice);
            let owed = self.owed.entry(id).or_insert_with(|| deliveries.keys().cloned().collect());
            // A receiver that the Canary no longer names gets nothing any more.
            owed.retain(|to| deliveries.contains_key(to) || self.lanes.contains_key(to));
            for to in owed.iter() {
                if !self.lanes.contains_key(to)
                    && !self.tried.contains(&(id, to.clone()))
                    && let Some(delivery) = deliveries.remove(to)
                {
                    let task = self.telling.spawn(delivery);
                    self.lanes.insert(to.clone(), (task.id(), id));
                }
            }
        }
    }

    /// Whether a delivery is under way.
    pub(super) fn is_sending(&self) -> bool {
        !self.lanes.is_empty()
    }

    /// Waits until a delivery has ended; without end if none is under way.
    pub(super) async fn next(&mut self) -> Delivery {
        let Some(ended) = self.telling.join_next_with_id().await else {
            self.lanes.clear();
            return std::future::pending().await;
        };
        let (task, delivery) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "a delivery failed, and is tried again");
                (error.id(), Delivery::Again)
            }
        };
        let lane = self.lanes.iter().find(|(_, (id, _))| *id == task);
        if let Some((to, (_, notice))) = lane.map(|(to, lane)| (to.clone(), *lane)) {
            self.lanes.remove(&to);
            match (delivery, self.owed.get_mut(&notice)) {
                (Delivery::Over, Some(owed)) => drop(owed.remove(&to)),
                (Delivery::Again, Some(_)) => drop(self.tried.insert((notice, to))),
                (Delivery::Over | Delivery::Again, None) => {}
            }
        }
        delivery
    }

    /// The notices that all receivers got.
    pub(super) fn delivered(&self, notices: &[Notice]) -> Vec<NoticeId> {
        let ids = notices.iter().map(|notice| notice.id);
        ids.filter(|id| self.owed.get(id).is_some_and(BTreeSet::is_empty)).collect()
    }

    /// Waits until all deliveries have ended.
    pub(super) async fn finish(&mut self) {
        while self.is_sending() {
            self.next().await;
        }
    }
}

/// A notice with its context, kept while it is sent.
struct Tidings {
    snapshot: Arc<Snapshot>,
    state: Arc<State>,
    notice: Notice,
}

impl Tidings {
    fn notification(&self) -> Notification<'_> {
        let Self { snapshot, state, notice } = self;
        Notification { subject: &snapshot.subject, rollout: (*snapshot.canary).as_ref().ok(), state, notice }
    }
}

/// The receivers of a notice, and their deliveries. Nothing is sent before a delivery is awaited.
fn deliveries(context: &Arc<Context>, tidings: &Tidings) -> BTreeMap<String, BoxFuture<'static, Delivery>> {
    let notification = tidings.notification();
    let canary = notification.subject.display();
    let mut all: BTreeMap<String, BoxFuture<'static, Delivery>> = BTreeMap::new();
    let (kind, text) = (notification.notice.message.event_type(), notification.text());
    all.insert(
        "event".into(),
        Box::pin(record_event(context.clone(), canary.clone(), kind, text, event::object(&notification))),
    );
    for call in hook_event::calls(&notification, context.event_webhook.as_deref()) {
        let to = format!("hook/{}", call.key);
        all.insert(to, Box::pin(call_hook(context.http_of(notification.subject), canary.clone(), call)));
    }
    let alerts = notify::wanted(&notification);
    let is_own = alerts.is_none() && context.slack.is_some();
    let delivery = |alert: Option<Wanted>| {
        let Tidings { snapshot, state, notice } = tidings;
        let tidings = Tidings { snapshot: snapshot.clone(), state: state.clone(), notice: notice.clone() };
        Box::pin(alert_to(context.clone(), tidings, alert))
    };
    if is_own {
        all.insert("alert".into(), delivery(None));
    }
    for wanted in alerts.into_iter().flatten() {
        all.insert(format!("alert/{}", wanted.alert.key), delivery(Some(wanted)));
    }
    all
}

async fn record_event(
    context: Arc<Context>,
    canary: Text,
    kind: EventType,
    text: String,
    event: Object,
) -> Delivery {
    match kind {
        EventType::Normal => tracing::info!(%canary, "{text}"),
        EventType::Warning => tracing::warn!(%canary, "{text}"),
    }
    let writer = context.cluster.writer().await;
    match writer.post(event).await {
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

/// Event hooks have their own retries; if those fail, too, it is logged.
async fn call_hook(http: Http, canary: Text, call: hook_event::Call) -> Delivery {
    let said = match &call.request {
        Ok(request) => match timeout(DELIVERY_TIMEOUT, hook::call(&http, request, call.retries)).await {
            Ok(HookResult::Deny(why) | HookResult::Error(why)) => Some(why),
            Ok(HookResult::Pass(_)) => None,
            Err(_) => Some(format!("not delivered within {DELIVERY_TIMEOUT:?}, including retries").into()),
        },
        Err(why) => Some(why.clone()),
    };
    if let Some(why) = said {
        tracing::warn!(%canary, hook = call.hook, %why, "an event hook failed");
    }
    Delivery::Over
}

/// Sends an alert to the Canary's receiver, or else to the controller's own.
async fn alert_to(context: Arc<Context>, tidings: Tidings, wanted: Option<Wanted>) -> Delivery {
    let notification = tidings.notification();
    let to = match (&wanted, &context.slack) {
        (Some(wanted), _) => destination(&context, &wanted.alert).await,
        (None, Some(own)) => Ok(own.clone()),
        (None, None) => return Delivery::Over,
    };
    let only_closes = wanted.as_ref().is_some_and(|wanted| wanted.only_closes);
    match to {
        Ok(to) if only_closes && !to.system.keeps_open() => Delivery::Over,
        Ok(to) => send_alert(&context, &notification, &to).await,
        Err(why) => {
            let name = wanted.map_or_else(Text::default, |wanted| wanted.alert.name);
            tracing::warn!(canary = %notification.subject.display(), alert = %name, %why, "an alert has no receiver");
            Delivery::Over
        }
    }
}

/// The destination of an alert of a Canary.
///
/// # Errors
/// An AlertProvider or a Secret is missing or invalid.
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

async fn send_alert(context: &Context, notification: &Notification<'_>, to: &Destination) -> Delivery {
    let Some((message, broken)) = AlertMessage::of(notification, to) else { return Delivery::Over };
    let canary = notification.subject.display();
    if let Some(error) = broken {
        tracing::warn!(%canary, %error, "a messageTemplate cannot be used");
    }
    match notify::send(&context.http_of(notification.subject), &message, to).await {
        Ok(()) => Delivery::Over,
        Err(error) => {
            tracing::warn!(%canary, %error, "an alert was not sent");
            if error.is_temporary { Delivery::Again } else { Delivery::Over }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serin_core::{Phase, Timestamp, message::Message};

    use super::*;

    fn notice(seq: u64) -> Notice {
        let id = NoticeId { seq, index: 0 };
        Notice { id, at: Timestamp::default(), phase: Phase::Initialized, message: Message::Initialized }
    }

    #[tokio::test]
    async fn a_slow_receiver_delays_no_other_and_gets_everything_in_order() {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let deliveries = |notice: &Notice| {
            let seq = notice.id.seq;
            let one = |to: &'static str, waits: bool| -> (String, BoxFuture<'static, Delivery>) {
                let (sent, gate) = (sent.clone(), gate.clone());
                let delivery = async move {
                    if waits {
                        gate.acquire().await.unwrap().forget();
                    }
                    sent.lock().unwrap().push((to, seq));
                    Delivery::Over
                };
                (to.into(), Box::pin(delivery))
            };
            BTreeMap::from([one("event", false), one("slow", true)])
        };
        let notices = [notice(1), notice(2)];
        let mut sender = Sender::default();
        for _ in 0..2 {
            sender.begin_with(&notices, deliveries);
            assert_eq!(sender.next().await, Delivery::Over);
        }
        assert_eq!(*sent.lock().unwrap(), [("event", 1), ("event", 2)]);
        assert_eq!(sender.delivered(&notices), []);
        gate.add_permits(2);
        for seq in [1, 2] {
            sender.begin_with(&notices, deliveries);
            sender.next().await;
            assert_eq!(sent.lock().unwrap().last(), Some(&("slow", seq)));
        }
        assert_eq!(sender.delivered(&notices), [notice(1).id, notice(2).id]);
        sender.begin_with(&notices, deliveries);
        assert!(!sender.is_sending(), "no notice is sent twice");
    }

    #[tokio::test]
    async fn a_failed_delivery_is_retried_and_a_removed_receiver_is_not_waited_for() {
        let fails = |_: &Notice| -> BTreeMap<String, BoxFuture<'static, Delivery>> {
            BTreeMap::from([(
                "alert".to_owned(),
                Box::pin(async { Delivery::Again }) as BoxFuture<'static, _>,
            )])
        };
        let (mut sender, notices) = (Sender::default(), [notice(1)]);
        for _ in 0..2 {
            sender.retry_failed();
            sender.begin_with(&notices, fails);
            assert_eq!(sender.next().await, Delivery::Again);
            sender.begin_with(&notices, fails);
            assert!(!sender.is_sending(), "once at a time");
            assert_eq!(sender.delivered(&notices), []);
        }
        sender.retry_failed();
        sender.begin_with(&notices, |_| BTreeMap::new());
        assert_eq!(sender.delivered(&notices), [notice(1).id]);
    }
}
