//! Changes of the cluster, fact by fact.

use std::path::Path;

use serin_core::{
    Command, State,
    command::{ApexTo, Routes, Split},
    observation::{Drift, Fact, FailureClass, Unseen},
    revision::Revision,
    state::Status,
};

use super::*;
use crate::scenario::{self, Action};

/// A story with these events, before they happen.
fn scenario(further: &str) -> Scenario {
    let text = format!(
        "scenario: a world
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {{name: shop, annotations: {{flagger.app/reset: again}}}}
  spec:
    targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}
    analysis: {{stepWeight: 50}}
{further}"
    );
    scenario::parse(&text, Path::new("world.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

fn begin(scenario: &Scenario) -> World<'_> {
    let state = scenario.status.clone().map(State::from).unwrap_or_default();
    World::begin(
        scenario,
        &SharedSetup::of(scenario, scenario.canary.clone(), Detail::Values),
        &state,
        Some(1),
    )
}

/// Lets all events of the scenario happen, one after the other.
fn happen<'a>(world: &mut World<'a>, scenario: &'a Scenario) -> Vec<String> {
    scenario.events.iter().map(|event| world.happen(&event.action).0).collect()
}

fn later(world: &mut World<'_>, seconds: u64) {
    world.pass_to(world.at() + Duration::from_secs(seconds));
    world.change();
}

/// Target and primary as `revision, replicas, ready`, and the copy that the apex selects.
fn shown(world: &World<'_>) -> String {
    let seen = world.observe();
    let target = seen.target.known().and_then(Option::as_ref);
    let target = target.map_or("none".into(), |target| {
        let revision = target.revision.known().map_or("unknown".into(), |revision| revision.to_string());
        format!("{revision} {} {}", target.replicas, target.readiness.is_ready())
    });
    let primary = seen.primary.known().and_then(Option::as_ref);
    let primary = primary.map_or("none".into(), |primary| {
        let runs = primary.runs.as_ref().map_or("unknown".into(), ToString::to_string);
        format!("{runs} {}", primary.readiness.is_ready())
    });
    let services = seen.services.known().unwrap();
    format!("{target}; {primary}; {:?} {}", services.apex, services.serving)
}

fn set_up(world: &mut World<'_>) {
    for command in [Command::EnsureWorkloads, Command::EnsureServices(ApexTo::Primary)] {
        world.carry_out(&command).unwrap();
    }
    world.change();
}

fn promote(revision: &str) -> Command {
    Command::Promote { revision: Revision::of(revision), run: 1 }
}

#[test]
fn a_cluster_begins_untouched() {
    let scenario = scenario("");
    let world = begin(&scenario);
    assert_eq!(shown(&world), "v1 1 true; none; Absent false");
    let seen = world.observe();
    assert_eq!((seen.routes, seen.finalizer), (Fact::Known(None), false));
    assert_eq!(seen.drift, Fact::Known(Drift { workloads: true, services: true, ..Drift::default() }));
    assert_eq!(seen.requests[0].value.as_ref(), "again");
    assert_eq!(world.now(), scenario.setting.start);
}

#[test]
fn a_cluster_begins_as_a_status_left_it() {
    let further = "status: {phase: Progressing, canaryWeight: 20}\nworld: {target: {revision: v2}}";
    let weighted = scenario(further);
    let world = begin(&weighted);
    assert_eq!(shown(&world), "v2 1 true; v1 true; Primary true");
    assert_eq!(world.observe().routes, Fact::Known(Some(Routes::split(20))));
    assert!(!world.observe().finalizer);

    let new = scenario("status: {phase: Initializing}");
    assert_eq!(shown(&begin(&new)), "v1 1 true; none; Absent false");

    let written = scenario("status: {phase: Succeeded}\nworld: {primary: {runs: v0}, routes: {canary: 5}}");
    assert_eq!(begin(&written).primary_runs().as_deref(), Some("v0"));
    assert_eq!(begin(&written).observe().routes, Fact::Known(Some(Routes::split(5))));
}

#[test]
fn our_own_status_comes_with_our_finalizer() {
    let own =
        Status { serin: Some(Default::default()), phase: serin_core::Phase::Succeeded, ..Status::default() };
    let mut scenario = scenario("");
    scenario.status = Some(own);
    assert!(begin(&scenario).observe().finalizer);
}

#[test]
fn the_primary_serves_when_it_is_ready() {
    let scenario = scenario("world: {ready: {primary: 10s}}");
    let mut world = begin(&scenario);
    set_up(&mut world);
    assert_eq!(shown(&world), "v1 1 true; v1 false; Primary false");
    assert_eq!(world.next(), Some(Duration::from_secs(10)));
    later(&mut world, 10);
    assert_eq!(shown(&world), "v1 1 true; v1 true; Primary true");
    // Repeating the command replaces no pods.
    world.carry_out(&Command::EnsureWorkloads).unwrap();
    world.carry_out(&promote("v1")).unwrap();
    assert_eq!(shown(&world), "v1 1 true; v1 true; Primary true");
}

#[test]
fn a_promotion_replaces_pods_and_copies_the_targets_revision() {
    let scenario = scenario("events: [{at: 0s, deploy: v2}]");
    let mut world = begin(&scenario);
    set_up(&mut world);
    let moved = world.carry_out(&promote("v2"));
    assert_eq!(moved, Err((FailureClass::Moved, "the target shows v1".into())));
    happen(&mut world, &scenario);
    world.carry_out(&promote("v2")).unwrap();
    // The endpoints of the apex are updated with the next change.
    assert_eq!(shown(&world), "v2 1 false; v2 false; Primary true");
    world.change();
    assert_eq!(shown(&world), "v2 1 true; v2 true; Primary true");
}

#[test]
fn pods_that_run_are_replaced_by_a_new_revision() {
    let scenario =
        scenario("world: {ready: {canary: 10s}}\nevents: [{at: 0s, deploy: v2}, {at: 0s, deploy: v2}]");
    let mut world = begin(&scenario);
    happen(&mut world, &scenario);
    assert_eq!(shown(&world), "v2 1 false; none; Absent false");
    later(&mut world, 10);
    world.carry_out(&Command::ScaleDown).unwrap();
    assert_eq!(shown(&world), "v2 0 false; none; Absent false");
    later(&mut world, 100);
    assert_eq!(shown(&world), "v2 0 false; none; Absent false");
    world.carry_out(&Command::ScaleUp).unwrap();
    later(&mut world, 10);
    assert_eq!(shown(&world), "v2 1 true; none; Absent false");
}

#[test]
fn commands_on_a_missing_target_fail_until_it_exists() {
    let scenario = scenario("world: {target: {missing: true}}\nevents: [{at: 0s, deploy: v2}]");
    let mut world = begin(&scenario);
    assert_eq!(world.carry_out(&Command::ScaleUp).unwrap_err().0, FailureClass::Retry);
    assert_eq!(world.carry_out(&Command::EnsureWorkloads).unwrap_err().0, FailureClass::Retry);
    assert_eq!(world.carry_out(&promote("v2")).unwrap_err().0, FailureClass::Moved);
    assert_eq!(world.carry_out(&Command::ScaleDown), Ok(()));
    happen(&mut world, &scenario);
    world.change();
    assert_eq!(shown(&world), "v2 1 true; none; Absent false");
}

#[test]
fn events_change_the_world() {
    let scenario = scenario(
        "events:
  - {at: 0s, scale: 0}
  - {at: 0s, routes: {canary: 80}}
  - {at: 0s, drift: [services]}
  - {at: 0s, annotate: {promote: true, reset: null}}
  - {at: 0s, config: {secret/key: b}}
  - {at: 0s, clock: +10m}
  - {at: 0s, delete: target}
  - {at: 0s, delete: canary}",
    );
    let mut world = begin(&scenario);
    world.carry_out(&Command::EnsureWorkloads).unwrap();
    world.carry_out(&Command::EnsureServices(ApexTo::Untouched)).unwrap();
    assert_eq!(
        happen(&mut world, &scenario),
        [
            "another client scales the target to 0",
            "another client sets the routes to 20/80",
            "another client changes services (the apex selects the target)",
            "an operator requests promote=true, an operator withdraws reset",
            "secret/key becomes b",
            "the clock is set forward by 10m",
            "the target is deleted",
            "the Canary is deleted",
        ]
    );
    let seen = world.observe();
    assert_eq!(seen.routes, Fact::Known(Some(Routes::split(80))));
    assert_eq!(seen.drift, Fact::Known(Drift { services: true, tampered: true, ..Drift::default() }));
    let requests: Vec<String> = seen.requests.iter().map(|request| request.kind.to_string()).collect();
    assert_eq!(requests, ["promote"]);
    assert_eq!(world.now(), scenario.setting.start + Duration::from_secs(600));
    assert!(seen.deleting && world.is_gone());
    assert_eq!(shown(&world), "none; v1 false; Target false");
}

#[test]
fn pods_become_ready_or_not_as_scripted() {
    let scenario = scenario(
        "status: {phase: Succeeded}
events:
  - {at: 0s, ready: {primary: false}}
  - {at: 0s, ready: {primary: true}}
  - {at: 0s, ready: {primary: 10s}}
  - {at: 0s, ready: {primary: stalled}}
  - {at: 0s, ready: {canary: never}}
  - {at: 0s, ready: {canary: true}}
  - {at: 0s, deploy: v2}",
    );
    let mut world = begin(&scenario);
    // Each event with the seconds after it: for the canary, for the primary.
    let mut seen = Vec::new();
    for (event, seconds) in scenario.events.iter().zip([100, 0, 9, 0, 100, 0, 100]) {
        world.happen(&event.action);
        later(&mut world, seconds);
        let now = world.observe();
        let canary = now.target.known().unwrap().as_ref().unwrap().readiness.is_ready();
        seen.push((canary, now.primary.known().unwrap().as_ref().unwrap().readiness.is_ready()));
    }
    let (yes, no) = (true, false);
    assert_eq!(seen, [(yes, no), (yes, yes), (yes, no), (yes, no), (no, no), (yes, no), (no, no)]);
    let primary = world.observe().primary;
    assert!(primary.known().unwrap().as_ref().unwrap().readiness.is_stalled());
}

#[test]
fn a_fact_is_hidden_for_its_time() {
    let scenario = scenario(
        "events:
  - {at: 0s, unknown: {fact: routes, for: 10s, why: broken}}
  - {at: 0s, unknown: {fact: configs}}",
    );
    let mut world = begin(&scenario);
    happen(&mut world, &scenario);
    assert_eq!(world.observe().routes, Fact::Unknown(Unseen::Unreadable("broken".into())));
    assert!(shown(&world).starts_with("unknown 1 true"));
    assert_eq!(world.carry_out(&promote("v1")).unwrap_err().0, FailureClass::Retry);
    later(&mut world, 10);
    assert_eq!(world.observe().routes, Fact::Known(None));
    later(&mut world, 1_000_000);
    assert!(shown(&world).starts_with("unknown 1 true"));
}

#[test]
fn a_canary_that_names_other_objects_begins_with_them() {
    let edit = "events: [{at: 0s, edit: {targetRef: {name: other}}}]";
    let scenario = scenario(&format!("status: {{phase: Progressing, canaryWeight: 50}}\n{edit}"));
    let mut world = begin(&scenario);
    let left = scenario.canary.topology().clone();
    happen(&mut world, &scenario);
    assert_eq!(shown(&world), "v1 1 true; none; Absent false");
    assert_eq!(world.observe().routes, Fact::Known(None));
    // The old objects are not observed any more.
    world.carry_out(&Command::Abandon(left)).unwrap();
    assert_eq!(shown(&world), "v1 1 true; none; Absent false");
}

#[test]
fn another_router_has_no_routes_yet() {
    let edit = "events: [{at: 0s, edit: {provider: nginx, ingressRef: {name: shop}}}]";
    let scenario = scenario(&format!("status: {{phase: Progressing, canaryWeight: 50}}\n{edit}"));
    let mut world = begin(&scenario);
    let left = scenario.canary.topology().clone();
    happen(&mut world, &scenario);
    assert_eq!(shown(&world), "v1 1 true; v1 true; Primary true");
    assert_eq!(world.observe().routes, Fact::Known(None));
    world.carry_out(&Command::Abandon(left)).unwrap();
    assert_eq!(shown(&world), "v1 0 false; v1 true; Primary true");
}

#[test]
fn an_invalid_edit_makes_the_canary_invalid() {
    let scenario = scenario("events: [{at: 0s, edit: {analysis: {stepWeight: 500}}}]");
    let mut world = begin(&scenario);
    happen(&mut world, &scenario);
    let invalid = world.canary().as_ref().as_ref().unwrap_err();
    assert_eq!(invalid.problems[0].path, "spec.analysis.stepWeight");
}

#[test]
fn commands_fail_before_they_do_anything() {
    let fail = "events: [{at: 0s, fail: {command: \"route 90\", error: no}}]";
    let scenario = scenario(fail);
    let mut world = begin(&scenario);
    happen(&mut world, &scenario);
    let route =
        |weight| Command::SetRoutes(Split { routes: Routes::split(weight), cookies: Default::default() });
    assert_eq!(world.carry_out(&route(20)), Ok(()));
    assert_eq!(world.carry_out(&route(10)), Err((FailureClass::Retry, "no".into())));
    assert_eq!(world.observe().routes, Fact::Known(Some(Routes::split(20))));
}

#[test]
fn changes_that_cannot_be_observed_wake_no_controller() {
    let scenario = scenario(
        "events:
  - {at: 0s, fail: {notices: true}}
  - {at: 0s, clock: 1s}
  - {at: 0s, deploy: v2}",
    );
    let mut world = begin(&scenario);
    let seen = scenario.events.iter().map(|event| world.happen(&event.action).1);
    assert_eq!(seen.collect::<Vec<_>>(), [false, false, true]);
    assert!(matches!(scenario.events[2].action, Action::Deploy(_)));
}
