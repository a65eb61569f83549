//! I16: no tick leaves users where they should not be.

use alloc::format;
use core::time::Duration;

use super::{Broken, Call};
use crate::{
    phase::Phase,
    spec::Rollout,
    state::{Intent, Origin},
};

/// When a tick ends, the routes expose no more users than the state says, unless a repair was made within this second.
pub(super) fn check(call: &Call<'_>, broken: &mut Broken) {
    let Ok(r) = call.canary else { return };
    let Some(Some(seen)) = call.seen.routes.known() else { return };
    let ends = call.plan.commands.is_empty() && call.plan.state.is_none();
    let wanted = call.state.routes(r.strategy());
    if !ends || !r.switches_traffic || seen.exposed() <= wanted.exposed() || is_hands_off(call, r) {
        return;
    }
    let repaired = call.state.repair.as_ref();
    let just_now = repaired.is_some_and(|last| call.now.since(last.at) < Duration::from_secs(1));
    broken.unless(just_now || may_be_our_own(call) || only_the_canary_serves(call), "I16", || {
        format!("the routes stay at {seen} in {}, the state says {wanted}", call.state.phase)
    });
}

/// Nothing is written now: the status is not ours, the write fails, a person ordered it, or a run ends its own routes.
fn is_hands_off(call: &Call<'_>, r: &Rollout) -> bool {
    let state = call.state;
    let set_up = !matches!(state.phase, Phase::New | Phase::Initializing | Phase::Terminating);
    let ends = matches!(state.run.intent, Some(Intent::Rollback { .. } | Intent::Delete { .. }));
    !set_up
        || ends
        || call.seen.deleting
        || state.origin != Origin::Ours
        || state.trouble.is_some()
        || state.suspended.is_some()
        || (*r.topology() != *state.topology && state.phase.is_analysing())
        || !r.topology().same_objects(&state.topology)
}

/// The controller may have stopped between a step's routes and its save: while the check before it is due, or while a
/// promotion waits.
fn may_be_our_own(call: &Call<'_>) -> bool {
    let due = call.state.phase.is_analysing() && call.now >= call.state.due;
    due || matches!(call.state.run.intent, Some(Intent::Promote { .. }))
}

/// No user is moved from a copy that serves to one that does not.
fn only_the_canary_serves(call: &Call<'_>) -> bool {
    call.seen.primary_serves() == Some(false) && call.seen.canary_serves() == Some(true)
}
