//! I8, I10, I12 and the table of phases: what may happen while nothing changes.

use alloc::format;
use core::time::Duration;

use super::{Broken, Call};
use crate::{
    decision::Rule,
    effect, phase,
    state::{Origin, Stage, stage},
    step::{Plan, Step, step},
    time::Timestamp,
};

pub(super) fn check(call: &Call<'_>, broken: &mut Broken) {
    let (before, after) = (call.state, call.after());
    broken.unless(phase::is_allowed(before.phase, after.phase), "phases", || {
        format!("from {} to {} by {:?}", before.phase, after.phase, call.plan.decision.rule)
    });
    let (from, to) = (before.run.stage, after.run.stage);
    // The status of another controller is read into one of our stages.
    let taken_over = call.plan.decision.rule == Rule::TakenOver;
    broken.unless(taken_over || stage::is_allowed(from, to), "stages", || {
        format!("from {from:?} to {to:?} by {:?}", call.plan.decision.rule)
    });
    has_an_exit(call, broken);
    is_not_forgotten(call, broken);
    repeats_nothing(call, broken);
}

/// I8: if there is no wake, a run waits for something that has a name.
fn has_an_exit(call: &Call<'_>, broken: &mut Broken) {
    let after = call.after();
    let busy = !after.phase.is_idle() || after.run.stage == Stage::Holding || !after.owed.is_empty();
    let named = after.stall.is_some() || after.suspended.is_some() || after.trouble.is_some();
    // A fact that is older than our own write updates without a wake. A state of another version must not be ended
    // here.
    let passes = call.plan.decision.rule == Rule::Unknown || after.origin != Origin::Ours;
    let gone = call.plan.decision.rule == Rule::Released;
    let held = after.run.stage == Stage::Holding && after.phase.is_idle();
    let holds = call.plan.wake.is_some() || !busy || named || passes || gone || held;
    broken.unless(holds, "I8", || format!("nothing wakes {} in {:?}", after.phase, call.plan.decision.rule));
}

/// I12: outside a run, the revision that the target shows was promoted or was tried last.
fn is_not_forgotten(call: &Call<'_>, broken: &mut Broken) {
    let after = call.after();
    let rests = call.plan.decision.rule == Rule::Idle && after.phase.is_idle() && call.canary.is_ok();
    let target = call.seen.target.known().and_then(Option::as_ref);
    let Some(shown) = target.and_then(|target| target.revision.known()).filter(|_| rests) else { return };
    let known = *shown == after.promoted || *shown == after.applied;
    broken.unless(known, "I12", || format!("{shown} is neither promoted ({}) nor tried", after.promoted));
}

/// I10: the same call again, with its state saved and its commands carried out, at any time before its wake.
fn repeats_nothing(call: &Call<'_>, broken: &mut Broken) {
    let last = match call.plan.wake {
        // There is no time before it.
        Some(wake) if wake.at <= call.now => return,
        Some(wake) => wake.at - Duration::from_millis(1),
        None => call.now + Duration::from_secs(86_400),
    };
    let mut seen = call.seen.clone();
    for command in &call.plan.commands {
        effect::apply(command, &mut seen);
    }
    for now in [call.now, last] {
        let again = step(call.canary, call.after(), &seen, now);
        broken.unless(is_nothing(&again), "I10", || repeated(call, now, &again));
    }
}

fn is_nothing(step: &Step) -> bool {
    matches!(step, Step::Act(Plan { commands, state: None, .. }) if commands.is_empty())
}

fn repeated(call: &Call<'_>, now: Timestamp, again: &Step) -> alloc::string::String {
    let rule = call.plan.decision.rule;
    match again {
        Step::Ask(questions) => format!("{rule:?} again at {now} asks {} questions", questions.len()),
        Step::Act(plan) => format!("{rule:?} again at {now} is {:?} {:?}", plan.decision.rule, plan.commands),
    }
}
