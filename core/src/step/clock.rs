//! A clock that was set back.

use super::{trouble, turn::Turn};
use crate::{phase::Phase, state::Unready, time::Timestamp};

/// Clocks may be set back: a stored time further ahead than it can have been set is cut, so that at most one period is
/// lost.
pub(super) fn mend(t: &mut Turn<'_>) {
    let Ok(r) = t.canary else { return };
    let (now, interval) = (t.now, r.policy().interval);
    let goes_by_due = t.state().is_running() || t.state().phase == Phase::Waiting;
    if goes_by_due && t.state().due > now + interval {
        t.edit().due = now + interval;
    }
    mend_countdowns(t);
    let ahead = |at: Option<Timestamp>| at.is_some_and(|at| at > now);
    if ahead(t.state().run.away.map(|away| away.since))
        && let Some(away) = &mut t.edit().run.away
    {
        away.since = now;
    }
    if ahead(t.state().run.ready_since) {
        t.edit().run.ready_since = Some(now);
    }
    if ahead(t.state().run.failure.as_ref().map(|failure| failure.at))
        && let Some(failure) = &mut t.edit().run.failure
    {
        failure.at = now;
    }
    if ahead(t.state().suspended) {
        t.edit().suspended = Some(now);
    }
    if ahead(t.state().repair.as_ref().map(|repair| repair.at)) {
        t.edit().repair = None;
    }
    if ahead(t.state().stall.as_ref().map(|stall| stall.since))
        && let Some(stall) = &mut t.edit().stall
    {
        stall.since = now;
    }
    if t.state().trouble.as_ref().is_some_and(|trouble| trouble.retry_at > now + trouble::LONGEST_WAIT)
        && let Some(trouble) = &mut t.edit().trouble
    {
        trouble.retry_at = now;
    }
    if t.state().owed.first().is_some_and(|owed| owed.at > now + trouble::LONGEST_WAIT)
        && let Some(owed) = t.edit().owed.first_mut()
    {
        owed.at = now;
    }
}

fn mend_countdowns(t: &mut Turn<'_>) {
    let now = t.now;
    let mended = |unready: Option<Unready>| {
        unready.map(|unready| Unready {
            count: unready.count.mended(now),
            gave_up: unready.gave_up.filter(|first| *first <= now),
            ..unready
        })
    };
    let state = t.state();
    let canary = mended(state.run.canary_unready);
    let primary = mended(state.run.primary_unready);
    let gate = state.run.gate_closed.map(|count| count.mended(now));
    let unjudged = state.run.unjudged.map(|count| count.mended(now));
    let before =
        (state.run.canary_unready, state.run.primary_unready, state.run.gate_closed, state.run.unjudged);
    if before != (canary, primary, gate, unjudged) {
        let state = t.edit();
        (state.run.canary_unready, state.run.primary_unready) = (canary, primary);
        (state.run.gate_closed, state.run.unjudged) = (gate, unjudged);
    }
}
