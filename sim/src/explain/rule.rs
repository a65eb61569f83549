//! The rules as sentences: those of the core's own docs.

use serin_core::decision::Rule;

/// What a rule is for, as [`Rule`] documents it.
pub(super) fn meaning(rule: Rule) -> &'static str {
    match rule {
        Rule::HeldForNewerVersion => "The state was written by a newer version: nothing is touched.",
        Rule::CommandFailed => "A command failed and was noted.",
        Rule::BackingOff => "A command that failed is not tried again yet.",
        Rule::DeletionDecided => "Deletion begins.",
        Rule::DeletionWaits => "Deletion waits for the target to serve.",
        Rule::GivenBack => "Services and routes go back to the target.",
        Rule::Released => "The finalizer goes.",
        Rule::TakenOver => "The status of another controller became ours.",
        Rule::CanaryLeft => "The canary serves nobody: its users go to the primary.",
        Rule::ServingCopy => "The primary serves nobody: users go to the canary, which serves.",
        Rule::PrimaryDown => "The primary serves nobody while a revision is analysed: this is alerted.",
        Rule::Requested => "An operator's request was answered.",
        Rule::PromotionApplied => "An intended promotion is carried out: the primary gets the revision.",
        Rule::PromotionWaits => "The primary is not ready yet after promotion.",
        Rule::PrimaryAdvanced => "The primary takes traffic back.",
        Rule::PrimaryTakesAll => "The primary takes all traffic back.",
        Rule::Promoted => "The promotion is complete.",
        Rule::PromotionFailed => "The primary did not get ready after promotion.",
        Rule::RolledBack => "An intended rollback is carried out.",
        Rule::RollbackWaits => "An intended rollback waits for the primary.",
        Rule::Invalid => "The Canary makes no sense: nothing advances.",
        Rule::Suspended => "`spec.suspend`.",
        Rule::Resumed => "`spec.suspend` was cleared.",
        Rule::ShapeChanged => "The run's shape changed: it ends.",
        Rule::Repaired => "Owned objects were put right.",
        Rule::Unknown => "A fact that the rule needs is not known.",
        Rule::Initializing => "The primary is being set up.",
        Rule::Initialized => "The primary is set up.",
        Rule::OwedHook => "A hook owed after the run was called.",
        Rule::PrimaryRecovered => "The primary recovered from a failed promotion.",
        Rule::RevisionNoted => "The target shows a revision that needs no rollout.",
        Rule::RunStarted => "A new revision was accepted.",
        Rule::WaitsForApproval => "A gate before the run is closed.",
        Rule::Withdrawn => "The waiting revision was withdrawn.",
        Rule::Rejected => {
            "The waiting revision is not rolled out: a rollback gate opened, or an approval came too late."
        }
        Rule::Restarted => "A newer revision takes the place of the one under way.",
        Rule::RollbackDecided => "A rollback is decided.",
        Rule::ScaledUp => "The canary has no pods: it gets them.",
        Rule::NotReady => "A workload is not ready.",
        Rule::NotDue => "It is not time for a check yet.",
        Rule::CanaryBack => "Both copies are ready again: users come back to the canary that they left.",
        Rule::CheckFailed => "A check failed.",
        Rule::CheckHeld => "A check could not be judged.",
        Rule::CheckVoid => "A check passed and does not count, because the canary was not reached.",
        Rule::GateClosed => "A check passed and a gate before the next move is closed.",
        Rule::HeldByOperator => "A check passed while an operator holds the weight.",
        Rule::Soaked => "A check passed and one more is needed.",
        Rule::Advanced => "A check passed, or the run began: the next step was made.",
        Rule::PromotionDecided => "A promotion is decided.",
        Rule::RequestCleared => "A consumed request is taken off the object, or its mark off the state.",
        Rule::NoticesDropped => "Delivered notices were dropped.",
        Rule::Idle => "Nothing is to be done.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::rule_name;

    #[test]
    fn a_rule_is_explained_as_the_core_documents_it() {
        let source = include_str!("../../../core/src/decision/rule.rs");
        for rule in Rule::ALL {
            let documented = format!("/// {}\n    {rule:?},", meaning(rule));
            assert!(source.contains(&documented), "{}: {}", rule_name(rule), meaning(rule));
        }
    }
}
