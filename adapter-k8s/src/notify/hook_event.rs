//! Event webhooks: hooks of type `event`, or else the controller's own (`-event-webhook`).

use std::{collections::BTreeMap, time::Duration};

use serin_core::{revision::Text, spec::HookKind};

use super::{Notification, event::type_of};
use crate::{
    hook::{self, Called, Moment},
    http::Request,
};

/// One call.
#[derive(Debug)]
pub struct Call {
    /// The hook's name.
    pub hook: String,
    /// Its name, made unique within the Canary.
    pub key: Text,
    /// What is sent, or why it cannot be.
    pub request: Result<Request, Text>,
    /// Tries after the first.
    pub retries: u32,
}

const TIMEOUT: Duration = Duration::from_secs(10);

/// The calls that tell a notice. `global` is the controller's own webhook; hooks of the Canary take its place.
#[must_use]
pub fn calls(notification: &Notification<'_>, global: Option<&str>) -> Vec<Call> {
    if let Some(rollout) = notification.rollout
        && rollout.hooks_of(HookKind::Event).next().is_some()
    {
        let call = |hook: &serin_core::spec::Hook| Call {
            key: hook.key.clone(),
            hook: hook.name.to_string(),
            request: request(notification, hook.into(), &hook.key),
            retries: hook.retries,
        };
        return rollout.event_hooks_for(&notification.notice.message).map(call).collect();
    }
    let metadata = BTreeMap::new();
    let call = |url| {
        let hook = Called { name: "events", url, timeout: TIMEOUT, insecure: false, metadata: &metadata };
        let request = request(notification, hook, hook.name);
        Call { key: hook.name.into(), hook: hook.name.into(), request, retries: 0 }
    };
    global.filter(|url| !url.is_empty()).map(call).into_iter().collect()
}

fn request(notification: &Notification<'_>, hook: Called<'_>, key: &str) -> Result<Request, Text> {
    let state = notification.state;
    let moment = Moment {
        phase: notification.notice.phase,
        weight: state.canary_weight,
        iterations: state.iterations,
        revision: &state.applied,
    };
    let text = notification.text();
    let added = [
        ("eventMessage", text.clone()),
        ("eventType", type_of(notification).into()),
        ("timestamp", notification.notice.at.as_millis().to_string()),
    ];
    let id = format!("event/{}/{key}", notification.notice.id);
    hook::call_of(notification.subject, hook, &moment, &id, &added, &text)
}
