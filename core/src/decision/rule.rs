//! The rules of a tick.

use serde::Serialize;

/// The rules of a tick, in the order they are tried (see [`step`](crate::step())).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The state was written by a newer version: nothing is touched.
    HeldForNewerVersion,
    /// A command failed and was noted.
    CommandFailed,
    /// A command that failed is not tried again yet.
    BackingOff,
    /// Deletion begins.
    DeletionDecided,
    /// Deletion waits for the target to serve.
    DeletionWaits,
    /// Services and routes go back to the target.
    GivenBack,
    /// The finalizer goes.
    Released,
    /// The status of another controller became ours.
    TakenOver,
    /// The canary serves nobody: its users go to the primary.
    CanaryLeft,
    /// The primary serves nobody: users go to the canary, which serves.
    ServingCopy,
    /// The primary serves nobody while a revision is analysed: this is alerted.
    PrimaryDown,
    /// An operator's request was answered.
    Requested,
    /// An intended promotion is carried out: the primary gets the revision.
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
    /// An intended rollback is carried out.
    RolledBack,
    /// An intended rollback waits for the primary.
    RollbackWaits,
    /// The Canary makes no sense: nothing advances.
    Invalid,
    /// `spec.suspend`.
    Suspended,
    /// `spec.suspend` was cleared.
    Resumed,
    /// The run's shape changed: it ends.
    ShapeChanged,
    /// Owned objects were put right.
    Repaired,
    /// A fact that the rule needs is not known.
    Unknown,
    /// The primary is being set up.
    Initializing,
    /// The primary is set up.
    Initialized,
    /// A hook owed after the run was called.
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
    /// A newer revision takes the place of the one under way.
    Restarted,
    /// A rollback is decided.
    RollbackDecided,
    /// The canary has no pods: it gets them.
    ScaledUp,
    /// A workload is not ready.
    NotReady,
    /// It is not time for a check yet.
    NotDue,
    /// Both copies are ready again: users come back to the canary that they left.
    CanaryBack,
    /// A check failed.
    CheckFailed,
    /// A check could not be judged.
    CheckHeld,
    /// A check passed and does not count, because the canary was not reached.
    CheckVoid,
    /// A check passed and a gate before the next move is closed.
    GateClosed,
    /// A check passed while an operator holds the weight.
    HeldByOperator,
    /// A check passed and one more is needed.
    Soaked,
    /// A check passed, or the run began: the next step was made.
    Advanced,
    /// A promotion is decided.
    PromotionDecided,
    /// A consumed request is taken off the object, or its mark off the state.
    RequestCleared,
    /// Delivered notices were dropped.
    NoticesDropped,
    /// Nothing is to be done.
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
