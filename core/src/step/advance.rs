//! After a passed check, or at the start: the next move, and the gate before it.

use alloc::vec::Vec;

use super::{
    analysis,
    gate::note_closed,
    promotion,
    turn::{Flow, Turn},
};
use crate::{
    decision::Rule,
    message::{Advance, Message},
    phase::Phase,
    planted::{Defect, is_planted},
    spec::{HookKind, Rollout},
    state::{Stage, State},
    strategy::{BlueGreen, Strategy, Weight, Weighted},
};

/// What follows a passed check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Mirror requests, before the first step.
    Mirror(Weight),
    /// Set the canary's weight.
    Weight(Weight),
    /// Make one more iteration.
    Iterate {
        /// Its number, counted from 1.
        iteration: u32,
        /// Percentage to mirror in it, 0 for none.
        mirror: Weight,
    },
    /// Blue/green: send all users to the canary.
    Switch,
    /// Stay for one more check.
    Soak,
    /// Promote.
    Promote,
}

/// The next move of a run: a function of strategy and state. All comparisons are "at least", so that a policy edited in
/// mid-run never gets stuck.
#[must_use]
pub fn next_move(strategy: &Strategy, state: &State) -> Move {
    // This check included.
    let passed = state.iterations.saturating_add(1);
    if state.run.stage == Stage::InPlace {
        let needed = match strategy {
            Strategy::Weighted(weighted) => weighted.iterations,
            Strategy::AbTesting { iterations } => *iterations,
            Strategy::BlueGreen(blue_green) => blue_green.iterations,
        };
        return if passed >= needed { Move::Promote } else { Move::Soak };
    }
    match strategy {
        Strategy::Weighted(Weighted { mirror: Some(mirror), .. })
            if state.run.stage == Stage::Start && state.canary_weight == 0 =>
        {
            Move::Mirror(*mirror)
        }
        Strategy::Weighted(Weighted { mirror: Some(_), iterations, .. })
            if state.run.stage == Stage::Mirroring && state.iterations < *iterations =>
        {
            Move::Soak
        }
        Strategy::Weighted(weighted) => match weighted.steps.after(state.canary_weight) {
            Some(weight) => Move::Weight(weight),
            None if passed < weighted.iterations => Move::Soak,
            None => Move::Promote,
        },
        Strategy::AbTesting { iterations } if state.iterations < *iterations => {
            Move::Iterate { iteration: passed, mirror: 0 }
        }
        Strategy::AbTesting { .. } => Move::Promote,
        Strategy::BlueGreen(_) if state.run.stage == Stage::Switched => Move::Promote,
        Strategy::BlueGreen(BlueGreen { iterations, mirror, .. }) if state.iterations < *iterations => {
            Move::Iterate { iteration: passed, mirror: mirror.map_or(0, |mirror| mirror.at(passed)) }
        }
        Strategy::BlueGreen(_) => Move::Switch,
    }
}

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

/// The gates that the move needs; what passed is remembered, for the step or for the run.
fn gates(t: &mut Turn<'_>, r: &Rollout, next: Move) -> Flow {
    let weighted = matches!(r.strategy(), Strategy::Weighted(_)) && t.state().run.stage != Stage::InPlace;
    if weighted && next != Move::Soak {
        gate(t, r, HookKind::ConfirmTrafficIncrease)?;
    }
    // Blue/green asks before traffic moves; what passed then is remembered.
    if matches!(next, Move::Switch | Move::Promote) {
        // Passed at the start, unless it was added since.
        gate(t, r, HookKind::ConfirmRollout)?;
        gate(t, r, HookKind::ConfirmPromotion)?;
    }
    Flow::Continue(())
}

fn gate(t: &mut Turn<'_>, r: &Rollout, kind: HookKind) -> Flow {
    for hook in r.hooks_of(kind) {
        let passed =
            t.state().run.passed.contains(&hook.key) || t.state().run.passed_step.contains(&hook.key);
        if passed && !is_planted(Defect::HookCalledAgain) {
            continue;
        }
        let answer = t.ask(hook)?;
        match if is_planted(Defect::ClosedGatePassed) { answer.or_else(Ok) } else { answer } {
            Ok(said) => {
                t.tell(Message::HookPassed { kind: kind.into(), hook: hook.name.clone(), said });
                let state = t.edit();
                let for_this_step = kind == HookKind::ConfirmTrafficIncrease;
                let passed = if for_this_step { &mut state.run.passed_step } else { &mut state.run.passed };
                passed.insert(hook.key.clone());
            }
            Err(said) => {
                if note_closed(t, hook) {
                    t.tell(Message::GateClosed {
                        kind: kind.into(),
                        hook: hook.name.clone(),
                        said,
                        muted: hook.mute_alert,
                    });
                }
                if kind == HookKind::ConfirmPromotion {
                    t.edit().phase = Phase::WaitingPromotion;
                }
                return closed(t, r);
            }
        }
    }
    Flow::Continue(())
}

/// The check is over. A gate whose call was given up is asked again at once: the next check is due.
fn closed(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    counts(t, r);
    if let Some(due) = t.late {
        t.edit().due = due;
    }
    t.act(Rule::GateClosed, Vec::new())
}

/// Makes the move, and tells it.
fn make(t: &mut Turn<'_>, r: &Rollout, next: Move) {
    apply(t.edit(), r.strategy(), next);
    let (made, all) = (t.state().iterations, iterations(r.strategy()));
    let step = match next {
        Move::Mirror(weight) => Advance::Mirror(weight),
        Move::Weight(weight) => Advance::Weight(weight),
        Move::Iterate { .. } | Move::Soak => Advance::Iteration(made, all),
        Move::Switch => Advance::All,
        // Decided by the caller.
        Move::Promote => return,
    };
    t.tell(Message::Advanced(step));
}

/// Changes the state as the move says: stage, weight, mirrored percentage, iterations. Routes, gates and the schedule are
/// the caller's.
pub fn apply(state: &mut State, strategy: &Strategy, next: Move) {
    let counts_iterations = match strategy {
        Strategy::Weighted(weighted) => weighted.iterations > 0,
        Strategy::AbTesting { .. } | Strategy::BlueGreen(_) => true,
    };
    if counts_iterations || state.run.stage == Stage::InPlace {
        state.iterations = state.iterations.saturating_add(1);
    }
    match next {
        Move::Mirror(weight) => {
            state.run.stage = Stage::Mirroring;
            state.run.mirror_weight = weight;
        }
        Move::Weight(weight) => {
            state.run.stage = Stage::Analysing;
            state.run.mirror_weight = 0;
            state.canary_weight = weight;
        }
        Move::Iterate { mirror, .. } => {
            state.run.stage = Stage::Analysing;
            state.run.mirror_weight = mirror;
        }
        Move::Switch => {
            state.run.stage = Stage::Switched;
            state.run.mirror_weight = 0;
        }
        Move::Soak | Move::Promote => {}
    }
    state.run.passed_step.clear();
    state.run.forget_closed_gate();
}

fn iterations(strategy: &Strategy) -> u32 {
    match strategy {
        Strategy::Weighted(weighted) => weighted.iterations,
        Strategy::AbTesting { iterations } => *iterations,
        Strategy::BlueGreen(blue_green) => blue_green.iterations,
    }
}

/// The check passed, or a gate was found closed.
fn counts(t: &mut Turn<'_>, r: &Rollout) {
    analysis::close_check(t, r);
    let state = t.edit();
    state.run.unjudged = None;
    if state.run.stage != Stage::Start {
        state.run.ready_since = None;
    }
}

fn held(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    counts(t, r);
    // Hooks and gates of the start have passed; what is left is no longer the start.
    if t.state().run.stage == Stage::Start {
        t.edit().run.stage = Stage::Analysing;
    }
    t.act(Rule::HeldByOperator, Vec::new())
}
