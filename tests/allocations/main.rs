//! A call of `step` that changes nothing allocates nothing, so that ten thousand idle Canaries cost no memory traffic.
//!
//! In a binary of its own, because counting needs an allocator of its own.

#![allow(clippy::expect_used, reason = "a test that cannot begin says why")]

#[path = "../core/support.rs"]
#[allow(dead_code, reason = "shared with the other tests of the core")]
mod support;

use std::time::Duration;

use serin_core::{
    Phase, Step, Timestamp,
    decision::Rule,
    message::NoticeId,
    observation::Readiness,
    question::{Answer, Question},
    step,
    step::Plan,
    testing::{Pods, Simulated, well},
};

use crate::support::{manifest, parse, rollout};

const SECOND: Duration = Duration::from_secs(1);

/// The allocations of one call on the observation of the world, and its answer.
fn call(world: &Simulated, now: Timestamp) -> (u64, Step) {
    let mut seen = world.cluster.clone();
    world.tick.complete(&mut seen);
    let mut answer = None;
    let counted =
        allocation_counter::measure(|| answer = Some(step(&world.canary, &world.state, &seen, now)));
    (counted.count_total, answer.expect("it was called"))
}

/// As [`call`], which decides to do nothing; returns the reason.
fn nothing(world: &Simulated, now: Timestamp) -> (u64, Rule) {
    match call(world, now) {
        (allocations, Step::Act(Plan { commands, state: None, decision, .. })) if commands.is_empty() => {
            (allocations, decision.rule)
        }
        (_, other) => panic!("it was to do nothing: {other:?}"),
    }
}

/// A run of this analysis at its first step, a second after it was made.
fn running(analysis: &str) -> Simulated {
    let mut world = Simulated::deployed(rollout(analysis));
    world.runs_until(&mut well, |state| state.canary_weight > 0);
    world.now = world.state.due - Duration::from_secs(59);
    settle(&mut world);
    world
}

/// Observes until nothing is left to be noted.
fn settle(world: &mut Simulated) {
    world.wakes();
    world.ticks(&mut well);
    world.wakes();
}

#[test]
fn an_idle_canary_allocates_nothing() {
    let mut world = Simulated::initialized(rollout("{stepWeight: 20}"));
    settle(&mut world);
    assert_eq!(nothing(&world, world.now + SECOND), (0, Rule::Idle));
}

#[test]
fn a_finished_run_allocates_nothing() {
    let mut world = Simulated::deployed(rollout("{stepWeight: 20}"));
    world.runs_to_its_end(&mut well);
    settle(&mut world);
    assert_eq!(nothing(&world, world.now + SECOND), (0, Rule::Idle));
}

#[test]
fn a_run_whose_check_is_not_due_allocates_nothing() {
    for analysis in ["{stepWeight: 20}", "{stepWeight: 20, webhooks: [{name: l, url: 'http://l'}]}"] {
        let world = running(analysis);
        assert_eq!(nothing(&world, world.now + SECOND), (0, Rule::NotDue));
    }
}

#[test]
fn a_suspended_run_allocates_nothing() {
    let mut world = running("{stepWeight: 20}");
    let mut raw = manifest("istio", "{stepWeight: 20}");
    raw.spec.suspend = Some(true);
    world.canary = parse(&raw);
    settle(&mut world);
    assert_eq!(nothing(&world, world.now + SECOND), (0, Rule::Suspended));
}

#[test]
fn a_revision_that_waits_for_approval_allocates_nothing() {
    let gate = "{webhooks: [{name: gate, type: confirm-rollout, url: 'http://g'}]}";
    let mut world = Simulated::deployed(rollout(gate));
    world.runs_until(&mut |_: &Question| Answer::deny(""), |state| state.phase == Phase::Waiting);
    world.now = world.state.due - Duration::from_secs(59);
    settle(&mut world);
    assert_eq!(nothing(&world, world.now + SECOND), (0, Rule::NotDue));
}

#[test]
fn a_canary_that_is_not_ready_allocates_nothing() {
    let mut world = Simulated::deployed(rollout("{stepWeight: 20}"));
    world.canary_pods = Pods::Broken;
    world.runs_until(&mut well, |state| state.phase == Phase::Progressing);
    settle(&mut world);
    assert_eq!(nothing(&world, world.now + SECOND), (0, Rule::NotReady));
}

#[test]
fn a_promotion_that_waits_for_its_primary_allocates_nothing() {
    let mut world = running("{stepWeight: 100}");
    world.runs_until(&mut well, |state| state.run.intent.is_some());
    let primary = world.cluster.primary.known_mut().and_then(Option::as_mut).expect("there is a primary");
    primary.readiness = Readiness::not_ready("pods are being replaced");
    settle(&mut world);
    assert_eq!(nothing(&world, world.now + SECOND), (0, Rule::PromotionWaits));
}

#[test]
fn delivered_notices_of_a_run_allocate_nothing() {
    let mut world = running("{stepWeight: 20}");
    let sent: Vec<NoticeId> = world.state.outbox.notices().iter().map(|notice| notice.id).collect();
    assert!(!sent.is_empty(), "the run sent notices");
    world.tick.sent(&sent);
    assert_eq!(nothing(&world, world.now + SECOND), (0, Rule::NotDue));
}

#[test]
fn metric_queries_allocate_only_their_questions() {
    let metrics = "metrics: [{name: a, query: q}, {name: b, query: q}, {name: c, query: q}]";
    let world = running(&format!("{{stepWeight: 20, {metrics}}}"));
    let (allocations, answer) = call(&world, world.state.due);
    let Step::Ask(questions) = answer else { panic!("the metrics are asked") };
    assert_eq!((allocations, questions.len()), (1, 3));
}

#[test]
fn a_hook_call_allocates_only_its_question() {
    let world = running("{stepWeight: 20, webhooks: [{name: l, url: 'http://l'}]}");
    let (allocations, answer) = call(&world, world.state.due);
    let Step::Ask(questions) = answer else { panic!("the hook is asked") };
    assert_eq!((allocations, questions.len()), (1, 1));
}
