//! A gate that stays closed: since when, and until when it may.

use super::{
    rollback,
    turn::{Flow, Turn},
};
use crate::{
    decision::Cause,
    spec::{Hook, HookKind, Rollout},
    state::State,
    time::Timestamp,
};

/// Notes that this gate is closed. Returns whether it is the first time since the last move, or since another gate was
/// closed.
pub(super) fn note_closed(t: &mut Turn<'_>, hook: &Hook) -> bool {
    if t.state().closed_gate.as_ref() == Some(&hook.key) {
        return false;
    }
    let now = t.now;
    let state = t.edit();
    state.closed_gate = Some(hook.key.clone());
    state.gate_closed_since = Some(now);
    true
}

/// A run whose gate stays closed past its deadline is rolled back.
pub(super) fn deadline(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    match overdue(t, r) {
        Some(cause) => rollback::decide(t, cause),
        None => Flow::Continue(()),
    }
}

/// The closed gate whose deadline has passed, as the cause of what follows.
pub(super) fn overdue(t: &Turn<'_>, r: &Rollout) -> Option<Cause> {
    let (hook, at) = closes_for_good(t.state(), r)?;
    let deadline = hook.deadline?;
    (t.now >= at).then(|| Cause::Gate { kind: hook.kind.into(), hook: hook.name.clone(), deadline })
}

/// The closed gate that has a deadline, and when that is.
pub(super) fn closes_for_good<'r>(state: &State, r: &'r Rollout) -> Option<(&'r Hook, Timestamp)> {
    let hook = r.hook(state.closed_gate.as_ref()?)?;
    Some((hook, state.gate_closed_since? + hook.deadline?))
}

/// The `rollback` hooks that are polled: the first that passes, as the cause of what follows.
pub(super) fn trigger(t: &mut Turn<'_>, r: &Rollout) -> Flow<Option<Cause>> {
    for hook in r.hooks_of(HookKind::RollbackTrigger) {
        if t.ask(hook)?.is_ok() {
            return Flow::Continue(Some(Cause::Trigger { hook: hook.name.clone() }));
        }
    }
    Flow::Continue(None)
}
