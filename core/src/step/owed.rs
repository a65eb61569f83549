//! Hooks owed after a run: called in order, once users are on a copy that serves.

use alloc::vec::Vec;
use core::time::Duration;

use super::turn::{Flow, Turn, Why};
use crate::{
    decision::Rule,
    message::{HookKindName, Message},
    spec::{HookKind, Rollout, RunOn},
    state::{Owed, State},
    time::Timestamp,
};

/// How many times a hook that undoes the release is tried; the outcome of other hooks is only reported.
const MOST_ATTEMPTS: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// Notes the hooks that are called once a run has ended.
pub(super) fn note(state: &mut State, r: &Rollout, ended: RunOn, now: Timestamp) {
    let phase = state.phase;
    state.owed = r
        .owed_after(ended)
        .into_iter()
        .map(|hook| Owed {
            kind: r.hook(&hook).map_or(HookKindName("".into()), |hook| hook.kind.into()),
            hook,
            phase,
            attempts: 0,
            at: now,
        })
        .collect();
}

/// The first of them, if it is due.
pub(super) fn rule(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let Some(owed) = t.state().owed.first().cloned() else { return Flow::Continue(()) };
    let Some(hook) = r.hook(&owed.hook) else {
        // It was removed from the Canary meanwhile.
        t.edit().owed.remove(0);
        return t.act(Rule::OwedHook, Vec::new());
    };
    if t.now < owed.at {
        t.until(owed.at, Why::Retry);
        return t.wait(Rule::OwedHook);
    }
    let answer = t.ask(hook)?;
    let (now, kind, name) = (t.now, hook.kind, hook.name.clone());
    let attempts = owed.attempts.saturating_add(1);
    let again = kind == HookKind::RollbackAction && attempts < MOST_ATTEMPTS;
    let state = t.edit();
    state.check = state.check.saturating_add(1);
    match answer {
        Ok(said) => {
            state.owed.remove(0);
            t.tell(Message::HookPassed { kind: kind.into(), hook: name, said });
        }
        Err(said) if again => {
            let wait = FIRST_WAIT * 2_u32.pow(owed.attempts.min(MOST_ATTEMPTS));
            if let Some(first) = state.owed.first_mut() {
                first.attempts = attempts;
                first.at = now + wait;
            }
            t.tell(Message::OwedHookFailed { kind: kind.into(), hook: name, said, given_up: false });
        }
        Err(said) => {
            state.owed.remove(0);
            let given_up = kind == HookKind::RollbackAction;
            if !given_up {
                // If a post-rollout hook fails, those after it are skipped.
                state.owed.clear();
            }
            t.tell(Message::OwedHookFailed { kind: kind.into(), hook: name, said, given_up });
        }
    }
    t.act(Rule::OwedHook, Vec::new())
}
