//! Alerts about a run that can still succeed, and what the alert of a rollback says about the users.

use std::time::Duration;

use serin_core::{
    Phase, Timestamp,
    message::{Exposure, Message, Notice},
    question::{Answer, Asked, Question},
    request::RequestKind,
    spec::Severity,
    step::planned,
    testing::{Simulated, badly, checks, well},
};

use crate::support::{manifest, parse, request, rollout};

const METRIC: &str = "metrics: [{name: m, query: q, thresholdRange: {min: 1}}]";
const MINUTE: Duration = Duration::from_secs(60);

fn warnings(world: &Simulated) -> Vec<&Notice> {
    world.sent.iter().filter(|notice| notice.message.is_early_warning()).collect()
}

/// When the run that is under way began.
fn began(world: &Simulated) -> Timestamp {
    let begins =
        |(at, row): &(Timestamp, serin_core::testing::Row)| (row.phase == Phase::Progressing).then_some(*at);
    world.rows.iter().find_map(begins).expect("a run has begun")
}

/// When an alert reported that the run takes twice its plan, from its start; `None` if there was none within a day.
fn late(world: &mut Simulated, hands: &mut impl FnMut(&Question) -> Answer) -> Option<Duration> {
    world.runs_until(hands, |state| state.phase.is_analysing());
    let day = world.now + MINUTE * 60 * 24;
    while world.now < day && !world.state.phase.is_idle() {
        world.ticks(hands);
        world.sleeps();
    }
    assert_eq!(world.violations, []);
    let mut told = world.sent.iter().filter(|notice| matches!(notice.message, Message::Late { .. }));
    let at = told.next()?.at;
    assert_eq!(told.count(), 0, "there is one alert");
    Some(at.since(began(world)))
}

#[test]
fn the_first_failed_check_of_each_run_is_alerted() {
    let mode = "thresholdMode: consecutive";
    let mut world =
        Simulated::deployed(rollout(&format!("{{iterations: 8, threshold: 3, {mode}, {METRIC}}}")));
    let mut hands = |question: &Question| match question.id.check {
        2 | 4 | 5 => badly(question),
        _ => well(question),
    };
    for runs in 1..=2 {
        world.runs_to_its_end(&mut hands);
        let told = warnings(&world);
        assert_eq!(told.len(), runs);
        assert!(told.iter().all(|notice| notice.message.alert() == Some(Severity::Warn)));
        world.deploys("c");
    }
    let failed = world.sent.iter().filter(|notice| matches!(notice.message, Message::CheckFailed { .. }));
    assert_eq!(failed.count(), 6);
}

#[test]
fn a_failed_check_that_rolls_back_is_alerted_as_the_rollback_alone() {
    let mut world = Simulated::deployed(rollout(&format!("{{stepWeight: 50, threshold: 1, {METRIC}}}")));
    world.runs_to_its_end(&mut badly);
    assert_eq!(warnings(&world), Vec::<&Notice>::new());
    assert_eq!(world.state.phase, Phase::Failed);
}

#[test]
fn a_run_that_takes_twice_its_plan_is_reported_once() {
    let of = |threshold| format!("{{stepWeight: 50, threshold: {threshold}, {METRIC}}}");
    assert_eq!(planned(&rollout(&of(9))), Some(MINUTE * 3));
    assert_eq!(late(&mut Simulated::deployed(rollout(&of(50))), &mut badly), Some(MINUTE * 6));
    // It is rolled back by the check that is made at that time.
    assert_eq!(late(&mut Simulated::deployed(rollout(&of(5))), &mut badly), None);
    assert_eq!(late(&mut Simulated::deployed(rollout(&of(9))), &mut well), None);
}

#[test]
fn time_in_which_a_gate_was_closed_is_not_in_the_plan() {
    let gate = "webhooks: [{name: go, type: confirm-traffic-increase, url: 'http://h'}]";
    let mut world =
        Simulated::deployed(rollout(&format!("{{stepWeight: 50, threshold: 50, {METRIC}, {gate}}}")));
    let mut denied = 0;
    let mut hands = |question: &Question| match question.id.of {
        Asked::Hook(_) if denied < 30 => {
            denied += 1;
            Answer::deny("wait")
        }
        Asked::Hook(_) => well(question),
        Asked::Metric(_) => badly(question),
    };
    assert_eq!(late(&mut world, &mut hands), Some(MINUTE * 36));
}

#[test]
fn a_gate_that_stays_closed_makes_no_run_late() {
    let gate = "webhooks: [{name: go, type: confirm-promotion, url: 'http://h'}]";
    let mut world = Simulated::deployed(rollout(&format!("{{stepWeight: 50, {METRIC}, {gate}}}")));
    let mut hands = |question: &Question| match question.id.of {
        Asked::Hook(_) => Answer::deny("not yet"),
        Asked::Metric(_) => well(question),
    };
    assert_eq!(late(&mut world, &mut hands), None);
    assert_eq!(world.state.phase, Phase::WaitingPromotion);
}

#[test]
fn time_in_which_the_canary_was_suspended_is_not_in_the_plan() {
    let analysis = format!("{{stepWeight: 50, threshold: 50, {METRIC}}}");
    let mut world = Simulated::deployed(rollout(&analysis));
    world.runs_until(&mut badly, |state| state.failed_checks == 1);
    let mut suspended = manifest("istio", &analysis);
    suspended.spec.suspend = Some(true);
    let running = std::mem::replace(&mut world.canary, parse(&suspended));
    world.looks_at(world.now, &mut badly);
    world.canary = running;
    world.looks_at(world.now + MINUTE * 60, &mut badly);
    assert_eq!(late(&mut world, &mut badly), Some(MINUTE * 66));
}

#[test]
fn a_run_whose_weight_an_operator_set_has_no_plan() {
    let mut world = Simulated::deployed(rollout(&format!("{{stepWeight: 50, {METRIC}}}")));
    world.runs_until(&mut well, |state| state.canary_weight == 50);
    world.cluster.requests = vec![request(RequestKind::CanaryWeight, "10")];
    assert_eq!(late(&mut world, &mut well), None);
    assert!(world.state.run.held_by_operator);
}

/// What the alert of a rollback says about the users.
fn exposure(analysis: &str, answers: impl IntoIterator<Item = f64>) -> Option<Exposure> {
    let answers: Vec<f64> = answers.into_iter().collect();
    let mut world = Simulated::deployed(rollout(&format!("{{threshold: 1, {METRIC}, {analysis}}}")));
    let mut hands = checks(answers);
    world.runs_to_its_end(&mut hands);
    assert_eq!(world.violations, []);
    let told = |notice: &&Notice| matches!(notice.message, Message::RollingBack(_));
    assert!(world.sent.iter().filter(|notice| !told(notice)).all(|notice| notice.exposure.is_none()));
    world.sent.iter().find(told).expect("it is rolled back").exposure
}

#[test]
fn the_alert_of_a_rollback_says_how_far_users_met_the_version() {
    let met = |weight, matched, minutes| Some(Exposure { weight, matched, lasted: MINUTE * minutes });
    assert_eq!(exposure("stepWeight: 20", [5.0, 0.0]), met(40, false, 2));
    assert_eq!(exposure("stepWeight: 20, match: [{headers: {a: {exact: b}}}]", [0.0]), met(20, true, 1));
    assert_eq!(exposure("iterations: 3, match: [{headers: {a: {exact: b}}}]", [5.0, 0.0]), met(100, true, 2));
    // Blue/green: all checks are made before users are sent there.
    assert_eq!(exposure("iterations: 3", [5.0, 0.0]), None);
}
