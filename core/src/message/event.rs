//! The names of events: what an event hook may ask for in `metadata.eventType`.

use super::{EventType, Message};

/// Every value of `metadata.eventType` that selects events. `Normal` and `Warning` are Kubernetes' types of events; the
/// others say what happened.
pub const EVENT_NAMES: [&str; 24] = [
    "Normal",
    "Warning",
    "initialized",
    "new-revision",
    "analysis-started",
    "step",
    "gate-passed",
    "gate-closed",
    "check-failed",
    "check-held",
    "check-void",
    "not-serving",
    "analysis-complete",
    "rolling-back",
    "rolled-back",
    "promoting",
    "promoted",
    "promotion-failed",
    "request",
    "suspended",
    "repaired",
    "held-up",
    "hook-failed",
    "terminating",
];

impl Message {
    /// Whether this is one of the events with that name, one of [`EVENT_NAMES`].
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        let of_kubernetes = match self.event_type() {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        };
        name == of_kubernetes || name == self.name() || (name == "analysis-complete" && self.ends_analysis())
    }

    /// The analysis of a revision ended: a promotion or a rollback follows.
    fn ends_analysis(&self) -> bool {
        matches!(self, Self::PromotionStarted(_) | Self::RollingBack(_) | Self::Promoted { skipped: true })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::TakenOver | Self::RollbackHooks { .. } | Self::Initialized => "initialized",
            Self::NewRevision(_) | Self::Restarted(_) | Self::AnalysedInPlace(_) | Self::Withdrawn(_) => {
                "new-revision"
            }
            Self::Started => "analysis-started",
            Self::Advanced(_) => "step",
            Self::HookPassed { .. } => "gate-passed",
            Self::GateClosed { .. } => "gate-closed",
            Self::CheckFailed { .. } => "check-failed",
            Self::CheckHeld(_) => "check-held",
            Self::CheckVoid(_) => "check-void",
            Self::CanaryLeft { .. }
            | Self::CanaryBack(_)
            | Self::ServingCopy { .. }
            | Self::PrimaryDown { .. } => "not-serving",
            Self::RollingBack(_) | Self::RollbackWaits => "rolling-back",
            Self::Rejected { .. } | Self::CanaryFailed => "rolled-back",
            Self::PromotionStarted(_)
            | Self::PrimaryAdvanced(_)
            | Self::PrimaryTakesAll
            | Self::PrimaryRecovered => "promoting",
            Self::Promoted { .. } => "promoted",
            Self::PromotionFailed { .. } => "promotion-failed",
            Self::OwedHookFailed { .. } => "hook-failed",
            Self::RequestGranted { .. } | Self::RequestRefused { .. } => "request",
            Self::Suspended | Self::Resumed => "suspended",
            Self::RoutesRepaired | Self::ObjectsRepaired | Self::Contested { .. } => "repaired",
            Self::Invalid { .. }
            | Self::ShapeChanged
            | Self::CommandFailed { .. }
            | Self::CommandStillFails { .. }
            | Self::HeldUp(_)
            | Self::Stalled(_)
            | Self::Concern(_)
            | Self::NotReady { .. } => "held-up",
            Self::Terminating => "terminating",
        }
    }
}
