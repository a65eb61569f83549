//! A run that takes much longer than planned: one alert reports it, and nothing else changes.

use core::time::Duration;

use super::{
    moves::{Move, Position},
    turn::{Turn, Why},
};
use crate::{message::Message, spec::Rollout, state::Stage};

/// A run that takes this many times its plan is late.
const LATE: u32 = 2;
/// The most moves of a plan that is computed.
const MOST_MOVES: u32 = 10_000;

/// Reports that a run takes twice its plan, while it waits for its next check. Time in which a gate was closed or the Canary
/// was suspended does not count, and a run whose weight an operator set has no plan.
pub(super) fn watch(t: &mut Turn<'_>, r: &Rollout) {
    let run = &t.state().run;
    let Some(begun) = run.begun.filter(|_| run.gate_closed.is_none() && !run.held_by_operator) else {
        return;
    };
    let Some(plan) = planned_from(r, run.stage) else { return };
    let late = begun + plan * LATE;
    if t.now < late {
        t.until(late, Why::Deadline);
        return;
    }
    let taken = t.now.since(begun);
    t.edit().run.begun = None;
    t.tell(Message::Late { plan, taken });
}

/// The shortest time from the start of a run to its promotion: every pod is ready at once, every check passes, every gate is
/// open. `None` if it has more than 10,000 moves.
#[must_use]
pub fn planned(r: &Rollout) -> Option<Duration> {
    planned_from(r, Stage::Start)
}

/// The same from another stage: in place users are on the revision from the start. It is computed in every call, so it
/// allocates nothing.
fn planned_from(r: &Rollout, stage: Stage) -> Option<Duration> {
    let start = if stage == Stage::InPlace { stage } else { Stage::Start };
    let mut position = Position { stage: start, ..Position::default() };
    let mut checks = 0;
    loop {
        let next = position.next(r.strategy());
        if next == Move::Promote {
            break;
        }
        position = position.after(r.strategy(), next);
        checks += 1;
        if checks > MOST_MOVES {
            return None;
        }
    }
    let policy = r.policy();
    // The first move is one interval later, and not before the end of the warm-up.
    Some(policy.interval.max(policy.delay) + policy.interval.checked_mul(checks)?)
}
