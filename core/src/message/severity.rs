//! The severity of a message: which ones are alerts, and which events are warnings.

use super::{EventType, Message};
use crate::spec::Severity;

impl Message {
    /// The severity of the alert, if the message is one.
    #[must_use]
    pub fn alert(&self) -> Option<Severity> {
        match self {
            Self::Initialized | Self::NewRevision(_) | Self::Promoted { .. } => Some(Severity::Info),
            Self::GateClosed { muted: false, .. }
            | Self::AnalysedInPlace(_)
            | Self::CanaryLeft { again: false, .. } => Some(Severity::Warn),
            Self::RollingBack(_)
            | Self::Rejected { .. }
            | Self::PrimaryDown { .. }
            | Self::Contested { again: false, .. }
            | Self::PromotionFailed { .. }
            | Self::CommandStillFails { .. }
            | Self::Stalled(_)
            | Self::OwedHookFailed { given_up: true, .. } => Some(Severity::Error),
            Self::TakenOver
            | Self::RollbackHooks { .. }
            | Self::Restarted(_)
            | Self::Withdrawn(_)
            | Self::Started
            | Self::Advanced(_)
            | Self::HookPassed { .. }
            | Self::GateClosed { muted: true, .. }
            | Self::CheckFailed { .. }
            | Self::CheckHeld(_)
            | Self::CheckVoid(_)
            | Self::CanaryLeft { again: true, .. }
            | Self::CanaryBack(_)
            | Self::ServingCopy { .. }
            | Self::RollbackWaits
            | Self::CanaryFailed
            | Self::PromotionStarted(_)
            | Self::PrimaryAdvanced(_)
            | Self::PrimaryTakesAll
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
            | Self::Contested { again: true, .. }
            | Self::CommandFailed { .. }
            | Self::HeldUp(_)
            | Self::Concern(_)
            | Self::NotReady { .. }
            | Self::Terminating => None,
        }
    }

    /// Whether the alerts before this one are over: a receiver that [keeps them open](crate::spec::AlertSystem::keeps_open)
    /// closes them.
    #[must_use]
    pub fn closes_alerts(&self) -> bool {
        matches!(self, Self::Promoted { .. })
    }

    /// The type of the event.
    #[must_use]
    pub fn event_type(&self) -> EventType {
        match self {
            Self::GateClosed { .. }
            | Self::CheckFailed { .. }
            | Self::CheckHeld(_)
            | Self::CheckVoid(_)
            | Self::CanaryLeft { .. }
            | Self::ServingCopy { .. }
            | Self::PrimaryDown { .. }
            | Self::RollingBack(_)
            | Self::Rejected { .. }
            | Self::RollbackWaits
            | Self::CanaryFailed
            | Self::PromotionFailed { .. }
            | Self::OwedHookFailed { .. }
            | Self::RequestRefused { .. }
            | Self::Invalid { .. }
            | Self::ShapeChanged
            | Self::RoutesRepaired
            | Self::ObjectsRepaired
            | Self::Contested { .. }
            | Self::CommandFailed { .. }
            | Self::CommandStillFails { .. }
            | Self::AnalysedInPlace(_)
            | Self::HeldUp(_)
            | Self::Concern(_)
            | Self::NotReady { .. }
            | Self::Stalled(_) => EventType::Warning,
            Self::TakenOver
            | Self::RollbackHooks { .. }
            | Self::Initialized
            | Self::NewRevision(_)
            | Self::Restarted(_)
            | Self::Withdrawn(_)
            | Self::Started
            | Self::Advanced(_)
            | Self::HookPassed { .. }
            | Self::CanaryBack(_)
            | Self::PromotionStarted(_)
            | Self::PrimaryAdvanced(_)
            | Self::PrimaryTakesAll
            | Self::Promoted { .. }
            | Self::PrimaryRecovered
            | Self::RequestGranted { .. }
            | Self::Suspended
            | Self::Resumed
            | Self::Terminating => EventType::Normal,
        }
    }
}
