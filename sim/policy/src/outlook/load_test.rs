//! A hook that sends requests to the canary.

use serin_core::{
    Rollout,
    revision::Text,
    spec::{Hook, HookKind},
};
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

/// The first hook whose command line names the canary's own Service: it may send requests.
pub(super) fn suspect(rollout: &Rollout) -> Option<&Text> {
    let service = format!("{}-canary", rollout.topology().service);
    let names = |hook: &&Hook| hook.metadata.get("cmd").is_some_and(|line| line.contains(&service));
    rollout.hooks_of(HookKind::Rollout).find(names).map(|hook| &hook.name)
}
