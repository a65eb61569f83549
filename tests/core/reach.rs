//! A check passes only if the canary was reached during the whole interval that it closes; and how long a run can be
//! without a judged check.

use std::time::Duration;

use serin_core::{
    Phase, Timestamp,
    command::Routes,
    decision::{Cause, Rule},
    message::Message,
    observation::{Fact, Unseen},
    question::{Answer, Asked, Question},
    testing::{Environment, Pods, Simulated, badly, well},
};

use crate::support::{manifest, parse, rollout};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const METRIC: &str = "metrics: [{name: request-success-rate, thresholdRange: {min: 99}}]";

/// A run at 20 %, right after its step; when the step was made.
fn at_twenty(analysis: &str) -> (Simulated, Timestamp) {
    let mut world = Simulated::deployed(rollout(&format!("{{interval: 30s, stepWeight: 20, {analysis}}}")));
    world.runs_until(&mut well, |state| state.canary_weight == 20);
    let made = world.rows.last().expect("rows were saved").0;
    (world, made)
}

/// Another controller sets these routes, and the driver observes at this moment.
fn rerouted(world: &mut Simulated, routes: Option<Routes>, moment: Timestamp) -> Vec<Rule> {
    world.cluster.routes = Fact::Known(routes);
    world.looks_at(moment, &mut well)
}

fn no_data(_: &Question) -> Answer {
    Answer::no_data()
}

#[test]
fn a_pass_of_an_interval_without_the_routes_of_the_step_is_void() {
    let other = Routes::split(5);
    for (routes, moment) in [(Some(other), 10), (None, 10), (Some(other), 30), (Some(Routes::split(60)), 29)]
    {
        let (mut world, made) = at_twenty(METRIC);
        rerouted(&mut world, routes, made + seconds(moment));

        let rules = world.looks_at(made + seconds(30), &mut well);

        assert!(!rules.contains(&Rule::Advanced), "{routes:?} at {moment}s: {rules:?}");
        assert_eq!(
            (world.state.run.void_checks, world.state.canary_weight),
            (1, 20),
            "{routes:?} at {moment}s"
        );
        assert_eq!(world.looks_at(made + seconds(60), &mut well)[0], Rule::Advanced, "the next one counts");
        let sent = world.sent.iter().filter(|notice| matches!(notice.message, Message::CheckVoid(_)));
        assert_eq!(sent.count(), 1);
        assert_eq!(world.violations, []);
    }
}

#[test]
fn a_pass_of_an_interval_in_which_the_canary_did_not_serve_is_void() {
    // Neither copy serves, so users stay where they are.
    let (mut world, made) = at_twenty(METRIC);
    (world.canary_pods, world.primary_pods) = (Pods::Broken, Pods::Broken);
    world.settles();
    world.looks_at(made + seconds(5), &mut well);
    (world.canary_pods, world.primary_pods) = (Pods::Well, Pods::Well);
    world.settles();
    world.looks_at(made + seconds(6), &mut well);

    assert_eq!(world.looks_at(made + seconds(30), &mut well)[0], Rule::CheckVoid);
    assert_eq!(world.violations, []);
}

#[test]
fn pods_that_restart_one_by_one_void_no_check() {
    let (mut world, made) = at_twenty(METRIC);
    world.canary_pods = Pods::Few;
    world.settles();
    world.looks_at(made + seconds(5), &mut well);
    world.canary_pods = Pods::Well;
    world.settles();
    assert_eq!(world.looks_at(made + seconds(30), &mut well)[0], Rule::Advanced);
}

#[test]
fn harm_is_never_void() {
    let hook = "webhooks: [{name: test, type: rollout, url: 'http://t'}]";
    let fails = |question: &Question| match question.id.of {
        Asked::Hook(_) => Answer::deny("500"),
        Asked::Metric(_) => Answer::value(100.0),
    };
    for (analysis, mut hands) in
        [(METRIC, Box::new(badly) as Box<dyn FnMut(&Question) -> Answer>), (hook, Box::new(fails))]
    {
        let (mut world, made) = at_twenty(&format!("threshold: 3, {analysis}"));
        rerouted(&mut world, None, made + seconds(10));
        assert_eq!(world.looks_at(made + seconds(30), &mut hands)[0], Rule::CheckFailed);
        assert_eq!((world.state.failed_checks, world.state.run.void_checks), (1, 0));
    }
}

#[test]
fn no_data_is_void_whatever_on_no_data_says() {
    for on_no_data in ["fail", "hold", "pass"] {
        let metric = format!(
            "metrics: [{{name: request-success-rate, onNoData: {on_no_data}, thresholdRange: {{min: 99}}}}]"
        );
        let (mut world, made) = at_twenty(&metric);
        rerouted(&mut world, None, made + seconds(10));
        assert_eq!(world.looks_at(made + seconds(30), &mut no_data)[0], Rule::CheckVoid, "{on_no_data}");
        assert_eq!((world.state.failed_checks, world.state.run.held_checks), (0, 0), "{on_no_data}");
    }
}

#[test]
fn a_void_check_clears_no_counter_and_asks_no_gate() {
    let gate = "webhooks: [{name: go, type: confirm-traffic-increase, url: 'http://g'}]";
    let (mut world, made) = at_twenty(&format!("threshold: 3, thresholdMode: consecutive, {METRIC}, {gate}"));
    let mut bad_metric = |question: &Question| match question.id.of {
        Asked::Hook(_) => Answer::pass(""),
        Asked::Metric(_) => Answer::value(0.0),
    };
    world.looks_at(made + seconds(30), &mut bad_metric);
    rerouted(&mut world, None, made + seconds(40));
    let mut asked = Vec::new();
    let mut hands = |question: &Question| {
        asked.push(question.id.of.clone());
        well(question)
    };
    assert_eq!(world.looks_at(made + seconds(60), &mut hands)[0], Rule::CheckVoid);
    assert_eq!(world.state.failed_checks, 1);
    assert!(asked.iter().all(|asked| matches!(asked, Asked::Metric(_))), "{asked:?}");
}

#[test]
fn at_a_step_without_users_the_routes_void_no_check() {
    let mut world = Simulated::deployed(rollout(&format!("{{interval: 30s, iterations: 3, {METRIC}}}")));
    world.runs_until(&mut well, |state| state.iterations == 1);
    let made = world.rows.last().expect("rows were saved").0;
    rerouted(&mut world, Some(Routes::split(50)), made + seconds(10));
    assert_eq!(world.looks_at(made + seconds(30), &mut well)[0], Rule::Advanced);
    assert_eq!((world.state.iterations, world.state.run.void_checks), (2, 0));
}

#[test]
fn our_own_moves_and_unknown_facts_void_no_check() {
    let (mut world, made) = at_twenty(METRIC);
    world.cluster.routes = Fact::Unknown(Unseen::Stale);
    world.looks_at(made + seconds(10), &mut well);
    // This happens after a stop between the routes of the next step and their save.
    rerouted(&mut world, Some(Routes::split(40)), made + seconds(30));
    assert_eq!((world.state.run.void_checks, world.state.canary_weight), (0, 40));
}

/// Runs with this canary until the run ends, and observes every ten seconds. Returns how long it took.
fn ends(
    world: &mut Simulated,
    hands: &mut impl Environment,
    mut each: impl FnMut(&mut Simulated, u64),
) -> Duration {
    let since = world.now;
    for n in 1..1_000 {
        each(world, n);
        world.settles();
        world.looks_at(since + seconds(10 * n), hands);
        if world.state.phase == Phase::Failed {
            return world.now.since(since);
        }
    }
    panic!("the run does not end: {:#?}", world.rows);
}

#[test]
fn a_canary_that_crashes_again_and_again_ends_its_run() {
    let mut raw = manifest("istio", &format!("{{interval: 30s, stepWeight: 20, {METRIC}}}"));
    raw.spec.progress_deadline_seconds = Some(120.into());
    let mut world = Simulated::deployed(parse(&raw).expect("it makes sense"));
    world.runs_until(&mut well, |state| state.canary_weight == 20);

    // Ready for ten seconds of every thirty, and never when a check is due.
    let took = ends(&mut world, &mut well, |world, n| {
        world.canary_pods = if n % 3 == 1 { Pods::Well } else { Pods::Broken };
    });

    assert!((seconds(120)..=seconds(170)).contains(&took), "{took:?}");
    let failure = world.state.run.failure.clone().expect("it failed");
    let Cause::NotJudged { deadline, .. } = failure.cause else { panic!("{:?}", failure.cause) };
    assert_eq!(deadline, seconds(120));
    assert_eq!(world.state.failed_checks, 0, "a loss of pods is no failed check");
    assert_eq!(world.violations, []);
}

#[test]
fn routes_that_another_controller_keeps_changing_end_the_run() {
    let (mut world, _) = at_twenty(METRIC);
    let took =
        ends(&mut world, &mut well, |world, _| world.cluster.routes = Fact::Known(Some(Routes::split(90))));
    assert!((seconds(600)..=seconds(650)).contains(&took), "{took:?}");
    let cause = world.state.run.failure.clone().expect("it failed").cause.to_string();
    assert_eq!(cause, "not judged for 10m: requests were routed 10/90 and not 80/20");
}

#[test]
fn time_in_which_nothing_can_be_observed_ends_no_run() {
    let (mut world, made) = at_twenty(METRIC);
    rerouted(&mut world, None, made + seconds(10));
    world.cluster.routes = Fact::Unknown(Unseen::Stale);
    for n in 2..100 {
        world.looks_at(made + seconds(60 * n), &mut well);
    }
    assert_eq!(world.state.phase, Phase::Progressing);
    world.cluster.routes = Fact::Known(Some(Routes::split(20)));
    world.looks_at(made + seconds(6_000), &mut well);
    assert_eq!((world.state.phase, world.state.run.void_checks), (Phase::Progressing, 1));
}
