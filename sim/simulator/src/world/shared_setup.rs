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

/// How finely latencies are drawn. The runs of a seed are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// As the bounds of metrics need it.
    Decisions,
    /// As Prometheus counts them, for values that people see.
    Values,
}

impl SharedSetup {
    pub(crate) fn of(scenario: &Scenario, canary: Rollout, detail: Detail) -> Self {
        // An edited Canary may use other metrics.
        let is_edited = scenario.events.iter().any(|event| matches!(event.action, Action::Edit(_)));
        let shares = match &scenario.setting.simulated {
            None => Shares::by(Buckets::none(), None),
            Some(simulated) => {
                let all = Buckets::asked_for(simulated, &canary, is_edited);
                let decisive = if is_edited { all.clone() } else { all.decisive(simulated, &canary) };
                let is_finer = detail == Detail::Values && all != decisive;
                Shares::by(decisive, is_finer.then_some(all))
            }
        };
        Self { canary: Rc::new(Ok(canary)), shares: Rc::new(shares) }
    }
}
