//! I5 and I13: the conditions of a promotion, and of every irreversible action.

use alloc::format;

use super::{Broken, Call};
use crate::{
    command::Command,
    decision::{Rule, Verdict},
    observation::{Apex, Readiness},
    phase::Phase,
    spec::{HookKind, Rollout},
    state::{Intent, Stage},
    strategy::Strategy,
};

pub(super) fn check(call: &Call<'_>, broken: &mut Broken) {
    if let Ok(r) = call.canary {
        earned(call, r, broken);
    }
    for command in &call.plan.commands {
        intended(call, command, broken);
    }
}

/// I5.
fn earned(call: &Call<'_>, r: &Rollout, broken: &mut Broken) {
    let (before, after) = (call.state, call.after());
    let is_promotion = |intent: &Option<Intent>| matches!(intent, Some(Intent::Promote { .. }));
    if is_promotion(&before.run.intent) || !is_promotion(&after.run.intent) || a_person_said_so(call, r) {
        return;
    }
    let passed = |kind| r.hooks_of(kind).all(|hook| after.run.passed.contains(&hook.key));
    let gates = passed(HookKind::ConfirmRollout)
        && passed(HookKind::ConfirmPromotion)
        && (!matches!(r.strategy(), Strategy::Weighted(_))
            || before.run.stage == Stage::InPlace
            || r.hooks_of(HookKind::ConfirmTrafficIncrease)
                .all(|hook| after.run.passed_step.contains(&hook.key)));
    broken.unless(gates, "I5", || "promoted past a closed gate".into());
    let measured = &call.plan.decision.measured;
    let all = measured.len() == r.metrics().len();
    let good = measured.iter().all(|measured| matches!(measured.verdict, Verdict::Passed | Verdict::Waived));
    broken.unless(all && good, "I5", || format!("promoted on {measured:?}"));
    let target = call.seen.target.known().and_then(Option::as_ref);
    let ready = target.is_some_and(|target| Readiness::is_ready(&target.readiness));
    broken.unless(ready, "I5", || "promoted a canary that is not ready".into());
    let serves = call.seen.canary_serves() == Some(true);
    broken.unless(serves, "I5", || "promoted a canary that does not serve".into());
}

/// `skipAnalysis`, by manifest or request; `promote` by request; or a promotion by another controller.
fn a_person_said_so(call: &Call<'_>, r: &Rollout) -> bool {
    r.skips_analysis()
        || call.state.run.skip
        || matches!(call.plan.decision.rule, Rule::Requested | Rule::PromotionDecided) && was_requested(call)
        || call.plan.decision.rule == Rule::TakenOver
}

/// The request that this plan consumes.
fn was_requested(call: &Call<'_>) -> bool {
    call.after().consumed != call.state.consumed
}

/// I13.
fn intended(call: &Call<'_>, command: &Command, broken: &mut Broken) {
    let intent = &call.state.run.intent;
    let deleting = matches!(intent, Some(Intent::Delete { .. }));
    let reverts = match call.canary {
        Ok(r) => r.reverts_on_deletion(),
        Err(invalid) => invalid.revert_on_deletion,
    };
    let holds = match command {
        Command::Promote { revision: wanted, .. } => {
            matches!(intent, Some(Intent::Promote { revision, applied: false, .. }) if revision == wanted)
        }
        Command::ScaleDown => match intent {
            Some(Intent::Rollback { .. } | Intent::Promote { applied: true, .. }) => true,
            Some(Intent::Promote { .. } | Intent::Delete { .. }) | None => does_not_serve(call),
        },
        Command::RevertServices | Command::RevertRoutes => deleting,
        Command::Release => {
            matches!(intent, Some(Intent::Delete { given_back: true })) || !reverts || took_nothing_over(call)
        }
        Command::EnsureFinalizer(_)
        | Command::EnsureWorkloads
        | Command::EnsureServices(_)
        | Command::SetRoutes(_)
        | Command::ScaleUp
        | Command::ScaleToPrimary
        | Command::PauseScaler
        | Command::ResumeScaler
        | Command::Abandon(_)
        | Command::ClearRequest(_) => true,
    };
    broken.unless(holds, "I13", || format!("{command} with {intent:?}"));
    let alone = *command != Command::Release || call.plan.commands.len() == 1;
    broken.unless(alone, "I13", || "the finalizer does not go alone".into());
}

/// A Canary may be removed without giving anything back if its target serves as it did before the Canary was created.
fn took_nothing_over(call: &Call<'_>) -> bool {
    let state = call.state;
    let before = matches!(state.phase, Phase::New | Phase::Initializing) && !state.took_over;
    before && call.seen.services.known().is_none_or(|services| services.apex != Apex::Primary)
}

/// The canary may be scaled down without an intent if it does not serve: the target after initialisation, the canary of
/// a restarted run that waits for approval, and the canary of a failed promotion after its primary recovered.
fn does_not_serve(call: &Call<'_>) -> bool {
    matches!(call.plan.decision.rule, Rule::Initialized | Rule::WaitsForApproval | Rule::PrimaryRecovered)
}
