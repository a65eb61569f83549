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

/// The platform's report that a workload has failed counts only if it was observed twice, at least this far apart. So
/// after an outage of the API, the first observation cannot cause a rollback.
const BETWEEN_SIGHTINGS: Duration = Duration::from_secs(10);

/// Notes since when a workload is not ready. An unknown fact changes nothing.
pub(super) fn watch(t: &mut Turn<'_>) {
    note(t, Workload::Canary);
    // A warm-up starts again.
    if is_fit(t, Workload::Canary) == Some(false) && t.state().run.ready_since.is_some() {
        t.edit().run.ready_since = None;
    }
    watch_primary(t);
}

/// As [`watch`], for the primary only.
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
        // In place the primary is known to be broken: that is the reason for it.
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

/// Whether the workload is not ready past its deadline, or the platform was observed twice to report its failure.
/// Credits the time that it was not ready, and notes the first observation.
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

/// Both copies are ready, and the canary serves; in place, the primary is not considered.
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
    // This is not an obstacle: the deadline ends it, with an alert of its own.
    if !in_place {
        tell_if_late(t, Workload::Primary, r.policy());
    }
    tell_if_late(t, Workload::Canary, r.policy());
    t.wait(Rule::NotReady)
}

/// Reports, once until it is ready, that a workload is not ready after an interval.
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

/// The place of the note that a workload is not ready.
fn noted(state: &mut State, who: Workload) -> &mut Option<Unready> {
    match who {
        Workload::Canary => &mut state.run.canary_unready,
        Workload::Primary => &mut state.run.primary_unready,
    }
}

/// Whether a run can start or be judged with this copy; `None` if that is not known.
pub(super) fn is_fit(t: &Turn<'_>, who: Workload) -> Option<bool> {
    known(t, who).0.map(Sight::is_fit)
}

/// What a run needs from a copy: it is ready. A canary must also serve, because a step would otherwise send users to
/// pods that do not answer.
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

/// What is known about a copy, and what is noted about it.
fn known<'a>(t: &Turn<'a>, who: Workload) -> (Option<Sight<'a>>, Option<Unready>) {
    match who {
        Workload::Canary => (canary(t), t.state().run.canary_unready),
        Workload::Primary => {
            let ready = t.primary_readiness().map(|readiness| Sight { readiness, serves: true });
            (ready, t.state().run.primary_unready)
        }
    }
}

/// A copy that is not ready is known to be unfit, whether it serves or not.
fn canary<'a>(t: &Turn<'a>) -> Option<Sight<'a>> {
    let readiness = t.canary_readiness()?;
    let serves = if readiness.is_ready() { t.seen.canary_serves()? } else { false };
    Some(Sight { readiness, serves })
}
