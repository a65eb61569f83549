//! Readiness of canary and primary during a run, and the deadline for it.

use core::time::Duration;

use super::{
    rollback,
    turn::{Flow, Turn},
};
use crate::{
    decision::{Cause, Rule, Workload},
    message::Message,
    observation::Readiness,
    spec::{Policy, Rollout},
    state::{Stage, State, Unready},
    time::Timestamp,
};

/// A deadline fires only on two sightings at least this far apart, so that an outage of what we see with, or a clock
/// that jumps, is never followed by a rollback on first sight.
pub(super) const BETWEEN_SIGHTINGS: Duration = Duration::from_secs(10);

/// Notes since when a workload is not ready. What is not known changes nothing.
pub(super) fn watch(t: &mut Turn<'_>) {
    note(t, Workload::Canary);
    // A warm-up begins anew.
    if t.canary_readiness().is_some_and(|readiness| !readiness.is_ready()) && t.state().ready_since.is_some()
    {
        t.edit().ready_since = None;
    }
    watch_primary(t);
}

/// As [`watch`], of the primary alone.
pub(super) fn watch_primary(t: &mut Turn<'_>) {
    note(t, Workload::Primary);
}

fn note(t: &mut Turn<'_>, who: Workload) {
    let now = t.now;
    let (Some(readiness), unready) = known(t, who) else { return };
    if readiness.is_ready() == unready.is_some() {
        *noted(t.edit(), who) = unready.is_none().then_some(Unready::since(now));
    }
}

/// A workload that takes longer than the progress deadline ends the run.
pub(super) fn deadlines(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let in_place = t.state().stage == Stage::InPlace;
    for who in [Workload::Canary, Workload::Primary] {
        // In place the primary is known to be broken: that is why.
        if who == Workload::Primary && in_place {
            continue;
        }
        if is_overdue(t, who, r.policy()) {
            let (readiness, _) = known(t, who);
            let why = readiness.and_then(Readiness::why_not).unwrap_or_default();
            let gave_up = readiness.is_some_and(Readiness::is_stalled);
            let deadline = r.policy().progress_deadline;
            return rollback::decide(t, Cause::Deadline { who, why, deadline, gave_up });
        }
    }
    Flow::Continue(())
}

/// Whether the workload was seen unready past its deadline, twice. Notes the first sighting.
pub(super) fn is_overdue(t: &mut Turn<'_>, who: Workload, policy: &Policy) -> bool {
    let now = t.now;
    let (Some(readiness), Some(unready)) = known(t, who) else { return false };
    let stalled = readiness.is_stalled();
    match unready.warned {
        _ if readiness.is_ready() => false,
        None if stalled || now >= warns_at(unready.since, policy.progress_deadline) => {
            *noted(t.edit(), who) = Some(Unready { warned: Some(now), ..unready });
            false
        }
        None => false,
        Some(warned) => {
            let late = stalled || now >= unready.since + policy.progress_deadline;
            late && now.since(warned) >= BETWEEN_SIGHTINGS
        }
    }
}

/// When the first of the two sightings is made.
pub(super) fn warns_at(since: Timestamp, deadline: Duration) -> Timestamp {
    since + deadline.saturating_sub(BETWEEN_SIGHTINGS)
}

/// Both copies serve; in place, the canary does.
pub(super) fn both_ready(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    if t.state().stage != Stage::InPlace {
        t.primary()?;
    }
    t.target()?;
    let in_place = t.state().stage == Stage::InPlace;
    let primary = in_place || t.primary_readiness().is_some_and(Readiness::is_ready);
    let canary = t.canary_readiness().is_some_and(Readiness::is_ready);
    if primary && canary {
        return Flow::Continue(());
    }
    // No obstacle to note: the deadline ends this, with an alert of its own.
    if !in_place {
        tell_if_late(t, Workload::Primary, r.policy());
    }
    tell_if_late(t, Workload::Canary, r.policy());
    t.wait(Rule::NotReady)
}

/// Tells, once until it is ready, that a workload is not although it had an interval for it.
pub(super) fn tell_if_late(t: &mut Turn<'_>, who: Workload, policy: &Policy) {
    let (readiness, unready) = known(t, who);
    let (Some(why), Some(unready)) = (readiness.and_then(Readiness::why_not), unready) else { return };
    if unready.told || t.now < is_late_at(unready.since, policy.interval) {
        return;
    }
    t.tell(Message::NotReady { who, why });
    *noted(t.edit(), who) = Some(Unready { told: true, ..unready });
}

/// When it is told that a workload is not ready.
pub(super) fn is_late_at(since: Timestamp, interval: Duration) -> Timestamp {
    since + interval
}

/// Where it is noted that a workload is not ready.
fn noted(state: &mut State, who: Workload) -> &mut Option<Unready> {
    match who {
        Workload::Canary => &mut state.canary_unready,
        Workload::Primary => &mut state.primary_unready,
    }
}

/// What is known of a workload's readiness, and what is noted of it.
fn known<'a>(t: &Turn<'a>, who: Workload) -> (Option<&'a Readiness>, Option<Unready>) {
    match who {
        Workload::Canary => (t.canary_readiness(), t.state().canary_unready),
        Workload::Primary => (t.primary_readiness(), t.state().primary_unready),
    }
}
