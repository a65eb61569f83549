//! When to call again: the earliest moment at which a rule that waits would not wait any more.

use core::time::Duration;

use serde::Serialize;

use super::{gate, reach, readiness, repair, trouble, turn::Turn};
use crate::{
    observation::Observation,
    phase::Phase,
    spec::{Invalid, Rollout},
    state::{Intent, Origin, Stage, Stall, State, Unready},
    time::Timestamp,
};

/// When to call again, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Wake {
    /// When; not later than now: at once.
    pub at: Timestamp,
    /// Why.
    pub why: Why,
}

/// What a wake is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// There is more to do in this tick.
    AtOnce,
    /// The next check, or the next step of a promotion.
    NextCheck,
    /// The warm-up is over.
    WarmedUp,
    /// A workload's deadline.
    Deadline,
    /// A command or a hook is tried again.
    Retry,
    /// Somebody is told that the Canary is held up.
    Stalled,
    /// Notices are still to be delivered.
    Notices,
}

/// While a deletion waits, it is told once a day.
const DAY: Duration = Duration::from_secs(86_400);
const NOTICE_RETRY: Duration = Duration::from_secs(10);
const DEFAULT_DEADLINE: Duration = Duration::from_secs(600);

/// The progress deadline, also of a Canary that makes no sense.
pub(super) fn deadline(canary: &Result<Rollout, Invalid>) -> Duration {
    canary.as_ref().map_or(DEFAULT_DEADLINE, |r| r.policy().progress_deadline)
}

/// Whether it is time to tell what holds a Canary up.
pub(super) fn stall_is_to_be_told(state: &State, stall: &Stall, deadline: Duration, now: Timestamp) -> bool {
    stall_time(state, stall, deadline).is_some_and(|at| now >= at)
}

fn stall_time(state: &State, stall: &Stall, deadline: Duration) -> Option<Timestamp> {
    // What is not being carried out waits while suspended, and that time does not count.
    let stands_still =
        state.suspended.is_some() && state.run.intent.is_none() && state.phase != Phase::Terminating;
    match stall.told {
        None => (!stands_still).then_some(stall.since + deadline),
        Some(told) if state.phase == Phase::Terminating => Some(told + DAY),
        Some(_) => None,
    }
}

/// When notices are sent again that no state holds.
pub(super) fn for_notices(now: Timestamp) -> Wake {
    Wake { at: now + NOTICE_RETRY, why: Why::Notices }
}

/// The next wake after a plan; `None` if only a change wakes.
pub(super) fn next(
    canary: &Result<Rollout, Invalid>,
    state: &State,
    seen: &Observation,
    now: Timestamp,
    at_once: bool,
) -> Option<Wake> {
    if at_once {
        return Some(Wake { at: now, why: Why::AtOnce });
    }
    if matches!(state.origin, Origin::Newer(_)) {
        return None;
    }
    let mut wakes = Earliest { after: now, wake: None };
    let deadline = deadline(canary);
    if let Some(trouble) = &state.trouble {
        wakes.add(trouble.retry_at, Why::Retry);
    }
    if let Some(stall) = &state.stall {
        wakes.add_if(stall_time(state, stall, deadline), Why::Stalled);
    }
    if !state.is_running() && !state.outbox.is_empty() {
        wakes.add(now + NOTICE_RETRY, Why::Notices);
    }
    if let Some(owed) = state.owed.first() {
        // What is asked at once is not waited for.
        wakes.add_if((owed.at > now).then_some(owed.at), Why::Retry);
    }
    let Ok(r) = canary else { return wakes.wake };
    if state.suspended.is_none() || state.run.intent.is_some() {
        of_run(&mut wakes, r, state, seen);
    }
    wakes.wake
}

/// The times of a run.
fn of_run(wakes: &mut Earliest, r: &Rollout, state: &State, seen: &Observation) {
    let waits_for_rollback = matches!(state.run.intent, Some(Intent::Rollback { .. }));
    let goes_by_due = (state.is_running() && !waits_for_rollback) || state.phase == Phase::Waiting;
    if goes_by_due {
        wakes.add(state.due, Why::NextCheck);
        if state.run.intent.is_none() {
            wakes.add_if(gate::part_ends(state, r), Why::Deadline);
        }
    }
    if state.phase.is_analysing() {
        wakes.add_if(state.run.ready_since.map(|since| since + r.policy().delay), Why::WarmedUp);
    }
    let in_place = state.run.stage == Stage::InPlace && state.run.intent.is_none();
    if state.phase.is_analysing() && state.run.intent.is_none() {
        wakes.add_if(reach::part_ends(state, r), Why::Deadline);
    }
    let canary_counts = state.phase.is_analysing() && state.run.intent.is_none();
    let primary_counts = state.is_running() && !waits_for_rollback && !in_place;
    let policy = r.policy();
    for unready in [
        state.run.canary_unready.filter(|_| canary_counts),
        state.run.primary_unready.filter(|_| primary_counts),
    ]
    .into_iter()
    .flatten()
    {
        let is_late_at = readiness::is_late_at(unready.count.since, policy.interval);
        wakes.add_if((!unready.told).then_some(is_late_at), Why::Stalled);
        for at in readiness::next_times(unready, policy.progress_deadline) {
            wakes.add_if(at, Why::Deadline);
        }
    }
    let drifted = seen.routes.known().is_some_and(|routes| *routes != Some(state.routes(r.strategy())))
        || seen.drift.known().is_some_and(|drift| drift.is_any());
    if drifted {
        wakes.add_if(repair::next(state, seen, r), Why::Retry);
    }
    wakes.add_if(
        state.repair.as_ref().filter(|last| last.contested).map(|last| repair::peace(last, r)),
        Why::Retry,
    );
}

/// Keeps the earliest wake that still lies ahead.
struct Earliest {
    after: Timestamp,
    wake: Option<Wake>,
}

impl Earliest {
    fn add(&mut self, at: Timestamp, why: Why) {
        if at > self.after && self.wake.is_none_or(|wake| (at, why) < (wake.at, wake.why)) {
            self.wake = Some(Wake { at, why });
        }
    }

    fn add_if(&mut self, at: Option<Timestamp>, why: Why) {
        if let Some(at) = at {
            self.add(at, why);
        }
    }
}

/// Clocks may be set back: a stored time further ahead than it can have been set is cut, so that at most one period is
/// lost.
pub(super) fn mend_clock(t: &mut Turn<'_>) {
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
