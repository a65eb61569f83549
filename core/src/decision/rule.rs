//! The rules of a tick, each with its sentence.

use serde::Serialize;

macro_rules! rules {
    ($($rule:ident: $meaning:literal,)*) => {
        /// The rules of a tick, in the order they are tried (see [`step`](crate::step())).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Rule {
            $(#[doc = $meaning] $rule,)*
        }

        impl Rule {
            /// All of them, in order.
            pub const ALL: [Self; [$(Self::$rule),*].len()] = [$(Self::$rule),*];

            /// What it means, as a sentence for users.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$rule => $meaning,)*
                }
            }
        }
    };
}

rules! {
    HeldForNewerVersion: "A newer version of the controller wrote the status: nothing is changed.",
    CommandFailed: "A command failed and was recorded.",
    BackingOff: "A failed command is not retried yet.",
    DeletionDecided: "The deletion begins.",
    DeletionWaits: "The deletion waits for the target to serve.",
    GivenBack: "Services and routes go back to the target.",
    Released: "The finalizer is removed.",
    TakenOver: "The status of another controller was taken over.",
    CanaryLeft: "The canary does not serve: its users go to the primary.",
    ServingCopy: "The primary does not serve: users go to the canary, which does.",
    PrimaryDown: "The primary does not serve while a revision is analysed: an alert is sent.",
    Requested: "An operator's request was answered.",
    PromotionApplied: "A decided promotion is carried out: the primary gets the revision.",
    PromotionWaits: "The primary is not ready yet after promotion.",
    PrimaryAdvanced: "The primary takes traffic back.",
    PrimaryTakesAll: "The primary takes all traffic back.",
    Promoted: "The promotion is complete.",
    PromotionFailed: "The primary did not get ready after promotion.",
    RolledBack: "A decided rollback is carried out.",
    RollbackWaits: "A decided rollback waits for the primary.",
    Invalid: "The Canary is invalid: nothing advances.",
    Suspended: "The Canary is suspended by `spec.suspend`.",
    Resumed: "`spec.suspend` was cleared.",
    ShapeChanged: "The strategy, service or target of the run was replaced: the run ends.",
    Repaired: "Drift of owned objects was repaired.",
    Unknown: "A fact that the rule needs is not known.",
    Initializing: "The primary is being set up.",
    Initialized: "The primary is set up.",
    OwedHook: "A hook that was due after the run was called.",
    PrimaryRecovered: "The primary recovered from a failed promotion.",
    RevisionNoted: "The target shows a revision that needs no rollout.",
    RunStarted: "A new revision was accepted.",
    WaitsForApproval: "A gate before the run is closed.",
    Withdrawn: "The waiting revision was withdrawn.",
    Rejected: "The waiting revision is not rolled out: a rollback gate opened, or an approval came too late.",
    Restarted: "A newer revision replaces the one that was being released.",
    RollbackDecided: "A rollback is decided.",
    ScaledUp: "The canary has no pods: it is scaled up.",
    NotReady: "A workload is not ready.",
    NotDue: "The next check is not due yet.",
    CanaryBack: "Both copies are ready again: users return to the canary.",
    CheckFailed: "A check failed.",
    CheckHeld: "A check could not be judged.",
    CheckVoid: "A check passed but does not count, because the canary was not reached.",
    GateClosed: "A check passed, but a gate before the next move is closed.",
    HeldByOperator: "A check passed while an operator holds the weight.",
    Soaked: "A check passed, and another one is needed.",
    Advanced: "A check passed, or the run began: the next step was made.",
    PromotionDecided: "A promotion is decided.",
    RequestCleared: "A handled request is removed from the object, or its mark from the state.",
    NoticesDropped: "Delivered notices were removed.",
    Idle: "There is nothing to do.",
}

impl Rule {
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
