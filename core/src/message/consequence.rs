//! What an alert about trouble says besides its sentence: the reason, and what is done about it.

use alloc::{format, string::String};

use super::Message;

/// A reason, and what is done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// Why the alert is sent: of a metric with its value and its bound.
    pub reason: String,
    /// What Serin does.
    pub action: String,
}

impl Message {
    /// The reason of an alert and what is done about it; `None` of good news, and of what is no alert.
    #[must_use]
    pub fn consequence(&self) -> Option<Consequence> {
        let (reason, action) = match self {
            Self::GateClosed { kind, hook, muted: false, .. } => {
                (format!("{} gate {hook} is closed", kind.0), "the release waits until it opens")
            }
            Self::CheckFailed { finding, threshold, first: true, .. } => {
                let action = format!("none yet: {threshold} failed checks roll back");
                return Some(Consequence { reason: format!("{finding}"), action });
            }
            Self::Late { .. } => ("it takes more than twice its plan".into(), "none: the run continues"),
            Self::AnalysedInPlace(_) => {
                ("the primary is not ready".into(), "the revision is analysed with all users on it")
            }
            Self::CanaryLeft { why, again: false } => (format!("{why}"), "all users go to the primary"),
            Self::RollingBack(cause) => {
                (format!("{cause}"), "rolled back: all users go to the primary, the canary is scaled down")
            }
            Self::Rejected { cause, .. } => (format!("{cause}"), "the revision is not rolled out"),
            Self::PrimaryDown { why } => (format!("{why}"), "none: the canary is not trusted yet"),
            Self::Contested { times, again: false, .. } => {
                (format!("other changes were undone {times} times"), "they are undone again, more slowly")
            }
            Self::PromotionFailed { why } => (format!("{why}"), "users stay on the copy that is ready"),
            Self::CommandStillFails { error, .. } => (format!("{error}"), "it is tried again"),
            Self::Stalled(obstacle) => (format!("{obstacle}"), "nothing advances until this is over"),
            Self::OwedHookFailed { hook, given_up: true, .. } => {
                (format!("hook {hook} failed"), "it is not called again")
            }
            Self::TakenOver
            | Self::RollbackHooks { .. }
            | Self::Initialized
            | Self::NewRevision(_)
            | Self::Restarted(_)
            | Self::Withdrawn(_)
            | Self::Started
            | Self::Advanced(_)
            | Self::HookPassed { .. }
            | Self::GateClosed { muted: true, .. }
            | Self::CheckFailed { first: false, .. }
            | Self::CheckHeld(_)
            | Self::CheckVoid(_)
            | Self::Contested { again: true, .. }
            | Self::CanaryLeft { again: true, .. }
            | Self::CanaryBack(_)
            | Self::ServingCopy { .. }
            | Self::RollbackWaits
            | Self::CanaryFailed
            | Self::PromotionStarted(_)
            | Self::PrimaryAdvanced(_)
            | Self::PrimaryTakesAll
            | Self::Promoted { .. }
            | Self::PrimaryRecovered
            | Self::OwedHookFailed { given_up: false, .. }
            | Self::RequestGranted { .. }
            | Self::RequestRefused { .. }
            | Self::Suspended
            | Self::Resumed
            | Self::Invalid { .. }
            | Self::ShapeChanged
            | Self::RoutesRepaired
            | Self::ObjectsRepaired
            | Self::CommandFailed { .. }
            | Self::HeldUp(_)
            | Self::Concern(_)
            | Self::NotReady { .. }
            | Self::Terminating => return None,
        };
        Some(Consequence { reason, action: action.into() })
    }
}
