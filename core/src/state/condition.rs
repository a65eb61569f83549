//! The `Promoted` condition: a phase as Kubernetes tools read it.

use alloc::{string::String, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    State,
    details::{self, Details},
};
use crate::{phase::Phase, revision::Text, time::Timestamp};

/// Flagger's only condition. Its CRD requires type, status and reason; the other fields are read if they are present.
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
    /// A text that says what blocks the Canary, if anything does, and what else is wrong.
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
    /// The condition of a state at `now`, given the previous one.
    pub(super) fn of(state: &State, details: Details<'_>, now: Timestamp) -> Arc<Self> {
        let (status, meaning) = meaning(state);
        let kind = if state.topology.kind.is_empty() { "Deployment" } else { &state.topology.kind };
        // Most saves do not change it, which is found without formatting it.
        if let Some(old) = &state.condition
            && state.stall.is_none()
            && state.trouble.is_none()
            && state.concern.is_none()
            && Details::is_empty(state)
            && *old.reason == *state.phase.name()
            && meaning.is(kind, &old.message)
        {
            return old.clone();
        }
        let message = match (&state.stall, &state.trouble) {
            (Some(stall), _) => stall.on.text(&state.topology, details.namespace()),
            (None, Some(trouble)) => alloc::format!("{}: {}", trouble.command, trouble.error),
            (None, None) => meaning.text(kind),
        };
        let mut sentences = details.sentences(state);
        sentences.insert(0, message);
        sentences.extend(state.concern.as_deref().map(Into::into));
        let message = in_a_row(&sentences);
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
            _ => Arc::new(new),
        }
    }
}

/// Sentences in sequence, each with a full stop.
fn in_a_row(sentences: &[String]) -> String {
    let mut text = String::new();
    for (i, sentence) in sentences.iter().enumerate() {
        text.push_str(sentence);
        if i + 1 < sentences.len() {
            text.push_str(if sentence.ends_with('.') { " " } else { ". " });
        }
    }
    text
}

/// The meaning of a phase, as text.
enum Meaning {
    Text(&'static str),
    /// These two parts, with the kind of the target between them.
    Around(&'static str, &'static str),
}

impl Meaning {
    fn text(&self, kind: &str) -> String {
        match self {
            Self::Text(text) => (*text).into(),
            Self::Around(before, behind) => [before, kind, behind].concat(),
        }
    }

    fn is(&self, kind: &str, text: &str) -> bool {
        match self {
            Self::Text(meant) => text == *meant,
            Self::Around(before, behind) => {
                let rest = text.strip_prefix(before);
                rest.and_then(|rest| rest.strip_prefix(kind)) == Some(behind)
            }
        }
    }
}

fn meaning(state: &State) -> (ConditionStatus, Meaning) {
    if details::holds(state) {
        let text = "Canary promotion failed, whichever copy is ready serves until the primary does.";
        return (ConditionStatus::False, Meaning::Text(text));
    }
    meaning_of(state.phase)
}

fn meaning_of(phase: Phase) -> (ConditionStatus, Meaning) {
    use ConditionStatus::{False, True, Unknown};
    use Meaning::{Around, Text};
    match phase {
        Phase::New | Phase::Initializing => (Unknown, Around("New ", " detected, starting initialization.")),
        Phase::Initialized => (True, Around("", " initialization completed.")),
        Phase::Waiting | Phase::WaitingPromotion => (Unknown, Text("Waiting for approval.")),
        Phase::Progressing => (Unknown, Text("New revision detected, progressing canary analysis.")),
        Phase::Promoting => (Unknown, Text("Canary analysis completed, starting primary rolling update.")),
        Phase::Finalising => (Unknown, Text("Canary analysis completed, routing all traffic to primary.")),
        Phase::Succeeded => (True, Text("Canary analysis completed successfully, promotion finished.")),
        Phase::Failed => (False, Around("Canary analysis failed, ", " scaled to zero.")),
        Phase::Terminating => (Unknown, Around("", " is taking over again, the Canary is being deleted.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_fields_of_the_condition_may_be_missing() {
        let written = r#"{"type": "Promoted", "status": "True", "reason": "Succeeded"}"#;
        let read: Condition = serde_json::from_str(written).unwrap();
        assert_eq!((read.status, &*read.reason, &*read.message), (ConditionStatus::True, "Succeeded", ""));
        assert_eq!(read.last_transition_time, Timestamp::default());
        assert!(serde_json::from_str::<Condition>(r#"{"type": "Promoted", "status": "True"}"#).is_err());
    }

    #[test]
    fn a_message_is_recognized_by_its_kind() {
        for phase in Phase::ALL {
            let meaning = meaning_of(phase).1;
            let text = meaning.text("DaemonSet");
            assert!(meaning.is("DaemonSet", &text), "{text}");
            assert_eq!(meaning.is("Deployment", &text), matches!(meaning, Meaning::Text(_)), "{text}");
            assert!(!meaning.is("DaemonSet", &text[1..]) && !meaning.is("DaemonSet", ""));
        }
    }
}
