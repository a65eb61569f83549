//! What becomes of every status that Flagger may leave behind, by phase and by the routes as they are.

use std::sync::Arc;

use serin_core::{
    Command, Observation, Phase, State, Step,
    command::Routes,
    observation::{Fact, Readiness, Target},
    revision::Revision,
    state::{Intent, Status},
    step,
};

use crate::{
    examples,
    support::{START, rollout, settled, well},
    world::{Did, World},
};

/// The target shows `b`, the primary runs `a`; Flagger's numbers are its own.
fn left_behind(phase: Phase, routes: Routes) -> (State, Observation) {
    let mut seen = settled();
    seen.routes = Fact::Known(Some(routes));
    seen.deleting = phase == Phase::Terminating;
    seen.target = Fact::Known(Some(Target {
        revision: Fact::Known(Revision::of("b")),
        replicas: 1,
        readiness: Readiness::Ready,
    }));
    let left = Status {
        phase,
        iterations: 1,
        failed_checks: 1,
        last_applied_spec: "6c8d9f5b7f".into(),
        last_promoted_spec: "5978589476".into(),
        ..Status::default()
    };
    (State::from(left), seen)
}

fn taken_over(analysis: &str, phase: Phase, routes: Routes) -> State {
    let (left, seen) = left_behind(phase, routes);
    let Step::Act(plan) = step(&Ok(rollout(analysis)), &left, &seen, START) else {
        panic!("nothing is asked");
    };
    Arc::unwrap_or_clone(plan.state.expect("it is saved"))
}

/// Flagger's phases, each with the routes that may be seen.
fn left_behinds() -> impl Iterator<Item = (Phase, Routes)> {
    let mirrored = Routes { mirror: Some(100), ..Routes::PRIMARY };
    let written = examples::phases().into_iter().filter(|phase| *phase != Phase::New);
    written.flat_map(move |phase| {
        [Routes::PRIMARY, mirrored, Routes::split(30), Routes::split(100)].map(|routes| (phase, routes))
    })
}

fn line(phase: Phase, routes: Routes, state: &State) -> String {
    let intent = match &state.intent {
        None => "-".to_owned(),
        Some(Intent::Promote { revision, applied, .. }) => format!("promote {revision}, applied {applied}"),
        Some(other) => format!("{other:?}"),
    };
    format!(
        "{phase:<17}{routes:<20}{:<17}{:?} at {}%, failed {}, iteration {}, applied {}, promoted {}, {intent}",
        state.phase.to_string(),
        state.stage,
        state.canary_weight,
        state.failed_checks,
        state.iterations,
        state.applied,
        state.promoted,
        phase = phase.to_string(),
        routes = routes.to_string(),
    )
}

fn table(analysis: &str) -> String {
    let lines = left_behinds()
        .map(|(phase, routes)| format!("{}\n", line(phase, routes, &taken_over(analysis, phase, routes))));
    lines.collect()
}

#[test]
fn snap_taking_over_a_weighted_canary() {
    insta::assert_snapshot!(table("{stepWeight: 10, maxWeight: 50}"));
}

#[test]
fn snap_taking_over_an_ab_test() {
    insta::assert_snapshot!(table("{match: [{headers: {x: {exact: y}}}], iterations: 5}"));
}

#[test]
fn snap_taking_over_blue_green() {
    insta::assert_snapshot!(table("{iterations: 5, mirror: true}"));
}

const STRATEGIES: [&str; 4] = [
    "{stepWeight: 10, maxWeight: 50}",
    "{match: [{headers: {x: {exact: y}}}], iterations: 5}",
    "{iterations: 5, mirror: true}",
    "{iterations: 5}",
];

#[test]
fn no_canary_goes_while_the_routes_send_users_to_it() {
    for analysis in STRATEGIES {
        for (phase, routes) in left_behinds() {
            let mut world = World::new(rollout(analysis));
            (world.state, world.cluster) = left_behind(phase, routes);
            for _ in 0..200 {
                let did = world.does(&mut well);
                let exposed =
                    world.cluster.routes.known().copied().flatten().unwrap_or(Routes::PRIMARY).exposed();
                let went = did == Did::Applied(Command::ScaleDown) && exposed > 0;
                assert!(!went, "{analysis} left in {phase} at {routes}: scaled down at {exposed} %");
                if let Did::Slept(_) = did {
                    world.sleeps();
                }
            }
            assert_eq!(world.broken, [], "{analysis} left in {phase} at {routes}");
        }
    }
}
