//! Event webhooks: hooks of type `event`, or else the controller's own (`-event-webhook`).

use std::{collections::BTreeMap, time::Duration};

use serin_core::{revision::Text, spec::HookKind};

use super::{News, event::type_of};
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
pub fn calls(news: &News<'_>, global: Option<&str>) -> Vec<Call> {
    if let Some(rollout) = news.rollout
        && rollout.hooks_of(HookKind::Event).next().is_some()
    {
        let call = |hook: &serin_core::spec::Hook| Call {
            key: hook.key.clone(),
            hook: hook.name.to_string(),
            request: request(news, hook.into(), &hook.key),
            retries: hook.retries,
        };
        return rollout.event_hooks_for(&news.notice.message).map(call).collect();
    }
    let metadata = BTreeMap::new();
    let call = |url| {
        let hook = Called { name: "events", url, timeout: TIMEOUT, insecure: false, metadata: &metadata };
        let request = request(news, hook, hook.name);
        Call { key: hook.name.into(), hook: hook.name.into(), request, retries: 0 }
    };
    global.filter(|url| !url.is_empty()).map(call).into_iter().collect()
}

fn request(news: &News<'_>, hook: Called<'_>, key: &str) -> Result<Request, Text> {
    let state = news.state;
    let moment = Moment {
        phase: news.notice.phase,
        weight: state.canary_weight,
        iterations: state.iterations,
        revision: &state.applied,
    };
    let text = news.text();
    let added = [
        ("eventMessage", text.clone()),
        ("eventType", type_of(news).into()),
        ("timestamp", news.notice.at.as_millis().to_string()),
    ];
    let id = format!("event/{}/{key}", news.notice.id);
    hook::call_of(news.subject, hook, &moment, &id, &added, &text)
}
