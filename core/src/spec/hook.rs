//! Webhooks: what is called, when, and how its answer is read.

use alloc::{collections::BTreeMap, format, string::String, sync::Arc};
use core::{fmt, time::Duration};

use super::{
    Rollout,
    parse::Problems,
    raw::{self, Number},
};
use crate::{
    message::{EVENT_NAMES, Message},
    revision::Text,
    time::parse_duration,
};

/// One webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its name.
    pub name: Text,
    /// Its name, made unique within the Canary: a run remembers it by this key.
    pub key: Text,
    /// When it is called and what its answer means.
    pub kind: HookKind,
    /// Its URL.
    pub url: Text,
    /// Timeout of one attempt.
    pub timeout: Duration,
    /// Attempts after the first.
    pub retries: u32,
    /// For a gate: how long it may stay closed.
    pub deadline: Option<Duration>,
    /// Send no alert when it denies.
    pub mute_alert: bool,
    /// Do not verify its certificate.
    pub disable_tls: bool,
    /// Sent with the call.
    pub metadata: Arc<BTreeMap<String, String>>,
    after_success: Option<bool>,
    after_failure: Option<bool>,
}

/// When a webhook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookKind {
    /// Gate: before a new revision is scaled up.
    ConfirmRollout,
    /// Before the first request reaches the canary; failing counts as a failed check.
    PreRollout,
    /// With every check; failing counts as a failed check.
    Rollout,
    /// Gate: before each step of a weighted rollout.
    ConfirmTrafficIncrease,
    /// Gate: before promotion.
    ConfirmPromotion,
    /// After the run.
    PostRollout,
    /// Polled during a run: if it passes, the run is rolled back.
    RollbackTrigger,
    /// Called when a rollback has happened.
    RollbackAction,
    /// Receives every event.
    Event,
}

impl HookKind {
    /// Every name in a manifest.
    pub const NAMES: [&str; 8] = [
        "confirm-rollout",
        "pre-rollout",
        "rollout",
        "confirm-traffic-increase",
        "confirm-promotion",
        "post-rollout",
        "rollback",
        "event",
    ];

    /// Whether the next move waits until the hook passes.
    #[must_use]
    pub const fn is_gate(self) -> bool {
        matches!(self, Self::ConfirmRollout | Self::ConfirmTrafficIncrease | Self::ConfirmPromotion)
    }

    /// The name in a manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConfirmRollout => "confirm-rollout",
            Self::PreRollout => "pre-rollout",
            Self::Rollout => "rollout",
            Self::ConfirmTrafficIncrease => "confirm-traffic-increase",
            Self::ConfirmPromotion => "confirm-promotion",
            Self::PostRollout => "post-rollout",
            Self::RollbackTrigger | Self::RollbackAction => "rollback",
            Self::Event => "event",
        }
    }
}

impl fmt::Display for HookKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How a run ended, as far as hooks distinguish it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOn {
    /// Promoted.
    Success,
    /// Rolled back.
    RolledBack,
    /// Promoted, but the primary never got ready.
    FailedPromotion,
}

impl Hook {
    /// Whether this post-rollout hook is called after such an end.
    ///
    /// As `runOn` says. Without it, the hook is called after both ends, unless the Canary has a rollback hook that is
    /// called on rollback: that one undoes what the release did, so cleaning up after it would be wrong.
    #[must_use]
    pub fn runs_on(&self, ended: RunOn, rollout: &Rollout) -> bool {
        match ended {
            RunOn::Success => self.after_success.unwrap_or(true),
            RunOn::RolledBack | RunOn::FailedPromotion => self
                .after_failure
                .unwrap_or_else(|| rollout.hooks_of(HookKind::RollbackAction).next().is_none()),
        }
    }

    /// Whether an event hook wants this event: the event that its `metadata.eventType` names, or every event if it
    /// names none.
    #[must_use]
    pub fn wants(&self, message: &Message) -> bool {
        let named = self.metadata.get("eventType").filter(|name| EVENT_NAMES.contains(&name.as_str()));
        named.is_none_or(|name| message.is_named(name))
    }

    /// Whether the reading of this rollback hook follows from its path rather than from `mode`.
    #[must_use]
    pub fn polls_by_path(url: &str) -> bool {
        let path = url.split(['?', '#']).next().unwrap_or(url);
        path.trim_end_matches('/').ends_with("/rollback/check")
    }

    pub(super) fn parse(raw: &raw::Webhook, problems: &mut Problems<'_>) -> Option<Self> {
        if raw.name.is_empty() {
            problems.add("name", "is required");
        }
        if !(raw.url.starts_with("http://") || raw.url.starts_with("https://")) {
            problems.add("url", "must begin with http:// or https://");
        }
        let timeout = match raw.timeout.as_deref().filter(|text| !text.is_empty()) {
            None => Duration::from_secs(10),
            Some(text) => problems.check("timeout", parse_duration(text)).unwrap_or_default(),
        };
        let retries =
            raw.retries.unwrap_or(Number::Whole(0)).whole().and_then(|count| u32::try_from(count).ok());
        if retries.is_none() {
            problems.add("retries", "must be a count of attempts, 0 or more");
        }
        let (after_success, after_failure) = run_on(raw, problems);
        let kind = kind(raw, problems);
        Some(Self {
            name: raw.name.as_str().into(),
            key: raw.name.as_str().into(),
            kind: kind?,
            url: raw.url.as_str().into(),
            timeout,
            retries: retries.unwrap_or(0),
            deadline: deadline(raw, kind, problems),
            mute_alert: raw.mute_alert == Some(true),
            disable_tls: raw.disable_tls == Some(true),
            metadata: Arc::new(raw.metadata.clone()),
            after_success,
            after_failure,
        })
    }
}

fn deadline(raw: &raw::Webhook, kind: Option<HookKind>, problems: &mut Problems<'_>) -> Option<Duration> {
    let text = raw.deadline.as_deref().filter(|text| !text.is_empty())?;
    if kind.is_some_and(|kind| !kind.is_gate()) {
        problems.add(
            "deadline",
            "is for hooks of type confirm-rollout, confirm-traffic-increase and confirm-promotion",
        );
    }
    let deadline = problems.check("deadline", parse_duration(text))?;
    if deadline.is_zero() {
        problems.add("deadline", "must be longer than 0s; leave it out where the gate may stay closed");
    }
    Some(deadline)
}

fn kind(raw: &raw::Webhook, problems: &mut Problems<'_>) -> Option<HookKind> {
    let mode = raw.mode.as_deref();
    let kind = match raw.r#type.as_deref().unwrap_or_default() {
        "" | "rollout" => HookKind::Rollout,
        "confirm-rollout" => HookKind::ConfirmRollout,
        "pre-rollout" => HookKind::PreRollout,
        "confirm-traffic-increase" => HookKind::ConfirmTrafficIncrease,
        "confirm-promotion" => HookKind::ConfirmPromotion,
        "post-rollout" => HookKind::PostRollout,
        "event" => HookKind::Event,
        "rollback" => match mode {
            Some("trigger") => HookKind::RollbackTrigger,
            Some("action") => HookKind::RollbackAction,
            None if Hook::polls_by_path(&raw.url) => HookKind::RollbackTrigger,
            None => HookKind::RollbackAction,
            Some(_) => {
                problems.add("mode", "must be trigger or action");
                return None;
            }
        },
        _ => {
            problems.add("type", &format!("must be one of {}", HookKind::NAMES.join(", ")));
            return None;
        }
    };
    if mode.is_some() && !matches!(kind, HookKind::RollbackTrigger | HookKind::RollbackAction) {
        problems.add("mode", "is for hooks of type rollback only");
    }
    Some(kind)
}

fn run_on(raw: &raw::Webhook, problems: &mut Problems<'_>) -> (Option<bool>, Option<bool>) {
    let Some(list) = &raw.run_on else { return (None, None) };
    if raw.r#type.as_deref() != Some("post-rollout") {
        problems.add("runOn", "is for hooks of type post-rollout only");
    }
    if list.is_empty() || list.iter().any(|end| end != "success" && end != "failure") {
        problems.add("runOn", "must list success, failure or both");
    }
    let has = |end: &str| Some(list.iter().any(|listed| listed == end));
    (has("success"), has("failure"))
}
