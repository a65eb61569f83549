//! Many runs of one scenario, of which only the ends are recorded.

use std::sync::Arc;

use serin_core::{Rollout, State};
use serin_input::manifest::read_raw;

use super::{Drive, log::Nothing};
use crate::{record::Outcome, scenario::Scenario, world::SharedSetup};

/// Runs of one scenario in the worlds of many seeds. Their common setup is made once.
pub struct Runs<'a> {
    scenario: &'a Scenario,
    common: SharedSetup,
    begin: Arc<State>,
}

impl<'a> Runs<'a> {
    /// No run was made yet. Each thread needs its own.
    #[must_use]
    pub fn of(scenario: &'a Scenario) -> Self {
        Self {
            scenario,
            common: SharedSetup::of(scenario, own_canary(scenario)),
            begin: Arc::new(Drive::<Nothing>::status(scenario)),
        }
    }

    /// How the run in the world of a seed ends; `None` if `is_over` became true before. Invariants are not checked.
    #[must_use]
    pub fn outcome(&self, seed: u64, is_over: &dyn Fn() -> bool) -> Option<Outcome> {
        let begin = Arc::clone(&self.begin);
        let drive = Drive::begin(self.scenario, &self.common, begin, seed, None, Nothing);
        drive.until(is_over).map(|mut drive| drive.outcome())
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
