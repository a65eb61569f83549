//! When checks count: once an interval.

use super::turn::Turn;
use crate::{spec::Rollout, state::Stage, time::Timestamp};

/// Whether it is time for the next counted check.
pub(super) fn is_due(t: &Turn<'_>, r: &Rollout) -> bool {
    let state = t.state();
    t.now >= state.due && state.run.ready_since.is_none_or(|since| t.now.since(since) >= r.policy().delay)
}

/// The next counted check: on the grid of intervals, or an interval from now if this one had to wait for the copies to
/// be ready.
pub(super) fn next_due(t: &Turn<'_>, r: &Rollout) -> Timestamp {
    let (before, interval) = (t.before(), r.policy().interval);
    let waited = before.run.stage == Stage::Start
        || before.run.canary_unready.is_some()
        || before.run.primary_unready.is_some();
    if waited {
        return t.now + interval;
    }
    let missed = t.now.since(before.due).as_millis() / interval.as_millis();
    // A hundred years contain fewer than u32::MAX intervals of ten seconds.
    before.due + interval * (u32::try_from(missed).unwrap_or(u32::MAX - 1) + 1)
}

/// The check is over: the next one is an interval away, and its interval has no observations yet.
pub(super) fn close_check(t: &mut Turn<'_>, r: &Rollout) {
    let due = next_due(t, r);
    let state = t.edit();
    state.check = state.check.saturating_add(1);
    state.due = due;
    state.run.unreached = None;
}

/// The same, for a check that was judged, or that a gate kept from being counted.
pub(super) fn close_judged_check(t: &mut Turn<'_>, r: &Rollout) {
    close_check(t, r);
    t.edit().run.unjudged = None;
}
