//! Readiness of canary and primary during a run, and the deadline for it.

use core::time::Duration;

use super::{
    rollback,
    turn::{Flow, Turn},
};
use crate::{
    decision::{Cause, Rule, Workload},
    observation::Readiness,
    spec::{Policy, Rollout},
    state::{Stage, Unready},
    time::Timestamp,
};

/// A deadline fires only on two sightings at least this far apart, so that an outage of what we see with, or a clock
/// that jumps, is never followed by a rollback on first sight.
pub(super) const BETWEEN_SIGHTINGS: Duration = Duration::from_secs(10);

/// Notes since when a workload is not ready. What is not known changes nothing.
pub(super) fn watch(t: &mut Turn<'_>) {
    let now = t.now;
    if let Some(readiness) = t.canary_readiness() {
        let noted = t.state().canary_unready.is_some();
        if readiness.is_ready() == noted {
            t.edit().canary_unready = (!noted).then_some(Unready { since: now, warned: None });
        }
        // A warm-up begins anew.
        if !readiness.is_ready() && t.state().ready_since.is_some() {
            t.edit().ready_since = None;
        }
    }
    watch_primary(t);
}

/// As [`watch`], of the primary alone.
pub(super) fn watch_primary(t: &mut Turn<'_>) {
    let now = t.now;
    if let Some(readiness) = t.primary_readiness() {
        let noted = t.state().primary_unready.is_some();
        if readiness.is_ready() == noted {
            t.edit().primary_unready = (!noted).then_some(Unready { since: now, warned: None });
        }
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
            let readiness = match who {
                Workload::Canary => t.canary_readiness(),
                Workload::Primary => t.primary_readiness(),
            };
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
    let (readiness, unready) = match who {
        Workload::Canary => (t.canary_readiness(), t.state().canary_unready),
        Workload::Primary => (t.primary_readiness(), t.state().primary_unready),
    };
    let (Some(readiness), Some(unready)) = (readiness, unready) else { return false };
    let stalled = readiness.is_stalled();
    match unready.warned {
        _ if readiness.is_ready() => false,
        None if stalled || now >= warns_at(unready.since, policy.progress_deadline) => {
            let state = t.edit();
            let unready = match who {
                Workload::Canary => &mut state.canary_unready,
                Workload::Primary => &mut state.primary_unready,
            };
            if let Some(unready) = unready {
                unready.warned = Some(now);
            }
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
pub(super) fn both_ready(t: &mut Turn<'_>) -> Flow {
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
    t.wait(Rule::NotReady)
}
