//! The rules as sentences, which are those of the core's documentation.

use serin_core::decision::Rule;

/// The meaning of a rule, as [`Rule`] documents it.
pub(super) fn meaning(rule: Rule) -> &'static str {
    match rule {
        Rule::HeldForNewerVersion => "A newer version of the controller wrote the state: nothing is changed.",
        Rule::CommandFailed => "A command failed and was recorded.",
        Rule::BackingOff => "A failed command is not retried yet.",
        Rule::DeletionDecided => "Deletion begins.",
        Rule::DeletionWaits => "Deletion waits for the target to serve.",
        Rule::GivenBack => "Services and routes go back to the target.",
        Rule::Released => "The finalizer is removed.",
        Rule::TakenOver => "The status of another controller was taken over.",
        Rule::CanaryLeft => "The canary does not serve: its users go to the primary.",
        Rule::ServingCopy => "The primary does not serve: users go to the canary, which does.",
        Rule::PrimaryDown => "The primary does not serve while a revision is analysed: an alert is sent.",
        Rule::Requested => "An operator's request was answered.",
        Rule::PromotionApplied => "A decided promotion is carried out: the primary gets the revision.",
        Rule::PromotionWaits => "The primary is not ready yet after promotion.",
        Rule::PrimaryAdvanced => "The primary takes traffic back.",
        Rule::PrimaryTakesAll => "The primary takes all traffic back.",
        Rule::Promoted => "The promotion is complete.",
        Rule::PromotionFailed => "The primary did not get ready after promotion.",
        Rule::RolledBack => "A decided rollback is carried out.",
        Rule::RollbackWaits => "A decided rollback waits for the primary.",
        Rule::Invalid => "The Canary is invalid: nothing advances.",
        Rule::Suspended => "`spec.suspend`.",
        Rule::Resumed => "`spec.suspend` was cleared.",
        Rule::ShapeChanged => "The strategy, service or target of the run was replaced: the run ends.",
        Rule::Repaired => "Drift of owned objects was repaired.",
        Rule::Unknown => "A fact that the rule needs is not known.",
        Rule::Initializing => "The primary is being set up.",
        Rule::Initialized => "The primary is set up.",
        Rule::OwedHook => "A hook that was due after the run was called.",
        Rule::PrimaryRecovered => "The primary recovered from a failed promotion.",
        Rule::RevisionNoted => "The target shows a revision that needs no rollout.",
        Rule::RunStarted => "A new revision was accepted.",
        Rule::WaitsForApproval => "A gate before the run is closed.",
        Rule::Withdrawn => "The waiting revision was withdrawn.",
        Rule::Rejected => {
            "The waiting revision is not rolled out: a rollback gate opened, or an approval came too late."
        }
        Rule::Restarted => "A newer revision replaces the one that was being released.",
        Rule::RollbackDecided => "A rollback is decided.",
        Rule::ScaledUp => "The canary has no pods: it is scaled up.",
        Rule::NotReady => "A workload is not ready.",
        Rule::NotDue => "The next check is not due yet.",
        Rule::CanaryBack => "Both copies are ready again: users return to the canary.",
        Rule::CheckFailed => "A check failed.",
        Rule::CheckHeld => "A check could not be judged.",
        Rule::CheckVoid => "A check passed but does not count, because the canary was not reached.",
        Rule::GateClosed => "A check passed, but a gate before the next move is closed.",
        Rule::HeldByOperator => "A check passed while an operator holds the weight.",
        Rule::Soaked => "A check passed, and another one is needed.",
        Rule::Advanced => "A check passed, or the run began: the next step was made.",
        Rule::PromotionDecided => "A promotion is decided.",
        Rule::RequestCleared => "A handled request is removed from the object, or its mark from the state.",
        Rule::NoticesDropped => "Delivered notices were removed.",
        Rule::Idle => "There is nothing to do.",
    }
}

#[cfg(test)]
mod tests {
    use serin_simulator::scenario::rule_name;

    use super::*;

    #[test]
    fn a_rule_is_explained_as_the_core_documents_it() {
        let source = include_str!("../../../../core/src/decision/rule.rs");
        for rule in Rule::ALL {
            let documented = format!("/// {}\n    {rule:?},", meaning(rule));
            assert!(source.contains(&documented), "{}: {}", rule_name(rule), meaning(rule));
        }
    }
}
