//! The decision: one call, one answer.
//!
//! [`rules`] is the order in which everything is decided; read it from top to bottom. A rule that fires ends the call,
//! a rule that does not apply lets the next one look.

mod advance;
mod analysis;
mod ask;
mod check;
mod deletion;
mod gate;
mod hooks;
mod idle;
mod initialize;
mod moves;
mod operator;
mod owed;
mod pace;
mod promotion;
mod reach;
mod readiness;
mod repair;
mod rollback;
mod run;
mod schedule;
mod serving;
mod standstill;
mod takeover;
mod trouble;
mod turn;
mod waiting;

use alloc::{sync::Arc, vec::Vec};

use self::turn::{Ending, Flow, Turn};
pub use self::turn::{Wake, Why};
pub use self::{
    moves::{Move, apply, next_move},
    pace::planned,
};
use crate::{
    command::Command,
    decision::{Decision, Rule},
    message::Notice,
    observation::Observation,
    phase::Phase,
    question::Question,
    spec::{Invalid, Rollout},
    state::{Intent, State},
    time::Timestamp,
};

/// What is to be done now.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Not decidable yet: find these out, keep the answers, observe again, call again.
    ///
    /// All of them are needed whatever the others say, so they may be put at once.
    Ask(Vec<Question>),
    /// Decided.
    Act(Plan),
}

/// A decision and its effects.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// To be carried out in order. The first that fails ends the plan and is the next call's input.
    pub commands: Vec<Command>,
    /// `None`: unchanged. Else saved once every command has succeeded, unless someone else saved meanwhile.
    pub state: Option<Arc<State>>,
    /// To be told although nothing is saved that holds it: what keeps another controller's status from becoming ours.
    pub notices: Vec<Notice>,
    /// Why.
    pub decision: Decision,
    /// When to call again; `None`: only a change wakes.
    pub wake: Option<Wake>,
}

/// Decides what a Canary does now.
///
/// Pure and total: the same input gives the same answer, and every input has one. `now` may stand still, jump, or go
/// back. A call before the plan's wake changes nothing unless something that is seen has changed.
///
/// `canary` is the manifest as parsed; one that makes no sense can still be rolled back or deleted.
#[must_use]
pub fn step(canary: &Result<Rollout, Invalid>, state: &State, seen: &Observation, now: Timestamp) -> Step {
    let mut turn = Turn::new(canary, state, seen, now);
    match rules(&mut turn) {
        Flow::Break(outcome) => turn.finish(outcome),
        Flow::Continue(()) => turn.finish(Ending::Act { rule: Rule::Idle, commands: Vec::new() }),
    }
}

/// The order of the rules inside one tick.
fn rules(t: &mut Turn<'_>) -> Flow {
    // What must not be touched, and what went wrong.
    standstill::newer_version(t)?;
    t.mend_clock();
    trouble::note(t)?;

    // Deletion goes before everything; its own rules end the call.
    if t.seen.deleting || t.state().phase == Phase::Terminating {
        deletion::rules(t)?;
    }

    // A status that another controller wrote becomes ours.
    takeover::rule(t)?;

    // Users leave a copy that serves nobody, whatever else is going on.
    serving::rules(t)?;

    // What sends users where they should not be is put right. What is seen of it counts for the next check.
    reach::watch(t);
    repair::urgent(t)?;

    // A person's order, as the table of requests grants it.
    operator::rule(t)?;

    // What was decided and cannot be taken back is carried out, whatever is seen now.
    match &t.state().run.intent {
        Some(Intent::Rollback { .. }) => rollback::carry_out(t)?,
        Some(Intent::Promote { .. }) => promotion::carry_out(t)?,
        Some(Intent::Delete { .. }) | None => {}
    }

    // Nothing advances while the Canary makes no sense, is suspended, or has become another one.
    let r = standstill::invalid(t)?;
    standstill::suspended(t, r)?;
    standstill::topology_changed(t, r)?;
    repair::finalizer(t, r)?;
    repair::settles(t, r);

    match t.state().phase {
        Phase::New | Phase::Initializing => initialize::rules(t, r)?,
        Phase::Initialized | Phase::Succeeded | Phase::Failed => idle::rules(t, r)?,
        Phase::Waiting => waiting::rules(t, r)?,
        // A rollback is decided in one of these, or by an operator.
        Phase::Progressing | Phase::WaitingPromotion => analysis::rules(t, r)?,
        // Carried out above: they stand with an intent only.
        Phase::Promoting | Phase::Finalising | Phase::Terminating => {}
    }
    Flow::Continue(())
}
