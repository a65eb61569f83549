//! A scripted world: the cluster as it is, how it changes by itself, and what it answers.
//!
//! What a command does is `serin_core::effect`; what takes time, fails or comes from outside stands here. Nothing in it
//! knows what a rollout is.

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
};

pub(crate) use self::shared_setup::SharedSetup;
use self::{blind::Blindness, clock::Clock, pods::Pods, receivers::Receivers, simulated::Simulation};
pub(crate) use self::{
    faults::Faults,
    healthy::healthy,
    hooks::{Attempt, Hooks},
    metrics::{Metrics, answer},
    receivers::{DeliveryResult, wanted},
    simulated::{Buckets, Expected, Offered, Shares, measure, rate_of, scrapes, share_of},
};
use crate::scenario::{Scenario, Trouble};

pub(crate) type Canary = Result<Rollout, Invalid>;

/// What goes wrong in the world of a seed, exactly.
pub(crate) fn drawn_troubles(scenario: &Scenario, seed: u64) -> Vec<Trouble> {
    simulation(scenario, seed, &SharedSetup::of(scenario, scenario.canary.clone()))
        .map_or_else(Vec::new, |simulation| simulation.weather.drawn())
}

/// The part of a scenario's world that goes its own way, as it begins.
fn simulation<'a>(scenario: &'a Scenario, seed: u64, common: &SharedSetup) -> Option<Simulation<'a>> {
    let simulated = scenario.setting.simulated.as_ref()?;
    Some(Simulation::begin(simulated, seed, &scenario.canary, Rc::clone(&common.shares)))
}

/// The cluster of one story.
pub(crate) struct World<'a> {
    scenario: &'a Scenario,
    clock: Clock,
    /// The Canary as it is understood now.
    canary: Rc<Canary>,
    manifest: Cow<'a, Value>,
    /// Everything as it is; all of it is known.
    truth: Observation,
    blind: Blindness,
    canary_pods: Pods,
    primary_pods: Pods,
    pub(crate) faults: Faults<'a>,
    pub(crate) metrics: Metrics<'a>,
    pub(crate) hooks: Hooks<'a>,
    receivers: Receivers<'a>,
    /// The part of it that goes its own way.
    simulation: Option<Box<Simulation<'a>>>,
}

impl World<'_> {
    /// How long the story has gone on.
    pub(crate) fn at(&self) -> Duration {
        self.clock.at
    }

    /// What the controller's clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass until then.
    pub(crate) fn pass_to(&mut self, at: Duration) {
        self.clock.at = self.clock.at.max(at);
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

    /// What can be seen now, over what was seen before: what is the same is not copied. Answers, failure and deliveries
    /// stay.
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

    /// The Canary was deleted and nothing holds it.
    pub(crate) fn is_gone(&self) -> bool {
        self.truth.deleting && !self.truth.finalizer
    }

    /// The routes as they are.
    pub(crate) fn routes(&self) -> Option<Routes> {
        self.truth.routes.known().copied().flatten()
    }

    /// The revision the primary runs, if there is one and it can be told.
    pub(crate) fn primary_runs(&self) -> Option<String> {
        let primary = self.truth.primary.known()?.as_ref()?;
        Some(primary.runs.as_ref()?.spec.to_string())
    }

    /// When the world changes by itself next.
    pub(crate) fn next(&self) -> Option<Duration> {
        let pods = [self.canary_pods.ready_at, self.canary_pods.lost_at, self.primary_pods.ready_at];
        pods.into_iter().chain([self.blind.next()]).flatten().min()
    }

    /// What has changed by itself by now, as sentences; `None` if nothing has.
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
            happened.push("the canary is not ready any more".into());
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

    /// What follows at once from what has changed.
    fn settle(&mut self) {
        self.settle_serving();
        self.settle_endpoints();
        self.note_copies();
    }

    /// The pods of a copy that is not scaled down: in a story every copy has as many.
    fn pods_of_a_copy(&self) -> u32 {
        self.scenario.setting.pods()
    }

    /// Who serves, by how many pods are available.
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

    /// The apex service has endpoints as far as the copy that it selects serves.
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
