//! A hook that sends requests to the canary.

use serin_core::{Rollout, revision::Text};
use serin_simulator::scenario;

/// Requests that a hook sends to the canary during the analysis.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadTest {
    /// The hook's name.
    pub hook: Text,
    /// Requests per second.
    pub rps: f64,
}

impl LoadTest {
    /// The first hook that sends requests to the canary's own Service with every check.
    pub(super) fn of(rollout: &Rollout) -> Option<Self> {
        let (hook, load) = scenario::load_test(rollout)?;
        Some(Self { hook: hook.name.clone(), rps: load.rps })
    }
}
