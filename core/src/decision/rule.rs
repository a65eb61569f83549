//! The rules of a tick.

use serde::Serialize;

/// The rules of a tick, in the order they are tried (see [`step`](crate::step())).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A newer version of the controller wrote the state: nothing is changed.
    HeldForNewerVersion,
    /// A command failed and was recorded.
    CommandFailed,
    /// A failed command is not retried yet.
    BackingOff,
    /// Deletion begins.
    DeletionDecided,
    /// Deletion waits for the target to serve.
    DeletionWaits,
    /// Services and routes go back to the target.
    GivenBack,
    /// The finalizer is removed.
    Released,
    /// The status of another controller was taken over.
    TakenOver,
    /// The canary does not serve: its users go to the primary.
    CanaryLeft,
    /// The primary does not serve: users go to the canary, which does.
    ServingCopy,
    /// The primary does not serve while a revision is analysed: an alert is sent.
    PrimaryDown,
    /// An operator's request was answered.
    Requested,
    /// A decided promotion is carried out: the primary gets the revision.
    PromotionApplied,
    /// The primary is not ready yet after promotion.
    PromotionWaits,
    /// The primary takes traffic back.
    PrimaryAdvanced,
    /// The primary takes all traffic back.
    PrimaryTakesAll,
    /// The promotion is complete.
    Promoted,
    /// The primary did not get ready after promotion.
    PromotionFailed,
    /// A decided rollback is carried out.
    RolledBack,
    /// A decided rollback waits for the primary.
    RollbackWaits,
    /// The Canary is invalid: nothing advances.
    Invalid,
    /// `spec.suspend`.
    Suspended,
    /// `spec.suspend` was cleared.
    Resumed,
    /// The strategy, service or target of the run was replaced: the run ends.
    ShapeChanged,
    /// Drift of owned objects was repaired.
    Repaired,
    /// A fact that the rule needs is not known.
    Unknown,
    /// The primary is being set up.
    Initializing,
    /// The primary is set up.
    Initialized,
    /// A hook that was due after the run was called.
    OwedHook,
    /// The primary recovered from a failed promotion.
    PrimaryRecovered,
    /// The target shows a revision that needs no rollout.
    RevisionNoted,
    /// A new revision was accepted.
    RunStarted,
    /// A gate before the run is closed.
    WaitsForApproval,
    /// The waiting revision was withdrawn.
    Withdrawn,
    /// The waiting revision is not rolled out: a rollback gate opened, or an approval came too late.
    Rejected,
    /// A newer revision replaces the one that was being released.
    Restarted,
    /// A rollback is decided.
    RollbackDecided,
    /// The canary has no pods: it is scaled up.
    ScaledUp,
    /// A workload is not ready.
    NotReady,
    /// The next check is not due yet.
    NotDue,
    /// Both copies are ready again: users return to the canary.
    CanaryBack,
    /// A check failed.
    CheckFailed,
    /// A check could not be judged.
    CheckHeld,
    /// A check passed but does not count, because the canary was not reached.
    CheckVoid,
    /// A check passed, but a gate before the next move is closed.
    GateClosed,
    /// A check passed while an operator holds the weight.
    HeldByOperator,
    /// A check passed, and another one is needed.
    Soaked,
    /// A check passed, or the run began: the next step was made.
    Advanced,
    /// A promotion is decided.
    PromotionDecided,
    /// A handled request is removed from the object, or its mark from the state.
    RequestCleared,
    /// Delivered notices were removed.
    NoticesDropped,
    /// There is nothing to do.
    Idle,
}

// A rule that is missing in the list does not compile.
const _: () = assert!(Rule::Idle as usize + 1 == Rule::ALL.len());

impl Rule {
    /// All of them, in order.
    pub const ALL: [Self; 52] = [
        Self::HeldForNewerVersion,
        Self::CommandFailed,
        Self::BackingOff,
        Self::DeletionDecided,
        Self::DeletionWaits,
        Self::GivenBack,
        Self::Released,
        Self::TakenOver,
        Self::CanaryLeft,
        Self::ServingCopy,
        Self::PrimaryDown,
        Self::Requested,
        Self::PromotionApplied,
        Self::PromotionWaits,
        Self::PrimaryAdvanced,
        Self::PrimaryTakesAll,
        Self::Promoted,
        Self::PromotionFailed,
        Self::RolledBack,
        Self::RollbackWaits,
        Self::Invalid,
        Self::Suspended,
        Self::Resumed,
        Self::ShapeChanged,
        Self::Repaired,
        Self::Unknown,
        Self::Initializing,
        Self::Initialized,
        Self::OwedHook,
        Self::PrimaryRecovered,
        Self::RevisionNoted,
        Self::RunStarted,
        Self::WaitsForApproval,
        Self::Withdrawn,
        Self::Rejected,
        Self::Restarted,
        Self::RollbackDecided,
        Self::ScaledUp,
        Self::NotReady,
        Self::NotDue,
        Self::CanaryBack,
        Self::CheckFailed,
        Self::CheckHeld,
        Self::CheckVoid,
        Self::GateClosed,
        Self::HeldByOperator,
        Self::Soaked,
        Self::Advanced,
        Self::PromotionDecided,
        Self::RequestCleared,
        Self::NoticesDropped,
        Self::Idle,
    ];

    /// Whether it comes after everything that a check waits for.
    #[must_use]
    pub fn is_check(self) -> bool {
        match self {
            Self::RollbackDecided
            | Self::CheckFailed
            | Self::CheckHeld
            | Self::CheckVoid
            | Self::GateClosed
            | Self::HeldByOperator
            | Self::Soaked
            | Self::Advanced
            | Self::PromotionDecided => true,
            Self::HeldForNewerVersion
            | Self::CommandFailed
            | Self::BackingOff
            | Self::DeletionDecided
            | Self::DeletionWaits
            | Self::GivenBack
            | Self::Released
            | Self::TakenOver
            | Self::CanaryLeft
            | Self::ServingCopy
            | Self::PrimaryDown
            | Self::Requested
            | Self::PromotionApplied
            | Self::PromotionWaits
            | Self::PrimaryAdvanced
            | Self::PrimaryTakesAll
            | Self::Promoted
            | Self::PromotionFailed
            | Self::RolledBack
            | Self::RollbackWaits
            | Self::Invalid
            | Self::Suspended
            | Self::Resumed
            | Self::ShapeChanged
            | Self::Repaired
            | Self::Unknown
            | Self::Initializing
            | Self::Initialized
            | Self::OwedHook
            | Self::PrimaryRecovered
            | Self::RevisionNoted
            | Self::RunStarted
            | Self::WaitsForApproval
            | Self::Withdrawn
            | Self::Rejected
            | Self::Restarted
            | Self::ScaledUp
            | Self::NotReady
            | Self::NotDue
            | Self::CanaryBack
            | Self::RequestCleared
            | Self::NoticesDropped
            | Self::Idle => false,
        }
    }
}
