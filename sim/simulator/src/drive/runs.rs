//! Many runs of one scenario, of which only the ends are recorded.

use std::sync::Arc;

use serin_core::{Rollout, State};
use serin_input::manifest::read_raw;

use super::{
    Drive,
    automaton::{self, Automaton, Followed},
    log::Nothing,
};
use crate::{
    record::Outcome,
    scenario::Scenario,
    world::{self, Detail, SharedSetup, Simulation},
};

/// Runs of one scenario in the worlds of many seeds. Their common setup is made once, and what the policy decides is
/// decided once where that is possible, see [`automaton`].
pub struct Runs<'a> {
    scenario: &'a Scenario,
    common: SharedSetup,
    begin: Arc<State>,
    /// The policy, and the world of the last run that followed it.
    followed: Option<(Automaton<'a>, Simulation<'a>)>,
}

impl<'a> Runs<'a> {
    /// No run was made yet. Each thread needs its own.
    #[must_use]
    pub fn of(scenario: &'a Scenario) -> Self {
        let mut runs = Self::step_by_step(scenario);
        if automaton::fits(scenario) {
            let world = world::simulation(scenario, 0, &runs.common);
            runs.followed = world.map(|world| (Automaton::of(scenario, &runs.common, &runs.begin), world));
        }
        runs
    }

    /// The same runs, in each of which everything is decided again.
    #[must_use]
    pub fn step_by_step(scenario: &'a Scenario) -> Self {
        Self {
            scenario,
            common: SharedSetup::of(scenario, own_canary(scenario), Detail::Decisions),
            begin: Arc::new(Drive::<Nothing>::status(scenario)),
            followed: None,
        }
    }

    /// How the run in the world of a seed ends; `None` if `is_over` became true before. Invariants are not checked.
    #[must_use]
    pub fn outcome(&mut self, seed: u64, is_over: &dyn Fn() -> bool) -> Option<Outcome> {
        if let Some((automaton, simulation)) = &mut self.followed {
            simulation.restart(seed);
            match automaton.follow(simulation, is_over) {
                Followed::Ended(outcome) => return Some(outcome),
                Followed::Stopped => return None,
                Followed::Left if automaton.is_full() => self.followed = None,
                Followed::Left => {}
            }
        }
        let begin = Arc::clone(&self.begin);
        let drive = Drive::begin(self.scenario, &self.common, begin, Some(seed), None, Nothing);
        drive.until(is_over).map(|mut drive| drive.outcome())
    }

    /// The number of situations in which metrics were measured so far, if the policy is followed as an automaton.
    #[must_use]
    pub fn situations(&self) -> Option<usize> {
        self.followed.as_ref().map(|(automaton, _)| automaton.situations())
    }
}

/// The scenario's Canary, parsed again. A copy would share its texts with all other threads, and the reference count of
/// a shared text changes with each use: cores that change the same count wait for each other.
fn own_canary(scenario: &Scenario) -> Rollout {
    let read = read_raw(&scenario.manifest).ok().map(|raw| Rollout::parse(&raw, &scenario.defaults));
    match read {
        Some(Ok(canary)) if canary == scenario.canary => canary,
        Some(_) | None => scenario.canary.clone(),
    }
}
