//! A scripted world: the state of the cluster, how it changes by itself, and its answers.
//!
//! The effects of commands are in `serin_core::effect`; delays, failures and events are here. This module knows nothing
//! about rollouts.

mod answers;
mod assumed;
mod begin;
mod blind;
mod clock;
mod commands;
mod events;
mod faults;
mod healthy;
mod hooks;
mod journal;
mod metrics;
mod pods;
mod receivers;
mod shared_setup;
mod simulated;
mod simulation;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, rc::Rc, time::Duration};

use serde_json::Value;
use serin_core::{
    Invalid, Observation, Rollout, Timestamp,
    command::Routes,
    observation::{Apex, Readiness},
    revision::Text,
};

pub(crate) use self::shared_setup::{Detail, SharedSetup};
use self::{blind::Blindness, clock::Clock, journal::Journal, pods::Pods, receivers::Receivers};
pub(crate) use self::{
    faults::Faults,
    hooks::{Attempt, Hooks},
    metrics::{Metrics, answer},
    receivers::{DeliveryResult, wanted},
    simulated::{ClusterChange, Measured, Shares, Simulation},
};
pub use self::{
    healthy::healthy,
    simulated::{Buckets, Expected, Offered, measure, rate_of, scrapes, series, share_of},
};
use crate::scenario::{Scenario, Trouble};

pub(crate) type Canary = Result<Rollout, Invalid>;

/// The faults in the world of a seed.
pub fn drawn_troubles(scenario: &Scenario, seed: u64) -> Vec<Trouble> {
    simulation(scenario, seed, &SharedSetup::of(scenario, scenario.canary.clone(), Detail::Decisions))
        .map_or_else(Vec::new, |simulation| simulation.weather.drawn())
}

/// The simulated part of a scenario's world, at its beginning.
pub(crate) fn simulation<'a>(
    scenario: &'a Scenario,
    seed: u64,
    common: &SharedSetup,
) -> Option<Simulation<'a>> {
    let simulated = scenario.setting.simulated.as_ref()?;
    Some(Simulation::begin(scenario, simulated, seed, Rc::clone(&common.shares)))
}

/// The cluster of one story.
#[derive(Clone)]
pub(crate) struct World<'a> {
    scenario: &'a Scenario,
    clock: Clock,
    /// The Canary as currently parsed.
    canary: Rc<Canary>,
    manifest: Cow<'a, Value>,
    /// The whole state; every fact is known.
    truth: Observation,
    blind: Blindness,
    canary_pods: Pods,
    primary_pods: Pods,
    pub(crate) faults: Faults<'a>,
    pub(crate) metrics: Metrics<'a>,
    pub(crate) hooks: Hooks<'a>,
    receivers: Receivers<'a>,
    /// The simulated part.
    simulation: Option<Box<Simulation<'a>>>,
    /// What it would be told, if nothing is drawn.
    journal: Option<Journal<'a>>,
}

/// The state of a cluster, with times as distances from now: it determines how the cluster changes by itself.
#[derive(Debug, PartialEq)]
pub(crate) struct ClusterState {
    truth: Observation,
    canary_pods: Pods,
    primary_pods: Pods,
}

impl<'a> World<'a> {
    /// The time since the beginning of the story.
    pub(crate) fn at(&self) -> Duration {
        self.clock.at
    }

    /// The time of the controller's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass until then.
    pub(crate) fn pass_to(&mut self, at: Duration) {
        self.clock.at = self.clock.at.max(at);
    }

    /// What is noted in place of a simulation, if nothing is drawn.
    pub(crate) fn journal(&mut self) -> Option<&mut Journal<'a>> {
        self.journal.as_mut()
    }

    /// The state of the cluster, if every fact can be read.
    pub(crate) fn state(&self) -> ClusterState {
        let pods = |pods: &Pods| pods.from(self.at());
        let truth = self.truth.clone();
        ClusterState { truth, canary_pods: pods(&self.canary_pods), primary_pods: pods(&self.primary_pods) }
    }

    pub(crate) fn canary(&self) -> &Rc<Canary> {
        &self.canary
    }

    /// The time of the next change, if autoscalers make one before that.
    pub(crate) fn sooner(&self, next: Duration) -> Duration {
        let scaling = self.simulation.as_ref().and_then(|simulation| simulation.next_scaling());
        scaling.map_or(next, |scaling| scaling.max(self.at()).min(next))
    }

    /// What can be seen now.
    pub(crate) fn observe(&self) -> Observation {
        let mut seen = self.truth.clone();
        self.look(&mut seen);
        seen
    }

    /// What can be observed now, written over an earlier observation: unchanged parts are not copied. Answers, failure
    /// and deliveries are kept.
    pub(crate) fn look(&self, seen: &mut Observation) {
        let Observation { target, primary, services, routes, drift, deleting, finalizer, requests, .. } =
            &self.truth;
        update(&mut seen.target, target);
        update(&mut seen.primary, primary);
        update(&mut seen.services, services);
        update(&mut seen.routes, routes);
        update(&mut seen.drift, drift);
        update(&mut seen.requests, requests);
        (seen.deleting, seen.finalizer) = (*deleting, *finalizer);
        if let Ok(rollout) = &*self.canary {
            let (policy, wanted) = (rollout.policy(), self.pods_of_a_copy());
            if let Some(target) =
                seen.target.known_mut().and_then(Option::as_mut).filter(|target| target.replicas > 0)
            {
                pods::judge(&mut target.readiness, &self.canary_pods, wanted, policy.canary_ready_threshold);
            }
            if let Some(readiness) = pods::of_primary(seen) {
                pods::judge(readiness, &self.primary_pods, wanted, policy.primary_ready_threshold);
            }
        }
        self.judge_scaled(seen);
        self.blind.hide(seen);
    }

    /// The Canary was deleted and has no finalizer.
    pub(crate) fn is_gone(&self) -> bool {
        self.truth.deleting && !self.truth.finalizer
    }

    /// The current routes.
    pub(crate) fn routes(&self) -> Option<Routes> {
        self.truth.routes.known().copied().flatten()
    }

    /// The revision that the primary runs, if there is one and it is known.
    pub(crate) fn primary_runs(&self) -> Option<Text> {
        let primary = self.truth.primary.known()?.as_ref()?;
        Some(Text::clone(&primary.runs.as_ref()?.spec))
    }

    /// The time of the next change by the world itself.
    pub(crate) fn next(&self) -> Option<Duration> {
        let pods = [self.canary_pods.ready_at, self.canary_pods.lost_at, self.primary_pods.ready_at];
        pods.into_iter().chain([self.blind.next()]).flatten().min()
    }

    /// The changes up to now, as sentences; `None` if there are none.
    pub(crate) fn change(&mut self) -> Option<Vec<String>> {
        let at = self.at();
        let mut happened = Vec::new();
        let mut changed = self.blind.end(at, &mut happened);
        if let Some(simulation) = &mut self.simulation {
            changed |= simulation.scale(at, &mut happened);
        }
        if self.canary_pods.are_lost(at) {
            changed = true;
            simulation::lose(pods::of_target(&mut self.truth));
            happened.push("the canary is no longer ready".into());
        }
        type Of = fn(&mut Observation) -> Option<&mut Readiness>;
        let copies: [(&mut Pods, &str, Of); 2] = [
            (&mut self.canary_pods, "canary", pods::of_target),
            (&mut self.primary_pods, "primary", pods::of_primary),
        ];
        for (pods, copy, readiness) in copies {
            let Some(took) = pods.get_ready(at) else { continue };
            changed = true;
            pods.wait_for_a_flap(at);
            if let Some(readiness) = readiness(&mut self.truth) {
                *readiness = Readiness::Ready;
            }
            if !took.is_zero() {
                happened.push(format!("the {copy} is ready"));
            }
        }
        if !changed {
            return None;
        }
        self.settle();
        Some(happened)
    }

    /// The immediate consequences of the changes.
    fn settle(&mut self) {
        self.settle_serving();
        self.settle_endpoints();
        self.note_copies();
    }

    /// The pods of a copy that is not scaled down: in a story every copy has the same number.
    fn pods_of_a_copy(&self) -> u32 {
        self.scenario.setting.pods()
    }

    /// Which copies serve, by the number of available pods.
    fn settle_serving(&mut self) {
        let wanted = self.pods_of_a_copy();
        if let Some(Some(target)) = self.truth.target.known_mut() {
            let wanted = if target.replicas > 0 { wanted } else { 0 };
            target.serves = pods::serves(&target.readiness, &self.canary_pods, wanted);
        }
        if let Some(Some(primary)) = self.truth.primary.known_mut() {
            primary.serves = pods::serves(&primary.readiness, &self.primary_pods, wanted);
        }
    }

    /// The apex service has endpoints if the copy that it selects serves.
    fn settle_endpoints(&mut self) {
        let Some(apex) = self.truth.services.known().map(|services| services.apex) else { return };
        let serving = match apex {
            Apex::Primary => self.truth.primary_serves() == Some(true),
            Apex::Target => self.truth.canary_serves() == Some(true),
            Apex::Absent | Apex::Other => false,
        };
        if let Some(services) = self.truth.services.known_mut() {
            services.serving = serving;
        }
    }
}

fn update<T: PartialEq + Clone>(seen: &mut T, is: &T) {
    if seen != is {
        seen.clone_from(is);
    }
}
