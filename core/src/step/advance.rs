//! The next move after a passed check, or at the start, and the gate before it.

use alloc::vec::Vec;

use super::{
    gate, hooks,
    moves::{Move, apply, iterations, next_move},
    promotion, schedule,
    turn::{Flow, Turn},
};
use crate::{
    decision::Rule,
    message::{Advance, Message},
    phase::Phase,
    spec::{HookKind, Rollout},
    state::Stage,
    strategy::Strategy,
};

/// Makes the next move, once its gates are open.
pub(super) fn rule(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    if t.state().run.held_by_operator {
        return held(t, r);
    }
    let next = next_move(r.strategy(), t.state());
    gates(t, r, next)?;
    if next == Move::Promote {
        counts(t, r);
        return promotion::decide(t, false);
    }
    make(t, r, next);
    let commands = t.reroute(r).into_iter().collect();
    counts(t, r);
    let rule = if next == Move::Soak { Rule::Soaked } else { Rule::Advanced };
    t.act(rule, commands)
}

/// The gates that the move needs. A gate that passed is remembered, for the step or for the run.
fn gates(t: &mut Turn<'_>, r: &Rollout, next: Move) -> Flow {
    let weighted = matches!(r.strategy(), Strategy::Weighted(_)) && t.state().run.stage != Stage::InPlace;
    if weighted && next != Move::Soak {
        gate(t, r, HookKind::ConfirmTrafficIncrease)?;
    }
    // Blue/green asks its gate before traffic moves. A gate that passed then is remembered.
    if matches!(next, Move::Switch | Move::Promote) {
        // It passed at the start, unless it was added since.
        gate(t, r, HookKind::ConfirmRollout)?;
        gate(t, r, HookKind::ConfirmPromotion)?;
    }
    Flow::Continue(())
}

fn gate(t: &mut Turn<'_>, r: &Rollout, kind: HookKind) -> Flow {
    let Some((hook, said)) = hooks::first_denied(t, r, kind)? else { return Flow::Continue(()) };
    if gate::note_closed(t, hook) {
        let (hook, muted) = (hook.name.clone(), hook.mute_alert);
        t.tell(Message::GateClosed { kind: kind.into(), hook, said, muted });
    }
    if kind == HookKind::ConfirmPromotion {
        t.edit().phase = Phase::WaitingPromotion;
    }
    closed(t, r)
}

/// The check is over. A gate whose call was abandoned is asked again at once, because the next check is due.
fn closed(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    counts(t, r);
    if let Some(due) = t.late {
        t.edit().due = due;
    }
    t.act(Rule::GateClosed, Vec::new())
}

/// Makes the move, and reports it.
fn make(t: &mut Turn<'_>, r: &Rollout, next: Move) {
    apply(t.edit(), r.strategy(), next);
    let (made, all) = (t.state().iterations, iterations(r.strategy()));
    let step = match next {
        Move::Mirror(weight) => Advance::Mirror(weight),
        Move::Weight(weight) => Advance::Weight(weight),
        Move::Iterate { .. } | Move::Soak => Advance::Iteration(made, all),
        Move::Switch => Advance::All,
        // The caller decides these.
        Move::Promote => return,
    };
    t.tell(Message::Advanced(step));
}

/// The check passed, or a gate was found closed.
fn counts(t: &mut Turn<'_>, r: &Rollout) {
    schedule::close_judged_check(t, r);
    let state = t.edit();
    if state.run.stage != Stage::Start {
        state.run.ready_since = None;
    }
}

fn held(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    counts(t, r);
    // The hooks and gates of the start have passed, so the run is past its start.
    if t.state().run.stage == Stage::Start {
        t.edit().run.stage = Stage::Analysing;
    }
    t.act(Rule::HeldByOperator, Vec::new())
}
