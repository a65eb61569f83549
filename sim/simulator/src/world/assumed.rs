//! What a world assumed because the scenario does not define it.

use serin_core::{
    Rollout,
    spec::{Hook, HookKind, Metric, MetricSource},
    strategy::Strategy,
};

use super::World;
use crate::{
    record::Assumption,
    scenario::{self, Action, Scenario, Shape, Simulated},
};

impl World<'_> {
    /// The assumptions so far: about the world, then about metrics and hooks in the order of their first use.
    pub(crate) fn assumed(&self) -> Vec<Assumption> {
        let mut assumed = at_large(self.scenario);
        assumed.extend(self.metrics.assumed.iter().map(|(metric, value)| self.of_metric(metric, *value)));
        assumed.extend(self.hooks.assumed.iter().map(of_hook));
        assumed
    }

    fn of_metric(&self, metric: &Metric, value: f64) -> Assumption {
        let has_template = match &metric.source {
            MetricSource::Template { namespace, name } => {
                self.scenario.defaults.templates.contains(&(namespace.to_string(), name.to_string()))
            }
            MetricSource::SuccessRate
            | MetricSource::Duration
            | MetricSource::Query(_)
            | MetricSource::Shipped(_) => true,
        };
        Assumption::Metric { key: metric.key.clone(), value, has_template }
    }
}

fn of_hook(hook: &Hook) -> Assumption {
    let key = hook.key.clone();
    match hook.kind {
        HookKind::ConfirmRollout | HookKind::ConfirmTrafficIncrease | HookKind::ConfirmPromotion => {
            Assumption::Approval { key }
        }
        HookKind::RollbackTrigger => Assumption::NoRollback { key },
        HookKind::PreRollout
        | HookKind::Rollout
        | HookKind::PostRollout
        | HookKind::RollbackAction
        | HookKind::Event => Assumption::Hook { key },
    }
}

/// The assumptions about pods, traffic and versions.
fn at_large(scenario: &Scenario) -> Vec<Assumption> {
    let setting = &scenario.setting;
    let Some(simulated) = &setting.simulated else {
        return if setting.left_out.world { vec![Assumption::AllIsWell] } else { Vec::new() };
    };
    let mut assumed = Vec::new();
    if setting.left_out.traffic
        && let Shape::Constant(rate) = &simulated.traffic.shape
    {
        assumed.push(Assumption::Traffic(*rate));
    }
    if setting.left_out.matched && divides_matched(&scenario.canary) {
        assumed.push(Assumption::Matched(simulated.traffic.matched));
    }
    assumed.extend(load(&scenario.canary, simulated));
    let unknown = revisions(scenario).into_iter().filter(|name| !simulated.versions.contains_key(*name));
    let healthy = |name: &str| Assumption::Version {
        revision: name.into(),
        errors: simulated.other.errors,
        p99: simulated.other.p99,
    };
    assumed.extend(unknown.map(healthy));
    let measured = simulated.derived.iter().filter_map(|key| {
        Some(Assumption::Measured { key: key.clone(), measure: *simulated.measures.get(&**key)? })
    });
    assumed.extend(measured);
    assumed
}

/// Who sends requests to the canary, if neither users do nor the scenario says it.
fn load(canary: &Rollout, simulated: &Simulated) -> Option<Assumption> {
    if simulated.load_test.is_some() {
        return None;
    }
    let load = scenario::load_test(canary);
    let load = load.map(|(hook, load)| Assumption::Load { key: hook.key.clone(), load });
    load.or((!scenario::is_reached(canary)).then_some(Assumption::NoRequests))
}

fn divides_matched(canary: &Rollout) -> bool {
    match canary.strategy() {
        Strategy::AbTesting { .. } => true,
        Strategy::Weighted(weighted) => weighted.matched,
        Strategy::BlueGreen(_) => false,
    }
}

/// What the target runs, in the order of the file.
fn revisions(scenario: &Scenario) -> Vec<&str> {
    let mut revisions = Vec::new();
    if !scenario.setting.missing {
        revisions.push(scenario.setting.revision.as_str());
    }
    for event in &scenario.events {
        if let Action::Deploy(revision) = &event.action
            && !revisions.contains(&revision.as_str())
        {
            revisions.push(revision);
        }
    }
    revisions
}
