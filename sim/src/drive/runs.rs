//! Many runs of one scenario, of which nothing is kept but how they ended.

use std::sync::Arc;

use serin_core::{Rollout, State};

use super::{Drive, log::Nothing};
use crate::{
    record::Outcome,
    scenario::{Scenario, read_raw},
    world::SharedSetup,
};

/// Runs of one scenario in the worlds of many seeds. What they have in common is made once.
pub struct Runs<'a> {
    scenario: &'a Scenario,
    common: SharedSetup,
    begin: Arc<State>,
}

impl<'a> Runs<'a> {
    /// None was made yet. Each thread needs its own.
    #[must_use]
    pub fn of(scenario: &'a Scenario) -> Self {
        Self {
            scenario,
            common: SharedSetup::of(scenario, own_canary(scenario)),
            begin: Arc::new(Drive::<Nothing>::status(scenario)),
        }
    }

    /// How the run in the world of a seed ends; `None` where `is_over` became true before. Invariants are not checked.
    #[must_use]
    pub fn outcome(&self, seed: u64, is_over: &dyn Fn() -> bool) -> Option<Outcome> {
        let begin = Arc::clone(&self.begin);
        let drive = Drive::begin(self.scenario, &self.common, begin, seed, None, Nothing);
        drive.until(is_over).map(|mut drive| drive.outcome())
    }
}

/// The scenario's Canary, read anew. A copy would share its texts with all other threads, and every use of a shared text is
/// counted: cores that count in the same place wait for each other.
fn own_canary(scenario: &Scenario) -> Rollout {
    let read = read_raw(&scenario.manifest).ok().map(|raw| Rollout::parse(&raw, &scenario.defaults));
    match read {
        Some(Ok(canary)) if canary == scenario.canary => canary,
        Some(_) | None => scenario.canary.clone(),
    }
}
