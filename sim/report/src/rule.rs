//! When a row prints the rule that fired, and in which words.

use serin_core::decision::Rule;

/// When a row prints the rule that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Say {
    /// Always.
    Always,
    /// If the row has no evidence.
    Alone,
    /// Once, when the wait begins.
    Waiting,
    /// As [`Say::Waiting`], and the state says for what.
    WaitingFor,
    /// Never: nothing happened, or the commands show it.
    Nothing,
    /// Never, and the evidence neither: both were printed before.
    Known,
}

/// When a rule is printed.
pub(super) fn say(rule: Rule) -> Say {
    match rule {
        Rule::WaitsForApproval
        | Rule::CheckHeld
        | Rule::CheckVoid
        | Rule::GateClosed
        | Rule::HeldByOperator
        | Rule::Soaked => Say::Always,
        Rule::HeldForNewerVersion
        | Rule::DeletionWaits
        | Rule::RollbackWaits
        | Rule::Invalid
        | Rule::Suspended => Say::Waiting,
        Rule::PromotionWaits | Rule::Unknown | Rule::NotReady => Say::WaitingFor,
        Rule::PromotionApplied | Rule::NotDue | Rule::RequestCleared | Rule::NoticesDropped | Rule::Idle => {
            Say::Nothing
        }
        Rule::BackingOff => Say::Known,
        Rule::CommandFailed
        | Rule::DeletionDecided
        | Rule::GivenBack
        | Rule::Released
        | Rule::TakenOver
        | Rule::CanaryLeft
        | Rule::ServingCopy
        | Rule::PrimaryDown
        | Rule::Requested
        | Rule::PrimaryAdvanced
        | Rule::PrimaryTakesAll
        | Rule::Promoted
        | Rule::PromotionFailed
        | Rule::RolledBack
        | Rule::Resumed
        | Rule::ShapeChanged
        | Rule::Repaired
        | Rule::Initializing
        | Rule::Initialized
        | Rule::OwedHook
        | Rule::PrimaryRecovered
        | Rule::RevisionNoted
        | Rule::RunStarted
        | Rule::Withdrawn
        | Rule::Rejected
        | Rule::Restarted
        | Rule::RollbackDecided
        | Rule::ScaledUp
        | Rule::CanaryBack
        | Rule::CheckFailed
        | Rule::Advanced
        | Rule::PromotionDecided => Say::Alone,
    }
}

/// The rule in a row: its sentence, or shorter words where the rest of the row says more.
pub(super) fn words(rule: Rule) -> String {
    let short = match rule {
        Rule::CommandFailed => "it is retried",
        Rule::PrimaryDown => "the primary does not serve",
        Rule::PromotionWaits => "waits for the primary",
        Rule::Promoted => "promoted",
        Rule::RolledBack => "rolled back",
        Rule::Suspended => "suspended",
        Rule::Resumed => "resumed",
        Rule::Unknown => "waits: a fact is not known",
        Rule::Initializing => "the primary is set up",
        Rule::Initialized => "the primary serves",
        Rule::OwedHook => "a hook after the run",
        Rule::RunStarted => "a run begins",
        Rule::WaitsForApproval | Rule::GateClosed => "waits for approval",
        Rule::Rejected => "the waiting revision is not rolled out",
        Rule::NotReady => "waits for pods",
        Rule::CheckHeld => "not counted",
        Rule::CheckVoid => "the pass does not count",
        Rule::HeldByOperator => "an operator holds the weight",
        Rule::Soaked => "another check is needed",
        Rule::Advanced => "the next step",
        Rule::HeldForNewerVersion
        | Rule::BackingOff
        | Rule::DeletionDecided
        | Rule::DeletionWaits
        | Rule::GivenBack
        | Rule::Released
        | Rule::TakenOver
        | Rule::CanaryLeft
        | Rule::ServingCopy
        | Rule::Requested
        | Rule::PromotionApplied
        | Rule::PrimaryAdvanced
        | Rule::PrimaryTakesAll
        | Rule::PromotionFailed
        | Rule::RollbackWaits
        | Rule::Invalid
        | Rule::ShapeChanged
        | Rule::Repaired
        | Rule::PrimaryRecovered
        | Rule::RevisionNoted
        | Rule::Withdrawn
        | Rule::Restarted
        | Rule::RollbackDecided
        | Rule::ScaledUp
        | Rule::NotDue
        | Rule::CanaryBack
        | Rule::CheckFailed
        | Rule::PromotionDecided
        | Rule::RequestCleared
        | Rule::NoticesDropped
        | Rule::Idle => return clause(rule.meaning()),
    };
    short.into()
}

/// A sentence as a part of another one.
fn clause(sentence: &str) -> String {
    let mut clause = sentence.trim_end_matches('.').to_owned();
    if let Some(first) = clause.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    clause
}
