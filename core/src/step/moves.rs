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

/// How far a run is: everything that its next move depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) stage: Stage,
    /// The canary's weight.
    pub(super) weight: Weight,
    /// Percentage of requests that is mirrored.
    pub(super) mirror: Weight,
    /// Iterations that were made.
    pub(super) iterations: u32,
}

impl Position {
    fn of(state: &State) -> Self {
        Self {
            stage: state.run.stage,
            weight: state.canary_weight,
            mirror: state.run.mirror_weight,
            iterations: state.iterations,
        }
    }

    /// The next move. All comparisons are "at least", so that a policy edited in mid-run never gets stuck.
    pub(super) fn next(self, strategy: &Strategy) -> Move {
        // Includes this check.
        let passed = self.iterations.saturating_add(1);
        if self.stage == Stage::InPlace {
            return if passed >= iterations(strategy) { Move::Promote } else { Move::Soak };
        }
        match strategy {
            Strategy::Weighted(Weighted { mirror: Some(mirror), .. })
                if self.stage == Stage::Start && self.weight == 0 =>
            {
                Move::Mirror(*mirror)
            }
            Strategy::Weighted(Weighted { mirror: Some(_), iterations, .. })
                if self.stage == Stage::Mirroring && self.iterations < *iterations =>
            {
                Move::Soak
            }
            Strategy::Weighted(weighted) => match weighted.steps.after(self.weight) {
                Some(weight) => Move::Weight(weight),
                None if passed < weighted.iterations => Move::Soak,
                None => Move::Promote,
            },
            Strategy::AbTesting { iterations } if self.iterations < *iterations => {
                Move::Iterate { iteration: passed, mirror: 0 }
            }
            Strategy::AbTesting { .. } => Move::Promote,
            Strategy::BlueGreen(_) if self.stage == Stage::Switched => Move::Promote,
            Strategy::BlueGreen(BlueGreen { iterations, mirror, .. }) if self.iterations < *iterations => {
                Move::Iterate { iteration: passed, mirror: mirror.map_or(0, |mirror| mirror.at(passed)) }
            }
            Strategy::BlueGreen(_) => Move::Switch,
        }
    }

    /// The position after this move.
    pub(super) fn after(mut self, strategy: &Strategy, next: Move) -> Self {
        let counts_iterations = match strategy {
            Strategy::Weighted(weighted) => weighted.iterations > 0,
            Strategy::AbTesting { .. } | Strategy::BlueGreen(_) => true,
        };
        if counts_iterations || self.stage == Stage::InPlace {
            self.iterations = self.iterations.saturating_add(1);
        }
        match next {
            Move::Mirror(weight) => (self.stage, self.mirror) = (Stage::Mirroring, weight),
            Move::Weight(weight) => {
                (self.stage, self.mirror, self.weight) = (Stage::Analysing, 0, weight);
            }
            Move::Iterate { mirror, .. } => (self.stage, self.mirror) = (Stage::Analysing, mirror),
            Move::Switch => (self.stage, self.mirror) = (Stage::Switched, 0),
            Move::Soak | Move::Promote => {}
        }
        self
    }
}

/// The next move of a run: a function of strategy and state.
#[must_use]
pub fn next_move(strategy: &Strategy, state: &State) -> Move {
    Position::of(state).next(strategy)
}

/// Changes the state as the move says: stage, weight, mirrored percentage, iterations. The caller handles routes,
/// closed gates and the schedule.
pub fn apply(state: &mut State, strategy: &Strategy, next: Move) {
    let Position { stage, weight, mirror, iterations } = Position::of(state).after(strategy, next);
    (state.run.stage, state.canary_weight) = (stage, weight);
    (state.run.mirror_weight, state.iterations) = (mirror, iterations);
    state.run.passed_step.clear();
}

/// How many iterations a run needs.
pub(super) fn iterations(strategy: &Strategy) -> u32 {
    match strategy {
        Strategy::Weighted(weighted) => weighted.iterations,
        Strategy::AbTesting { iterations } => *iterations,
        Strategy::BlueGreen(blue_green) => blue_green.iterations,
    }
}
