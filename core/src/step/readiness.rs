//! Readiness of canary and primary during a run, and the deadline for it.

use core::time::Duration;

use super::{
    rollback,
    turn::{Flow, Turn, Why},
};
use crate::{
    decision::{Cause, Rule, Workload},
    message::Message,
    observation::{NO_ENDPOINT, Readiness},
    revision::Text,
    spec::{Policy, Rollout},
    state::{Stage, State, Unready},
};

/// That the platform gave a workload up counts only on two sightings at least this far apart, so that an outage of what we
/// see with is never followed by a rollback on first sight.
const BETWEEN_SIGHTINGS: Duration = Duration::from_secs(10);

/// Notes since when a workload is not ready. What is not known changes nothing.
pub(super) fn watch(t: &mut Turn<'_>) {
    note(t, Workload::Canary);
    // A warm-up begins anew.
    if is_fit(t, Workload::Canary) == Some(false) && t.state().run.ready_since.is_some() {
        t.edit().run.ready_since = None;
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
    let in_place = t.state().run.stage == Stage::InPlace;
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

/// Whether the workload is not ready past its deadline, or the platform was seen twice to have given it up. Credits the
/// time that it was not ready, and notes the first sighting.
pub(super) fn is_overdue(t: &mut Turn<'_>, who: Workload, policy: &Policy) -> bool {
    let (now, deadline) = (t.now, policy.progress_deadline);
    let (Some(sight), Some(unready)) = known(t, who) else { return false };
    if sight.is_fit() {
        return false;
    }
    t.until(unready.count.part_ends(deadline), Why::Deadline);
    if let Some(first) = unready.gave_up {
        t.until(first + BETWEEN_SIGHTINGS, Why::Deadline);
    }
    let gave_up = sight.readiness.is_stalled().then(|| unready.gave_up.unwrap_or(now));
    let after = Unready { count: unready.count.credited(now, deadline), gave_up, ..unready };
    if after != unready {
        *noted(t.edit(), who) = Some(after);
    }
    after.count.is_over(deadline) || gave_up.is_some_and(|first| now.since(first) >= BETWEEN_SIGHTINGS)
}

/// Both copies are ready, and the canary serves; in place, the primary is not looked at.
pub(super) fn both_ready(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let in_place = t.state().run.stage == Stage::InPlace;
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
    if unready.told {
        return;
    }
    let late = unready.count.since + policy.interval;
    t.until(late, Why::Stalled);
    if t.now < late {
        return;
    }
    let Some(why) = sight.why_not() else { return };
    t.tell(Message::NotReady { who, why });
    *noted(t.edit(), who) = Some(Unready { told: true, ..unready });
}

/// Where it is noted that a workload is not ready.
fn noted(state: &mut State, who: Workload) -> &mut Option<Unready> {
    match who {
        Workload::Canary => &mut state.run.canary_unready,
        Workload::Primary => &mut state.run.primary_unready,
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
        Workload::Canary => (canary(t), t.state().run.canary_unready),
        Workload::Primary => {
            let ready = t.primary_readiness().map(|readiness| Sight { readiness, serves: true });
            (ready, t.state().run.primary_unready)
        }
    }
}

/// One that is not ready is known to be unfit, whether it serves or not.
fn canary<'a>(t: &Turn<'a>) -> Option<Sight<'a>> {
    let readiness = t.canary_readiness()?;
    let serves = if readiness.is_ready() { t.seen.canary_serves()? } else { false };
    Some(Sight { readiness, serves })
}
