//! The `Promoted` condition: a phase as Kubernetes tools read it.

use alloc::string::{String, ToString};

use serde::{Deserialize, Serialize};

use super::State;
use crate::{phase::Phase, revision::Text, time::Timestamp};

/// Flagger's only condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["type", "status", "reason"])))]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Always `Promoted`.
    pub r#type: Text,
    /// Whether the target's revision serves.
    #[cfg_attr(feature = "schemars", schemars(with = "Text"))]
    pub status: ConditionStatus,
    /// The phase.
    pub reason: Text,
    /// A sentence; names what holds the Canary up, if anything does.
    pub message: Text,
    /// When any of this changed.
    pub last_update_time: Timestamp,
    /// When `status` changed.
    pub last_transition_time: Timestamp,
}

/// Kubernetes' three states of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It is not known yet.
    Unknown,
}

impl Condition {
    /// The condition that a state has at `now`, given the one it had.
    pub(super) fn of(state: &State, now: Timestamp) -> Self {
        let (status, message) = meaning(state.phase, &state.shape.kind);
        let message = match (&state.stall, &state.trouble) {
            (Some(stall), _) => stall.on.to_string(),
            (None, Some(trouble)) => alloc::format!("{}: {}", trouble.command, trouble.error),
            (None, None) => message,
        };
        let now = now.whole_second();
        let transition = match &state.condition {
            Some(old) if old.status == status => old.last_transition_time,
            _ => now,
        };
        let new = Self {
            r#type: "Promoted".into(),
            status,
            reason: state.phase.name().into(),
            message: message.into(),
            last_update_time: now,
            last_transition_time: transition,
        };
        match &state.condition {
            Some(old) if old.reason == new.reason && old.message == new.message => old.clone(),
            _ => new,
        }
    }
}

fn meaning(phase: Phase, kind: &str) -> (ConditionStatus, String) {
    use ConditionStatus::{False, True, Unknown};
    let (status, text) = match phase {
        Phase::New | Phase::Initializing => (Unknown, "New {} detected, starting initialization."),
        Phase::Initialized => (True, "{} initialization completed."),
        Phase::Waiting | Phase::WaitingPromotion => (Unknown, "Waiting for approval."),
        Phase::Progressing => (Unknown, "New revision detected, progressing canary analysis."),
        Phase::Promoting => (Unknown, "Canary analysis completed, starting primary rolling update."),
        Phase::Finalising => (Unknown, "Canary analysis completed, routing all traffic to primary."),
        Phase::Succeeded => (True, "Canary analysis completed successfully, promotion finished."),
        Phase::Failed => (False, "Canary analysis failed, {} scaled to zero."),
        Phase::Terminating => (Unknown, "{} is taking over again, the Canary is being deleted."),
    };
    (status, text.replace("{}", if kind.is_empty() { "Deployment" } else { kind }))
}
