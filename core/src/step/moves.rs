//! The moves of a run: functions of strategy and state only.

use crate::{
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
    /// Make another iteration.
    Iterate {
        /// Its number, counted from 1.
        iteration: u32,
        /// Percentage to mirror in it, 0 for none.
        mirror: Weight,
    },
    /// Blue/green: send all users to the canary.
    Switch,
    /// Stay for another check.
    Soak,
    /// Promote.
    Promote,
}

/// The next move of a run: a function of strategy and state. All comparisons are "at least", so that a policy edited in
/// mid-run never gets stuck.
#[must_use]
pub fn next_move(strategy: &Strategy, state: &State) -> Move {
    // Includes this check.
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

/// Changes the state as the move says: stage, weight, mirrored percentage, iterations. The caller handles routes, gates
/// and the schedule.
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

/// How many iterations a run needs.
pub(super) fn iterations(strategy: &Strategy) -> u32 {
    match strategy {
        Strategy::Weighted(weighted) => weighted.iterations,
        Strategy::AbTesting { iterations } => *iterations,
        Strategy::BlueGreen(blue_green) => blue_green.iterations,
    }
}
