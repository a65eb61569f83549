//! The decision: one call, one answer.
//!
//! The function `rules` is the order in which everything is decided; read it from top to bottom. A rule that fires ends
//! the call, a rule that does not apply lets the next one look.

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
    /// Not decidable yet: find out these, keep the answers, observe again, call again.
    ///
    /// All of them are needed, whatever the others' answers are, so they may be asked at once.
    Ask(Vec<Question>),
    /// Decided.
    Act(Plan),
}

/// A decision and its effects.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Commands, in order. The first that fails ends the plan and is passed to the next call.
    pub commands: Vec<Command>,
    /// `None`: unchanged. Otherwise it is saved once every command has succeeded, unless another client saved
    /// meanwhile.
    pub state: Option<Arc<State>>,
    /// Messages that are sent although no save holds them: what keeps another controller's status from becoming ours.
    pub notices: Vec<Notice>,
    /// The reason.
    pub decision: Decision,
    /// When to call again; `None`: only a change wakes the Canary.
    pub wake: Option<Wake>,
}

/// Decides what a Canary does now.
///
/// Pure and total: the same input gives the same answer, and every input has one. `now` may stay the same, jump, or go
/// back. A call before the plan's wake changes nothing unless an observed fact has changed.
///
/// `canary` is the manifest as parsed; an invalid one can still be rolled back or deleted.
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
    // States that must not be changed, and failed commands.
    standstill::newer_version(t)?;
    t.mend_clock();
    trouble::note(t)?;

    // Deletion comes before everything else; its own rules end the call.
    if t.seen.deleting || t.state().phase == Phase::Terminating {
        deletion::rules(t)?;
    }

    // A status that another controller wrote becomes ours.
    takeover::rule(t)?;

    // Users leave a copy that does not serve, whatever else happens.
    serving::rules(t)?;

    // A change that sends users where they should not be is repaired. It still counts for the next check.
    reach::watch(t);
    repair::urgent(t)?;

    // An operator's order, as the table of requests grants it.
    operator::rule(t)?;

    // An irreversible decision is carried out, whatever is observed now.
    match &t.state().run.intent {
        Some(Intent::Rollback { .. }) => rollback::carry_out(t)?,
        Some(Intent::Promote { .. }) => promotion::carry_out(t)?,
        Some(Intent::Delete { .. }) | None => {}
    }

    // Nothing advances while the Canary is invalid, is suspended, or has become another one.
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
        // Carried out above: these phases occur only with an intent.
        Phase::Promoting | Phase::Finalising | Phase::Terminating => {}
    }
    Flow::Continue(())
}
