//! The `Promoted` condition: a phase as Kubernetes tools read it.

use alloc::string::ToString;

use serde::{Deserialize, Serialize};

use super::State;
use crate::{phase::Phase, revision::Text, time::Timestamp};

/// Flagger's only condition. Its CRD asks for type, status and reason; the rest is read where it is.
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
    #[serde(default)]
    pub message: Text,
    /// When any of this changed.
    #[serde(default)]
    pub last_update_time: Timestamp,
    /// When `status` changed.
    #[serde(default)]
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
        let (status, message) = meaning(state.phase);
        let kind = if state.shape.kind.is_empty() { "Deployment" } else { &state.shape.kind };
        // Most saves change nothing of it, which is found without writing it.
        if let Some(old) = &state.condition
            && state.stall.is_none()
            && state.trouble.is_none()
            && *old.reason == *state.phase.name()
            && is_filled(message, kind, &old.message)
        {
            return old.clone();
        }
        let message = match (&state.stall, &state.trouble) {
            (Some(stall), _) => stall.on.to_string(),
            (None, Some(trouble)) => alloc::format!("{}: {}", trouble.command, trouble.error),
            (None, None) => message.replace(PLACE, kind),
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

/// Where the kind of the target stands in a message.
const PLACE: &str = "{}";

/// Whether a text is this message with the kind in its place.
fn is_filled(message: &str, kind: &str, text: &str) -> bool {
    let (before, behind) = match message.split_once(PLACE) {
        Some((before, behind)) => (before, Some(behind)),
        None => (message, None),
    };
    let rest = text.strip_prefix(before);
    match behind {
        Some(behind) => rest.and_then(|rest| rest.strip_prefix(kind)) == Some(behind),
        None => rest == Some(""),
    }
}

fn meaning(phase: Phase) -> (ConditionStatus, &'static str) {
    use ConditionStatus::{False, True, Unknown};
    match phase {
        Phase::New | Phase::Initializing => (Unknown, "New {} detected, starting initialization."),
        Phase::Initialized => (True, "{} initialization completed."),
        Phase::Waiting | Phase::WaitingPromotion => (Unknown, "Waiting for approval."),
        Phase::Progressing => (Unknown, "New revision detected, progressing canary analysis."),
        Phase::Promoting => (Unknown, "Canary analysis completed, starting primary rolling update."),
        Phase::Finalising => (Unknown, "Canary analysis completed, routing all traffic to primary."),
        Phase::Succeeded => (True, "Canary analysis completed successfully, promotion finished."),
        Phase::Failed => (False, "Canary analysis failed, {} scaled to zero."),
        Phase::Terminating => (Unknown, "{} is taking over again, the Canary is being deleted."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_crd_does_not_ask_for_may_be_missing() {
        let written = r#"{"type": "Promoted", "status": "True", "reason": "Succeeded"}"#;
        let read: Condition = serde_json::from_str(written).unwrap();
        assert_eq!((read.status, &*read.reason, &*read.message), (ConditionStatus::True, "Succeeded", ""));
        assert_eq!(read.last_transition_time, Timestamp::default());
        assert!(serde_json::from_str::<Condition>(r#"{"type": "Promoted", "status": "True"}"#).is_err());
    }

    #[test]
    fn a_message_is_known_again_by_its_kind() {
        for phase in Phase::ALL {
            let message = meaning(phase).1;
            let text = message.replace(PLACE, "DaemonSet");
            assert!(is_filled(message, "DaemonSet", &text), "{text}");
            assert_eq!(is_filled(message, "Deployment", &text), !message.contains(PLACE), "{text}");
            assert!(!is_filled(message, "DaemonSet", &text[1..]) && !is_filled(message, "DaemonSet", ""));
        }
    }
}
