//! The rules in words, and when a row prints them.

use serin_core::decision::Rule;

/// When a row prints the rule that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Say {
    /// Always.
    Always(&'static str),
    /// If the row has no evidence.
    Alone(&'static str),
    /// Once, when the wait begins.
    Waiting(&'static str),
    /// As [`Say::Waiting`], and the state says for what.
    WaitingFor(&'static str),
    /// Never: nothing happened, or the commands show it.
    Nothing,
    /// Never, and the evidence neither: both were printed before.
    Known,
}

/// When and how a rule is printed.
pub(super) fn say(rule: Rule) -> Say {
    use Say::{Alone, Always, Known, Nothing, Waiting, WaitingFor};
    match rule {
        Rule::HeldForNewerVersion => {
            Waiting("a newer version of the controller wrote the status: nothing is changed")
        }
        Rule::CommandFailed => Alone("it is retried"),
        Rule::DeletionDecided => Alone("the deletion begins"),
        Rule::DeletionWaits => Waiting("the deletion waits for the target to serve"),
        Rule::GivenBack => Alone("users go back to the target"),
        Rule::Released => Alone("the finalizer is removed"),
        Rule::TakenOver => Alone("the status of another controller is taken over"),
        Rule::CanaryLeft => Alone("users go to the primary, because the canary does not serve"),
        Rule::ServingCopy => Alone("users go to the canary, because the primary does not serve"),
        Rule::PrimaryDown => Alone("the primary does not serve"),
        Rule::Requested => Alone("an operator's request is answered"),
        Rule::PromotionWaits => WaitingFor("waits for the primary"),
        Rule::PrimaryAdvanced => Alone("the primary takes traffic back"),
        Rule::PrimaryTakesAll => Alone("the primary takes all traffic"),
        Rule::Promoted => Alone("promoted"),
        Rule::PromotionFailed => Alone("the primary did not get ready"),
        Rule::RolledBack => Alone("rolled back"),
        Rule::RollbackWaits => Waiting("the rollback waits for the primary"),
        Rule::Invalid => Waiting("the Canary is invalid: nothing advances"),
        Rule::Suspended => Waiting("suspended"),
        Rule::Resumed => Alone("resumed"),
        Rule::ShapeChanged => Alone("the run ends: its strategy, service or target was replaced"),
        Rule::Repaired => Alone("drift is repaired"),
        Rule::Unknown => WaitingFor("waits: a fact is not known"),
        Rule::Initializing => Alone("the primary is set up"),
        Rule::Initialized => Alone("the primary serves"),
        Rule::OwedHook => Alone("a hook after the run"),
        Rule::PrimaryRecovered => Alone("the primary recovered"),
        Rule::RevisionNoted => Alone("a revision that needs no rollout"),
        Rule::RunStarted => Alone("a run begins"),
        Rule::WaitsForApproval => Always("waits for approval"),
        Rule::Withdrawn => Alone("the waiting revision was withdrawn"),
        Rule::Rejected => Alone("the waiting revision is not rolled out"),
        Rule::Restarted => Alone("a newer revision replaces it"),
        Rule::RollbackDecided => Alone("a rollback is decided"),
        Rule::ScaledUp => Alone("the canary has no pods: it is scaled up"),
        Rule::NotReady => WaitingFor("waits for pods"),
        Rule::CanaryBack => Alone("users return to the canary"),
        Rule::CheckFailed => Alone("the check failed"),
        Rule::CheckHeld => Always("not counted"),
        Rule::CheckVoid => Always("the pass does not count"),
        Rule::GateClosed => Always("waits for approval"),
        Rule::HeldByOperator => Always("an operator holds the weight"),
        Rule::Soaked => Always("another check is needed"),
        Rule::Advanced => Alone("the next step"),
        Rule::PromotionDecided => Alone("a promotion is decided"),
        Rule::PromotionApplied | Rule::NotDue | Rule::RequestCleared | Rule::NoticesDropped | Rule::Idle => {
            Nothing
        }
        Rule::BackingOff => Known,
    }
}
