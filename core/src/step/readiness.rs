//! Readiness of canary and primary during a run, and the deadline for it.

use core::time::Duration;

use super::{
    rollback,
    turn::{Flow, Turn},
};
use crate::{
    decision::{Cause, Rule, Workload},
    message::Message,
    observation::{NO_ENDPOINT, Readiness},
    revision::Text,
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
    if is_fit(t, Workload::Canary) == Some(false) && t.state().ready_since.is_some() {
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
    let (Some(sight), unready) = known(t, who) else { return };
    if sight.is_fit() == unready.is_some() {
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
            let (sight, _) = known(t, who);
            let why = sight.and_then(Sight::why_not).unwrap_or_default();
            let gave_up = sight.is_some_and(|sight| sight.readiness.is_stalled());
            let deadline = r.policy().progress_deadline;
            return rollback::decide(t, Cause::Deadline { who, why, deadline, gave_up });
        }
    }
    Flow::Continue(())
}

/// Whether the workload was seen unready past its deadline, twice. Notes the first sighting.
pub(super) fn is_overdue(t: &mut Turn<'_>, who: Workload, policy: &Policy) -> bool {
    let now = t.now;
    let (Some(sight), Some(unready)) = known(t, who) else { return false };
    let stalled = sight.readiness.is_stalled();
    match unready.warned {
        _ if sight.is_fit() => false,
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

/// Both copies are ready, and the canary serves; in place, the primary is not looked at.
pub(super) fn both_ready(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let in_place = t.state().stage == Stage::InPlace;
    if !in_place {
        t.primary()?;
    }
    if let Some(target) = t.target()?
        && target.readiness.is_ready()
    {
        t.known(&target.serves, "endpoints of the canary")?;
    }
    let primary = in_place || is_fit(t, Workload::Primary) == Some(true);
    if primary && is_fit(t, Workload::Canary) == Some(true) {
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
    let (Some(sight), Some(unready)) = known(t, who) else { return };
    if unready.told || t.now < is_late_at(unready.since, policy.interval) {
        return;
    }
    let Some(why) = sight.why_not() else { return };
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

/// Whether a run may start or be judged with this copy; `None` if that is not known.
pub(super) fn is_fit(t: &Turn<'_>, who: Workload) -> Option<bool> {
    known(t, who).0.map(Sight::is_fit)
}

/// What a run needs of a copy: it is ready, and a canary serves, too, since a step would send users to nobody.
#[derive(Clone, Copy)]
struct Sight<'a> {
    readiness: &'a Readiness,
    serves: bool,
}

impl Sight<'_> {
    fn is_fit(self) -> bool {
        self.readiness.is_ready() && self.serves
    }

    fn why_not(self) -> Option<Text> {
        self.readiness.why_not().or_else(|| (!self.serves).then(|| NO_ENDPOINT.into()))
    }
}

/// What is known of a copy, and what is noted of it.
fn known<'a>(t: &Turn<'a>, who: Workload) -> (Option<Sight<'a>>, Option<Unready>) {
    match who {
        Workload::Canary => (canary(t), t.state().canary_unready),
        Workload::Primary => {
            let ready = t.primary_readiness().map(|readiness| Sight { readiness, serves: true });
            (ready, t.state().primary_unready)
        }
    }
}

/// One that is not ready is known to be unfit, whether it serves or not.
fn canary<'a>(t: &Turn<'a>) -> Option<Sight<'a>> {
    let readiness = t.canary_readiness()?;
    let serves = if readiness.is_ready() { t.seen.canary_serves()? } else { false };
    Some(Sight { readiness, serves })
}
