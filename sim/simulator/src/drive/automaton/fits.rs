//! Which scenarios an automaton can hold: those in which nothing but metrics is random or scripted.

use crate::scenario::{Action, Event, Scenario, Simulated};

/// More metrics do not fit into [`Readings`](super::Readings).
const MOST_METRICS: usize = 32;

/// Whether all worlds of a scenario differ only in what its metrics measure. Then a run depends on nothing but their
/// values. Everything else that can change between two checks is part of the [`Situation`](super::Situation).
pub(in crate::drive) fn fits(scenario: &Scenario) -> bool {
    let setting = &scenario.setting;
    let is_scripted =
        !(setting.metrics.is_empty() && setting.hooks.is_empty() && setting.receivers.is_empty());
    let is_simple = setting.simulated.as_ref().is_some_and(only_metrics_are_random);
    is_simple
        && !is_scripted
        && scenario.canary.metrics().len() <= MOST_METRICS
        && scenario.events.iter().all(changes_the_cluster_alone)
}

fn only_metrics_are_random(simulated: &Simulated) -> bool {
    let mut versions = simulated.versions.values().chain([&simulated.other]);
    simulated.troubles.is_empty()
        && simulated.autoscaler.is_none()
        && versions.all(|version| version.always_takes().is_some())
}

/// Other events change the Canary, the controller, its clock or what it is answered.
fn changes_the_cluster_alone(event: &Event) -> bool {
    match event.action {
        Action::Deploy(_)
        | Action::Config(_)
        | Action::Annotate(_)
        | Action::Delete(_)
        | Action::Ready(_)
        | Action::Scale(_)
        | Action::Routes(_)
        | Action::Drift(_) => true,
        Action::Edit(_)
        | Action::Unknown { .. }
        | Action::Fail(_, _)
        | Action::Restart
        | Action::Stop(_)
        | Action::Clock(_)
        | Action::Away(_)
        | Action::SecondController(_)
        | Action::Metrics(_)
        | Action::Hooks(_)
        | Action::Receivers(_) => false,
    }
}
