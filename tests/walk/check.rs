//! The checks of every call.

use serin_core::{
    Command, Phase, Rollout, State,
    decision::Rule,
    invariant::{self, Call},
    question::{Answer, Asked, HookResult},
    revision::{Revision, Text},
    state::Intent,
    step::Why,
};

use crate::decide::Decided;

/// Everything that is wrong with a call; each text begins with the name of the broken rule and a colon.
pub(crate) fn check(call: &Decided<'_>) -> Vec<String> {
    let Decided { canary, state, seen, now, plan, .. } = *call;
    let mut broken: Vec<String> =
        invariant::check(&Call { canary, state, seen, now, plan }).iter().map(ToString::to_string).collect();
    if let Some(after) = &plan.state
        && !intent_may_become(state, after)
    {
        broken
            .push(format!("intent: {:?} became {:?} in {}", state.run.intent, after.run.intent, after.phase));
    }
    if let Ok(rollout) = canary
        && state.is_running()
        && !state.topology.same_objects(rollout.topology())
        && let Some(command) = plan.commands.iter().find(|command| belongs_to_a_run(command))
    {
        broken.push(format!("shape: {command} for a run on other objects than the manifest names"));
    }
    if let Some(after) = &plan.state
        && let Some(shown) = judged_instead(call, after)
    {
        broken.push(format!("revision: {shown} was judged in a run of {}", state.applied));
    }
    if let (Some(after), Ok(rollout)) = (&plan.state, canary)
        && let Some(gate) = unearned_gate(call, after, rollout)
    {
        broken.push(format!("gates: {gate} counts as passed and was not asked for this run or step"));
    }
    match plan.wake {
        Some(wake) if wake.why == Why::AtOnce => {
            if plan.state.is_none() && plan.commands.is_empty() {
                broken.push("progress: it wants to continue at once and has done nothing".into());
            }
        }
        Some(wake) if wake.at <= now => broken.push(format!("progress: {:?} wakes it now", wake.why)),
        Some(_) | None => {}
    }
    broken
}

/// The revision of the target, if a check of another revision was counted.
fn judged_instead<'a>(call: &Decided<'a>, after: &State) -> Option<&'a Revision> {
    let counted =
        call.state.phase.is_analysing() && after.runs == call.state.runs && after.check > call.state.check;
    let shown = call.seen.target.known()?.as_ref()?.revision.known()?;
    (counted && *shown != call.state.applied).then_some(shown)
}

/// A gate that counts as passed without an answer in this call, or in an earlier one of the same run or step.
fn unearned_gate<'a>(call: &Decided<'_>, after: &'a State, rollout: &Rollout) -> Option<&'a Text> {
    if call.plan.decision.rule == Rule::TakenOver || !after.phase.is_analysing() {
        return None;
    }
    let before = call.state;
    let opened = |key: &Text| {
        call.answers.iter().any(|(question, answer)| {
            matches!((&question.id.of, answer), (Asked::Hook(hook), Answer::Hook(HookResult::Pass(_))) if hook == key)
        })
    };
    let same_run = after.runs == before.runs || before.phase == Phase::Waiting;
    // Users who leave a canary that does not serve, and return, are still at their step.
    let is_away = matches!(call.plan.decision.rule, Rule::CanaryLeft | Rule::CanaryBack | Rule::ServingCopy);
    let same_step = is_away || before.routes(rollout.strategy()) == after.routes(rollout.strategy());
    let unearned = |key: &&Text| !(opened(key) || (same_run && before.run.passed.contains(*key)));
    let unearned_step = |key: &&Text| !(opened(key) || (same_step && before.run.passed_step.contains(*key)));
    after.run.passed.iter().find(unearned).or_else(|| after.run.passed_step.iter().find(unearned_step))
}

/// Whether it concerns the objects that the manifest names, and would leave those of the run as they are.
fn belongs_to_a_run(command: &Command) -> bool {
    match command {
        Command::EnsureServices(_)
        | Command::SetRoutes(_)
        | Command::ScaleUp
        | Command::ScaleToPrimary
        | Command::ScaleDown
        | Command::PauseScaler
        | Command::ResumeScaler
        | Command::Promote { .. } => true,
        Command::EnsureFinalizer(_)
        | Command::EnsureWorkloads
        | Command::Abandon(_)
        | Command::ClearRequest(_)
        | Command::RevertServices
        | Command::RevertRoutes
        | Command::Release => false,
    }
}

/// An intent is carried out, with these named exceptions.
fn intent_may_become(before: &State, after: &State) -> bool {
    if before.run.intent == after.run.intent || matches!(after.run.intent, Some(Intent::Delete { .. })) {
        return true;
    }
    match (&before.run.intent, &after.run.intent) {
        (None, Some(Intent::Promote { applied: false, .. } | Intent::Rollback { released: false, .. })) => {
            true
        }
        // A takeover finds it under way.
        (None, Some(Intent::Promote { .. })) => before.seq == 0 || before.origin != after.origin,
        (None, _) => false,
        (Some(Intent::Rollback { cause, .. }), Some(Intent::Rollback { cause: same, released: true })) => {
            cause == same
        }
        (Some(Intent::Rollback { .. }), None) => after.phase == Phase::Failed,
        (Some(Intent::Promote { applied: false, .. }), Some(Intent::Rollback { .. })) => true,
        // The Canary has become another one.
        (Some(Intent::Promote { .. }), None) if after.phase == Phase::Initializing => {
            after.topology != before.topology
        }
        (Some(Intent::Promote { applied: false, .. }), None) => {
            after.phase == Phase::Progressing && after.runs == before.runs + 1
        }
        (
            Some(Intent::Promote { revision, applied: false, .. }),
            Some(Intent::Promote { revision: same, applied: true, .. }),
        ) => revision == same,
        (Some(Intent::Promote { applied: true, .. }), None) => {
            matches!(after.phase, Phase::Succeeded | Phase::Failed)
        }
        (Some(Intent::Rollback { .. } | Intent::Promote { .. } | Intent::Delete { .. }), _) => false,
    }
}
