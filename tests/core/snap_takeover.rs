//! The effect of every status that Flagger can leave, by phase and by the observed routes.

use std::{collections::BTreeSet, sync::Arc};

use serin_core::{
    Command, Invalid, Observation, Phase, State, Step,
    command::Routes,
    decision::Obstacle,
    message::Message,
    observation::{Fact, Readiness, Target, Unseen},
    question::{Answer, Question},
    revision::Revision,
    spec::Problem,
    state::{Intent, Status},
    step,
    step::Why,
    testing::{Did, Environment, START, Simulated, well},
};

use crate::{examples, support::rollout};

/// The target shows `b`, the primary runs `a`; the numbers are Flagger's.
fn left_behind(phase: Phase, routes: Routes) -> (State, Observation) {
    let mut seen = Observation::settled("a");
    seen.routes = Fact::Known(Some(routes));
    seen.deleting = phase == Phase::Terminating;
    seen.target = Fact::Known(Some(Target {
        revision: Fact::Known(Revision::of("b")),
        replicas: 1,
        readiness: Readiness::Ready,
        serves: Fact::Known(true),
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

/// Flagger's phases, each with the routes that can occur.
fn left_behinds() -> impl Iterator<Item = (Phase, Routes)> {
    let mirrored = Routes { mirror: Some(100), ..Routes::PRIMARY };
    let written = examples::phases().into_iter().filter(|phase| *phase != Phase::New);
    written.flat_map(move |phase| {
        [Routes::PRIMARY, mirrored, Routes::split(30), Routes::split(100)].map(|routes| (phase, routes))
    })
}

fn line(phase: Phase, routes: Routes, state: &State) -> String {
    let intent = match &state.run.intent {
        None => "-".to_owned(),
        Some(Intent::Promote { revision, applied, .. }) => format!("promote {revision}, applied {applied}"),
        Some(other) => format!("{other:?}"),
    };
    format!(
        "{phase:<17}{routes:<20}{:<17}{:?} at {}%, failed {}, iteration {}, applied {}, promoted {}, {intent}",
        state.phase.to_string(),
        state.run.stage,
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
fn no_canary_is_scaled_down_while_the_routes_send_users_to_it() {
    for analysis in STRATEGIES {
        for (phase, routes) in left_behinds() {
            let mut world = Simulated::new(rollout(analysis));
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
            assert_eq!(world.violations, [], "{analysis} left in {phase} at {routes}");
        }
    }
}

fn messages(world: &Simulated) -> Vec<&Message> {
    world.sent.iter().map(|notice| &notice.message).collect()
}

#[test]
fn an_obstacle_to_a_takeover_is_reported_once_and_the_status_stays_as_flagger_left_it() {
    let problem = Problem { path: "spec.provider".into(), what: "`osm` is not supported".into() };
    let sound = rollout(STRATEGIES[0]);
    let invalid = Invalid {
        identity: sound.identity().clone(),
        topology: sound.topology().clone(),
        setup: sound.setup().clone(),
        revert_on_deletion: false,
        problems: vec![problem],
    };
    let (left, seen) = left_behind(Phase::Succeeded, Routes::PRIMARY);
    let mut world = Simulated::new(sound.clone());
    (world.state, world.cluster) = (left.clone(), seen);
    world.canary = Err(invalid);
    for _ in 0..20 {
        world.ticks(&mut well);
        world.sleeps();
    }
    let problem = "spec.provider: `osm` is not supported".into();
    assert_eq!(messages(&world), [&Message::Invalid { problem }]);
    assert_eq!((&world.state, &world.violations[..]), (&left, &[][..]));
    assert_eq!(world.ticks(&mut well), None, "only a change wakes");

    // Another process sends it with the same id, so that receivers can drop the repeat.
    world.restarts();
    world.ticks(&mut well);
    let names: BTreeSet<_> = world.sent.iter().map(|notice| notice.id).collect();
    assert_eq!((world.sent.len(), names.len()), (2, 1));

    // Once the manifest is valid, it is taken over.
    world.canary = Ok(sound);
    world.wakes();
    world.ticks(&mut well);
    assert!(messages(&world).contains(&&Message::TakenOver));
}

#[test]
fn an_unreadable_fact_is_reported_before_a_takeover_too_and_again_until_it_is_delivered() {
    let (left, mut seen) = left_behind(Phase::Progressing, Routes::split(30));
    seen.routes = Fact::Unknown(Unseen::Unreadable("403 Forbidden".into()));
    let mut world = Simulated::new(rollout(STRATEGIES[0]));
    (world.state, world.cluster) = (left.clone(), seen);
    let wake = world.ticks(&mut Deaf);
    assert_eq!((wake.map(|wake| wake.why), &world.state), (Some(Why::Notices), &left));
    world.sleeps();
    world.ticks(&mut well);
    let on = Obstacle::Unreadable { what: "routes".into(), why: "403 Forbidden".into() };
    assert_eq!(messages(&world), [&Message::HeldUp(on)]);
}

/// Environments that deliver nothing.
struct Deaf;

impl Environment for Deaf {
    fn answer(&mut self, question: &Question) -> Answer {
        well(question)
    }
    fn delivers(&mut self) -> bool {
        false
    }
}
