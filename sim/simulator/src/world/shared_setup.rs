//! What the worlds of a scenario share, whatever their seeds: computed once for many runs.

use std::rc::Rc;

use serin_core::Rollout;

use super::{Buckets, Canary, Shares};
use crate::scenario::{Action, Scenario};

/// Each thread needs its own.
pub(crate) struct SharedSetup {
    /// The Canary at the beginning of a story.
    pub(super) canary: Rc<Canary>,
    /// Computed values about latencies.
    pub(super) shares: Rc<Shares>,
}

impl SharedSetup {
    pub(crate) fn of(scenario: &Scenario, canary: Rollout) -> Self {
        // An edited Canary may use other metrics.
        let is_edited = scenario.events.iter().any(|event| matches!(event.action, Action::Edit(_)));
        let simulated = scenario.setting.simulated.as_ref();
        let buckets = simulated
            .map_or_else(Buckets::none, |simulated| Buckets::asked_for(simulated, &canary, is_edited));
        Self { canary: Rc::new(Ok(canary)), shares: Rc::new(Shares::by(buckets)) }
    }
}
