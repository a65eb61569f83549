//! What the worlds of a scenario have in common, whatever their seeds: made once for many runs.

use std::rc::Rc;

use serin_core::Rollout;

use super::{Buckets, Canary, Shares};
use crate::scenario::{Action, Scenario};

/// Each thread needs its own.
pub(crate) struct SharedSetup {
    /// The Canary that a story begins with.
    pub(super) canary: Rc<Canary>,
    /// What is computed of latencies.
    pub(super) shares: Rc<Shares>,
}

impl SharedSetup {
    pub(crate) fn of(scenario: &Scenario, canary: Rollout) -> Self {
        // An edited Canary may ask for other metrics.
        let is_edited = scenario.events.iter().any(|event| matches!(event.action, Action::Edit(_)));
        let simulated = scenario.setting.simulated.as_ref();
        let buckets = simulated
            .map_or_else(Buckets::none, |simulated| Buckets::asked_for(simulated, &canary, is_edited));
        Self { canary: Rc::new(Ok(canary)), shares: Rc::new(Shares::by(buckets)) }
    }
}
