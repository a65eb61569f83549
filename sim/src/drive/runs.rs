//! Many runs of one scenario, of which nothing is kept but how they ended.

use std::rc::Rc;

use serin_core::State;

use super::{Drive, log::Nothing};
use crate::{record::Outcome, scenario::Scenario, world::Canary};

/// Runs of one scenario in the worlds of many seeds. What they have in common is made once.
pub struct Runs<'a> {
    scenario: &'a Scenario,
    canary: Rc<Canary>,
    begin: State,
}

impl<'a> Runs<'a> {
    /// None was made yet.
    #[must_use]
    pub fn of(scenario: &'a Scenario) -> Self {
        Self {
            scenario,
            canary: Rc::new(Ok(scenario.canary.clone())),
            begin: Drive::<Nothing>::status(scenario),
        }
    }

    /// How the run in the world of a seed ends. Invariants are not checked.
    #[must_use]
    pub fn outcome(&self, seed: u64) -> Outcome {
        let (canary, begin) = (Rc::clone(&self.canary), self.begin.clone());
        let mut drive = Drive::begin(self.scenario, canary, begin, seed, None, Nothing);
        while drive.goes_on() {}
        drive.outcome()
    }
}
