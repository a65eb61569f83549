//! A promotion: decided and saved first, then carried out to its end.

use alloc::vec::Vec;

use super::{
    owed, readiness, repair, rollback, run, schedule, serving,
    turn::{Flow, Turn, Why},
};
use crate::{
    command::Command,
    decision::{Cause, Obstacle, Rule, Workload},
    message::Message,
    observation::Readiness,
    phase::Phase,
    revision::Revision,
    spec::{Rollout, RunOn},
    state::{Intent, RunFailure, Stage, Unready},
    strategy::Strategy,
};

/// Decides it. Nothing is changed before this is saved. With a skipped analysis the phase stays until the promotion is
/// done.
pub(super) fn decide(t: &mut Turn<'_>, skipped: bool) -> Flow {
    let state = t.edit();
    let revision = state.applied.clone();
    state.run.intent = Some(Intent::Promote { revision: revision.clone(), applied: false, skipped });
    state.run.primary_unready = None;
    if state.run.away.is_some() {
        serving::stay_away(state);
    }
    if !skipped {
        state.phase = Phase::Promoting;
    }
    t.tell(Message::PromotionStarted(revision));
    t.act(Rule::PromotionDecided, Vec::new())
}

/// Carries it out: copies the revision, waits for the primary, sends it the traffic, scales the canary down.
pub(super) fn carry_out(t: &mut Turn<'_>) -> Flow {
    let Some(Intent::Promote { revision, applied, skipped }) = t.state().run.intent.clone() else {
        return Flow::Continue(());
    };
    // A manifest that has become invalid stops it here; the next rules report it.
    let Ok(r) = t.canary else { return Flow::Continue(()) };
    // A manifest that names other objects ends the run, by another rule.
    if t.left_behind().is_some() {
        return Flow::Continue(());
    }
    if !applied {
        return copy(t, r, revision, skipped);
    }
    repair::rule(t, r)?;
    primary_ready(t, r, &revision)?;
    let hurry = target_moved(t, &revision);
    if t.state().run.stage == Stage::Holding {
        return take_back(t, r);
    }
    if skipped || t.state().phase == Phase::Finalising {
        return complete(t, r, revision, skipped, hurry);
    }
    take_traffic(t, r, hurry)
}

/// The primary gets the revision, unless the target shows another one by now.
fn copy(t: &mut Turn<'_>, r: &Rollout, revision: Revision, skipped: bool) -> Flow {
    t.primary()?;
    if is_applied(t, &revision) {
        // The controller was stopped between the copy and its save.
        mark_applied(t, revision, skipped);
        let commands = t.reroute(r).into_iter().collect();
        return t.act(Rule::PromotionApplied, commands);
    }
    match t.revision()? {
        Some(shown) if *shown == revision => {}
        Some(shown) => return dropped(t, r, shown.clone()),
        // Without a target there is nothing to copy; the deadline ends the run.
        None => return dropped(t, r, revision),
    }
    if skipped && t.state().routes(r.strategy()).exposed() > 0 && t.would_leave_the_better_copy()? {
        return run::waits_for_primary(t);
    }
    let run = t.state().runs;
    mark_applied(t, revision.clone(), skipped);
    let mut commands: Vec<Command> = t.reroute(r).into_iter().collect();
    commands.push(Command::Promote { revision, run });
    t.act(Rule::PromotionApplied, commands)
}

fn mark_applied(t: &mut Turn<'_>, revision: Revision, skipped: bool) {
    let now = t.now;
    let moves_users = skipped && !t.primary_is_the_worse_copy();
    let state = t.edit();
    state.run.intent = Some(Intent::Promote { revision, applied: true, skipped });
    // Its deadline counts from here.
    state.run.primary_unready = Some(Unready::since(now));
    if moves_users {
        // Users wait on the old primary until the new one is ready.
        state.canary_weight = 0;
        state.run.mirror_weight = 0;
        state.run.stage = Stage::Start;
    }
}

/// Whether the primary runs a revision that was not promoted yet: then it got the command, whatever was saved.
pub(super) fn is_applied(t: &Turn<'_>, revision: &Revision) -> bool {
    let runs = t.seen.primary.known().and_then(Option::as_ref).and_then(|primary| primary.runs.as_ref());
    runs == Some(revision) && *revision != t.state().promoted
}

/// Nothing was changed yet, so the newer revision gets a run of its own.
fn dropped(t: &mut Turn<'_>, r: &Rollout, shown: Revision) -> Flow {
    if shown == t.state().promoted && shown != t.state().applied {
        return rollback::decide(t, Cause::Reverted);
    }
    run::restart(t, r, shown)
}

/// The primary has to become ready with the new revision; after its deadline the promotion has failed.
fn primary_ready(t: &mut Turn<'_>, r: &Rollout, revision: &Revision) -> Flow {
    readiness::watch_primary(t);
    t.primary()?;
    if t.primary_readiness().is_some_and(Readiness::is_ready) {
        return primary_serves(t, r);
    }
    if !readiness::is_overdue(t, Workload::Primary, r.policy()) {
        readiness::tell_if_late(t, Workload::Primary, r.policy());
        return t.wait(Rule::PromotionWaits);
    }
    failed(t, r, revision)
}

/// No user leaves a canary that serves for a primary that is ready and does not serve: one that wants no pods.
fn primary_serves(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    if t.state().routes(r.strategy()).exposed() == 0 || !t.would_leave_the_better_copy()? {
        return Flow::Continue(());
    }
    let why = t.why_not_primary();
    t.held_up_by(Obstacle::NotReady { who: Workload::Primary, why });
    t.wait(Rule::PromotionWaits)
}

/// Users are sent to the copy that is ready, or that serves; the revision of the primary stays as it is.
fn failed(t: &mut Turn<'_>, r: &Rollout, revision: &Revision) -> Flow {
    if let Some(target) = t.target()? {
        t.known(&target.serves, "endpoints of the canary")?;
    }
    let why = t.primary_readiness().and_then(Readiness::why_not).unwrap_or_default();
    let ready = t.canary_readiness().is_some_and(Readiness::is_ready);
    let canary_serves = ready && t.seen.canary_serves() == Some(true) || t.primary_is_the_worse_copy();
    let to_canary = canary_serves && r.switches_traffic;
    let (now, deadline) = (t.now, r.policy().progress_deadline);
    let gave_up = t.primary_readiness().is_some_and(Readiness::is_stalled);
    t.tell(Message::PromotionFailed { why: why.clone() });
    let state = t.edit();
    state.clear_run();
    state.phase = Phase::Failed;
    let cause = Cause::Deadline { who: Workload::Primary, why, deadline, gave_up };
    state.run.failure = Some(RunFailure { cause, at: now });
    state.failed_checks = 0;
    state.promoted = revision.clone();
    state.run.stage = Stage::Holding;
    state.canary_weight = if to_canary { 100 } else { 0 };
    owed::note(state, r, RunOn::FailedPromotion, now);
    let commands = t.reroute(r).into_iter().collect();
    t.act(Rule::PromotionFailed, commands)
}

/// After the copy the target may show a newer revision: then users leave it as soon as they can.
fn target_moved(t: &Turn<'_>, revision: &Revision) -> bool {
    t.shown().is_some_and(|shown| shown != revision)
}

/// The primary takes traffic back, all at once or step by step.
fn take_traffic(t: &mut Turn<'_>, r: &Rollout, hurry: bool) -> Flow {
    let (now, due) = (t.now, t.state().due);
    if now < due && !hurry {
        t.until(due, Why::NextCheck);
        return t.wait(Rule::NotDue);
    }
    let due = schedule::next_due(t, r);
    let step = match r.strategy() {
        Strategy::Weighted(weighted) if !hurry => weighted.promotion_step,
        Strategy::Weighted(_) | Strategy::AbTesting { .. } | Strategy::BlueGreen(_) => None,
    };
    let left = step.map_or(0, |step| t.state().canary_weight.saturating_sub(step));
    let state = t.edit();
    state.due = due;
    state.canary_weight = left;
    if left > 0 {
        t.tell(Message::PrimaryAdvanced(100_u8.saturating_sub(left)));
        let commands = t.reroute(r).into_iter().collect();
        return t.act(Rule::PrimaryAdvanced, commands);
    }
    state.phase = Phase::Finalising;
    state.iterations = 0;
    state.run.mirror_weight = 0;
    state.run.stage = Stage::Start;
    t.tell(Message::PrimaryTakesAll);
    let commands = t.reroute(r).into_iter().collect();
    t.act(Rule::PrimaryTakesAll, commands)
}

/// The primary serves again, and is ready: users return from the canary, which was the only copy that served meanwhile.
fn take_back(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let (now, interval) = (t.now, r.policy().interval);
    let state = t.edit();
    serving::stay_away(state);
    state.iterations = 0;
    state.due = now + interval;
    if state.phase == Phase::Promoting {
        state.phase = Phase::Finalising;
    }
    t.tell(Message::PrimaryTakesAll);
    let commands = t.reroute(r).into_iter().collect();
    t.act(Rule::PrimaryTakesAll, commands)
}

/// The canary is scaled down, an interval after its last users left it.
fn complete(t: &mut Turn<'_>, r: &Rollout, revision: Revision, skipped: bool, hurry: bool) -> Flow {
    let (now, due) = (t.now, t.state().due);
    if now < due && !skipped && !hurry {
        t.until(due, Why::NextCheck);
        return t.wait(Rule::NotDue);
    }
    let state = t.edit();
    let failed_checks = state.failed_checks;
    state.clear_run();
    state.phase = Phase::Succeeded;
    state.failed_checks = failed_checks;
    state.promoted = revision;
    owed::note(state, r, RunOn::Success, now);
    t.tell(Message::Promoted { skipped });
    let mut commands: Vec<Command> = t.reroute(r).into_iter().collect();
    commands.extend([Command::PauseScaler, Command::ScaleDown]);
    t.act(Rule::Promoted, commands)
}
