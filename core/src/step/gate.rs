//! A gate that stays closed: since when, and for how long it may.

use core::time::Duration;

use super::{
    rollback,
    turn::{Flow, Turn, Why},
};
use crate::{
    decision::Cause,
    spec::{Hook, HookKind, Rollout},
    state::{Countdown, State},
};

/// Notes that this gate is closed. Returns whether this is the first time since the last move, or since another gate
/// was closed.
pub(super) fn note_closed(t: &mut Turn<'_>, hook: &Hook) -> bool {
    if t.state().run.closed_gate.as_ref() == Some(&hook.key) {
        return false;
    }
    let now = t.now;
    let state = t.edit();
    state.run.closed_gate = Some(hook.key.clone());
    state.run.gate_closed = Some(Countdown::since(now));
    true
}

/// A run whose gate stays closed past its deadline is rolled back.
pub(super) fn deadline(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    match overdue(t, r) {
        Some(cause) => rollback::decide(t, cause),
        None => Flow::Continue(()),
    }
}

/// The closed gate whose deadline has passed, as a cause. Credits the time that it was closed.
pub(super) fn overdue(t: &mut Turn<'_>, r: &Rollout) -> Option<Cause> {
    let (hook, deadline, closed) = bounded(t.state(), r)?;
    t.until(closed.part_ends(deadline), Why::Deadline);
    let credited = closed.credited(t.now, deadline);
    if credited != closed {
        t.edit().run.gate_closed = Some(credited);
    }
    credited.is_over(deadline).then(|| Cause::Gate {
        kind: hook.kind.into(),
        hook: hook.name.clone(),
        deadline,
    })
}

/// The closed gate if it has a deadline, and how long it has been closed.
fn bounded<'r>(state: &State, r: &'r Rollout) -> Option<(&'r Hook, Duration, Countdown)> {
    let hook = r.hook(state.run.closed_gate.as_ref()?)?;
    Some((hook, hook.deadline?, state.run.gate_closed?))
}

/// The first polled `rollback` hook that passes, as a cause.
pub(super) fn trigger(t: &mut Turn<'_>, r: &Rollout) -> Flow<Option<Cause>> {
    for hook in r.hooks_of(HookKind::RollbackTrigger) {
        if t.ask(hook)?.is_ok() {
            return Flow::Continue(Some(Cause::Trigger { hook: hook.name.clone() }));
        }
    }
    Flow::Continue(None)
}
