//! The rules in plain words, and when a row needs them.

use serin_core::decision::Rule;

/// How much a row says about the rule that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Say {
    /// Whatever else the row shows.
    Always(&'static str),
    /// Unless the row shows what was seen.
    Alone(&'static str),
    /// Once, when the wait begins.
    Waiting(&'static str),
    /// As [`Say::Waiting`], and the state tells for what.
    WaitingFor(&'static str),
    /// Nothing: nothing happened, or the commands say it.
    Nothing,
    /// Nothing, nor what was seen: it was told before.
    Known,
}

/// What is said of a rule.
pub(super) fn say(rule: Rule) -> Say {
    use Say::{Alone, Always, Known, Nothing, Waiting, WaitingFor};
    match rule {
        Rule::HeldForNewerVersion => Waiting("the status was written by a newer version: nothing is touched"),
        Rule::CommandFailed => Alone("it is tried again"),
        Rule::DeletionDecided => Alone("the deletion begins"),
        Rule::DeletionWaits => Waiting("the deletion waits for the target to serve"),
        Rule::GivenBack => Alone("users go back to the target"),
        Rule::Released => Alone("the Canary is let go"),
        Rule::TakenOver => Alone("the status of another controller is taken over"),
        Rule::CanaryLeft => Alone("users leave the canary, which serves nobody"),
        Rule::ServingCopy => Alone("users go to the canary, because the primary serves nobody"),
        Rule::PrimaryDown => Alone("the primary serves nobody"),
        Rule::Requested => Alone("an operator's request is answered"),
        Rule::PromotionWaits => WaitingFor("waits for the primary"),
        Rule::PrimaryAdvanced => Alone("the primary takes traffic back"),
        Rule::PrimaryTakesAll => Alone("the primary takes all traffic"),
        Rule::Promoted => Alone("promoted"),
        Rule::PromotionFailed => Alone("the primary did not get ready"),
        Rule::RolledBack => Alone("rolled back"),
        Rule::RollbackWaits => Waiting("the rollback waits for the primary"),
        Rule::Invalid => Waiting("the Canary makes no sense: nothing advances"),
        Rule::Suspended => Waiting("suspended"),
        Rule::Resumed => Alone("goes on"),
        Rule::ShapeChanged => Alone("the run ends: its strategy, service or target was replaced"),
        Rule::Repaired => Alone("what somebody changed is put right"),
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
        Rule::Restarted => Alone("a newer revision takes its place"),
        Rule::RollbackDecided => Alone("a rollback is decided"),
        Rule::ScaledUp => Alone("the canary has no pods: it gets them"),
        Rule::NotReady => WaitingFor("waits for pods"),
        Rule::CanaryBack => Alone("users come back to the canary"),
        Rule::CheckFailed => Alone("the check failed"),
        Rule::CheckHeld => Always("not counted"),
        Rule::CheckVoid => Always("the pass does not count"),
        Rule::GateClosed => Always("waits for approval"),
        Rule::HeldByOperator => Always("an operator holds the weight"),
        Rule::Soaked => Always("one more check"),
        Rule::Advanced => Alone("the next step"),
        Rule::PromotionDecided => Alone("a promotion is decided"),
        Rule::PromotionApplied | Rule::NotDue | Rule::RequestCleared | Rule::NoticesDropped | Rule::Idle => {
            Nothing
        }
        Rule::BackingOff => Known,
    }
}
