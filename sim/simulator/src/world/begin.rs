//! The world at the beginning of a story.

use std::{borrow::Cow, collections::BTreeMap, rc::Rc, sync::Arc};

use serin_core::{
    Observation, Phase, Rollout, State,
    command::Routes,
    observation::{Apex, Drift, Fact, Primary, Readiness, Services, Target},
    request::{Request, RequestKind},
    revision::Revision,
    state::Origin,
    strategy::Strategy,
};

use super::{
    Faults, Hooks, Metrics, SharedSetup, World, blind::Blindness, clock::Clock, journal::Journal, pods::Pods,
    receivers::Receivers,
};
use crate::scenario::{Scenario, Setting};

impl<'a> World<'a> {
    /// The world at the beginning of a scenario, with the status at that time. Without a seed nothing is drawn: what
    /// the simulated part would be told is noted.
    pub(crate) fn begin(
        scenario: &'a Scenario,
        common: &SharedSetup,
        state: &State,
        seed: Option<u64>,
    ) -> Self {
        let setting = &scenario.setting;
        let is_set_up = !matches!(state.phase, Phase::New | Phase::Initializing);
        let mut truth = untouched(setting);
        truth.requests = requests(scenario);
        if is_set_up {
            set_up(&mut truth, scenario, state);
        }
        if let Some(routes) = setting.routes {
            truth.routes = Fact::Known(Some(routes));
        }
        let mut world = Self {
            scenario,
            clock: Clock::new(setting.start),
            canary: Rc::clone(&common.canary),
            manifest: Cow::Borrowed(&scenario.manifest),
            truth,
            blind: Blindness::default(),
            canary_pods: Pods::new(setting.canary_takes),
            primary_pods: Pods::new(setting.primary_takes),
            faults: Faults::default(),
            metrics: Metrics::new(&setting.metrics),
            hooks: Hooks::new(&setting.hooks),
            receivers: Receivers::new(&setting.receivers),
            simulation: seed.and_then(|seed| super::simulation(scenario, seed, common)).map(Box::new),
            journal: setting.simulated.as_ref().filter(|_| seed.is_none()).map(Journal::new),
        };
        world.settle();
        world
    }
}

/// A target that no controller has changed.
fn untouched(setting: &Setting) -> Observation {
    let readiness =
        if setting.replicas > 0 { Readiness::Ready } else { Readiness::not_ready("scaled to zero") };
    let target = Target {
        revision: Fact::Known(Revision::of(&setting.revision)),
        replicas: setting.replicas,
        readiness,
        serves: Fact::Known(setting.replicas > 0),
    };
    Observation {
        target: Fact::Known((!setting.missing).then_some(target)),
        services: Fact::Known(Services { apex: Apex::Absent, serving: false }),
        drift: Fact::Known(Drift { workloads: true, services: true, ..Drift::default() }),
        ..Observation::untouched(&setting.revision)
    }
}

/// The changes by the controller that left this status.
fn set_up(truth: &mut Observation, scenario: &Scenario, state: &State) {
    let runs = &scenario.setting.primary_runs;
    let configs = Arc::new(BTreeMap::new());
    let runs = Some(Revision { spec: runs.as_str().into(), configs });
    let serves = Fact::Known(true);
    truth.primary = Fact::Known(Some(Primary { runs, readiness: Readiness::Ready, serves }));
    truth.services = Fact::Known(Services { apex: Apex::Primary, serving: true });
    truth.routes = Fact::Known(Some(routes(&scenario.canary, state)));
    truth.drift = Fact::Known(Drift::default());
    let ours = state.origin != Origin::Flagger;
    truth.finalizer = ours && scenario.canary.reverts_on_deletion();
}

/// From Serin's own state, or as a weighted rollout of another controller would have left them.
fn routes(canary: &Rollout, state: &State) -> Routes {
    match (state.origin, canary.strategy()) {
        (Origin::Ours | Origin::Newer(_), strategy) => state.routes(strategy),
        (Origin::Flagger, Strategy::Weighted(weighted)) => {
            let matched = weighted.matched && state.canary_weight > 0;
            Routes { matched, ..Routes::split(state.canary_weight) }
        }
        (Origin::Flagger, Strategy::AbTesting { .. } | Strategy::BlueGreen(_)) => Routes::PRIMARY,
    }
}

/// Requests that the manifest already contains.
fn requests(scenario: &Scenario) -> Vec<Request> {
    let Some(annotations) = scenario.manifest.get("metadata").and_then(|of| of.get("annotations")) else {
        return Vec::new();
    };
    let value = |kind: RequestKind| annotations.get(format!("flagger.app/{}", kind.name()))?.as_str();
    let requests = RequestKind::ALL.into_iter();
    requests.filter_map(|kind| Some(Request { kind, value: value(kind)?.into() })).collect()
}
