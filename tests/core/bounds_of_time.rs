//! Every moment that a rule waits for, in pairs: one millisecond before it, and at it.

use std::time::Duration;

use serin_core::{
    Command, Phase, Timestamp,
    decision::{Rule, Workload},
    message::Message,
    observation::{Drift, Fact, FailureClass, Readiness},
    question::{Answer, Question},
    revision::Text,
    testing::{Environment, Pods, Simulated, badly, well},
};

use crate::{
    examples,
    support::{manifest, parse, rollout},
};

const MILLISECOND: Duration = Duration::from_millis(1);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The first rule that fires at a moment.
fn rule_at(world: &mut Simulated, moment: Timestamp) -> Rule {
    world.looks_at(moment, &mut well)[0]
}

/// A run whose canary is ready, which was not observed yet; when it was accepted.
fn running(analysis: &str) -> (Simulated, Timestamp) {
    let mut world = Simulated::deployed(rollout(analysis));
    world.runs_until(&mut well, |state| state.phase == Phase::Progressing);
    let accepted = world.rows[0].0;
    (world, accepted)
}

#[test]
fn a_check_is_made_when_it_is_due_and_not_a_millisecond_before() {
    let (mut world, accepted) = running("{interval: 30s, stepWeight: 20}");
    assert_eq!(rule_at(&mut world, accepted + seconds(30) - MILLISECOND), Rule::NotDue);
    assert_eq!(rule_at(&mut world, accepted + seconds(30)), Rule::Advanced);
    assert_eq!(rule_at(&mut world, accepted + seconds(60) - MILLISECOND), Rule::NotDue);
    assert_eq!(rule_at(&mut world, accepted + seconds(60)), Rule::Advanced);
}

#[test]
fn checks_stay_on_their_grid_when_one_is_late() {
    let (mut world, accepted) = running("{interval: 30s, stepWeight: 20}");
    assert_eq!(rule_at(&mut world, accepted + seconds(30)), Rule::Advanced);
    assert_eq!(rule_at(&mut world, accepted + seconds(60) + seconds(29)), Rule::Advanced);
    assert_eq!(rule_at(&mut world, accepted + seconds(90) - MILLISECOND), Rule::NotDue);
    assert_eq!(
        rule_at(&mut world, accepted + seconds(90) + seconds(75)),
        Rule::Advanced,
        "one for all that were missed"
    );
    assert_eq!(rule_at(&mut world, accepted + seconds(180) - MILLISECOND), Rule::NotDue);
    assert_eq!(rule_at(&mut world, accepted + seconds(180)), Rule::Advanced);
}

#[test]
fn the_warm_up_counts_from_the_canary_being_ready() {
    let (mut world, accepted) = running("{interval: 10s, delay: 45s, stepWeight: 20}");
    let ready = accepted + seconds(7);
    assert_eq!(rule_at(&mut world, ready), Rule::NotDue);
    assert_eq!(rule_at(&mut world, ready + seconds(45) - MILLISECOND), Rule::NotDue);
    assert_eq!(rule_at(&mut world, ready + seconds(45)), Rule::Advanced);
    assert_eq!(rule_at(&mut world, ready + seconds(55)), Rule::Advanced, "no warm-up before a later step");
}

#[test]
fn the_warm_up_ends_no_earlier_than_the_first_interval() {
    let (mut world, accepted) = running("{interval: 30s, delay: 5s, stepWeight: 20}");
    assert_eq!(rule_at(&mut world, accepted + seconds(1)), Rule::NotDue);
    assert_eq!(rule_at(&mut world, accepted + seconds(30) - MILLISECOND), Rule::NotDue);
    assert_eq!(rule_at(&mut world, accepted + seconds(30)), Rule::Advanced);
}

#[test]
fn a_warm_up_restarts_if_the_canary_was_not_ready_and_continues_behind_a_closed_gate() {
    let gate = "webhooks: [{name: gate, type: confirm-traffic-increase, url: 'http://g'}]";
    let (mut world, accepted) = running(&format!("{{interval: 10s, delay: 45s, stepWeight: 20, {gate}}}"));
    let ready = accepted + seconds(7);
    assert_eq!(rule_at(&mut world, accepted + seconds(1)), Rule::NotDue);
    world.canary_pods = Pods::Broken;
    world.settles();
    assert_eq!(rule_at(&mut world, ready - seconds(1)), Rule::NotReady);
    world.canary_pods = Pods::Well;
    world.settles();
    assert_eq!(rule_at(&mut world, ready), Rule::NotDue);
    assert_eq!(rule_at(&mut world, ready + seconds(45) - MILLISECOND), Rule::NotDue);

    let closed = world.looks_at(ready + seconds(45), &mut |_: &Question| Answer::deny(""));
    assert_eq!(closed[0], Rule::GateClosed);

    assert_eq!(rule_at(&mut world, ready + seconds(55) - MILLISECOND), Rule::NotDue);
    assert_eq!(rule_at(&mut world, ready + seconds(55)), Rule::Advanced);
}

/// A run with a deadline of one minute whose canary never becomes ready; since when.
fn never_ready() -> (Simulated, Timestamp) {
    let mut raw = manifest("istio", "{interval: 10s, stepWeight: 20}");
    raw.spec.progress_deadline_seconds = Some(60.into());
    let mut world = Simulated::deployed(parse(&raw).expect("it makes sense"));
    world.canary_pods = Pods::Broken;
    world.runs_until(&mut well, |state| state.phase == Phase::Progressing);
    world.settles();
    let accepted = world.rows[0].0;
    (world, accepted)
}

#[test]
fn a_canary_that_is_not_ready_at_its_deadline_is_rolled_back() {
    let (mut world, accepted) = never_ready();
    for quarter in [15, 30, 45] {
        assert_eq!(rule_at(&mut world, accepted + seconds(quarter)), Rule::NotReady);
    }
    assert_eq!(rule_at(&mut world, accepted + seconds(60) - MILLISECOND), Rule::NotReady);
    assert_eq!(rule_at(&mut world, accepted + seconds(60)), Rule::RollbackDecided);
}

#[test]
fn a_jump_of_the_clock_credits_one_quarter_of_a_deadline() {
    let (mut world, accepted) = never_ready();
    let late = accepted + seconds(3_600);
    for (moment, rule) in [
        (late, Rule::NotReady),
        (late + seconds(15), Rule::NotReady),
        (late + seconds(30), Rule::NotReady),
        (late + seconds(45) - MILLISECOND, Rule::NotReady),
        (late + seconds(45), Rule::RollbackDecided),
    ] {
        assert_eq!(rule_at(&mut world, moment), rule, "at {moment}");
    }
}

#[test]
fn between_two_quarters_of_a_deadline_nothing_is_saved() {
    let (mut world, accepted) = never_ready();
    world.looks_at(accepted + seconds(15), &mut well);
    let saved = world.state.clone();
    for moment in [seconds(16), seconds(29), seconds(30) - MILLISECOND] {
        world.looks_at(accepted + moment, &mut well);
    }
    assert_eq!(world.state, saved);
    world.looks_at(accepted + seconds(30), &mut well);
    assert_ne!(world.state, saved);
}

#[test]
fn a_clock_set_back_costs_at_most_a_quarter_of_a_deadline() {
    let (mut world, accepted) = never_ready();
    world.looks_at(accepted + seconds(15), &mut well);
    let back = accepted - seconds(3_600);
    for quarter in [0, 15, 30] {
        assert_eq!(rule_at(&mut world, back + seconds(quarter)), Rule::NotReady);
    }
    assert_eq!(rule_at(&mut world, back + seconds(45)), Rule::RollbackDecided);
}

#[test]
fn a_canary_that_was_ready_in_between_gets_the_whole_deadline_again() {
    let (mut world, accepted) = never_ready();
    assert_eq!(rule_at(&mut world, accepted + seconds(50)), Rule::NotReady);
    world.canary_pods = Pods::Well;
    world.settles();
    assert_eq!(rule_at(&mut world, accepted + seconds(55)), Rule::Advanced);
    world.canary_pods = Pods::Broken;
    world.settles();

    let again = accepted + seconds(56);
    assert_eq!(rule_at(&mut world, again), Rule::CanaryLeft);
    for quarter in [15, 30, 45] {
        assert_eq!(rule_at(&mut world, again + seconds(quarter)), Rule::NotReady);
    }
    assert_eq!(rule_at(&mut world, again + seconds(60) - MILLISECOND), Rule::NotReady);
    assert_eq!(rule_at(&mut world, again + seconds(60)), Rule::RollbackDecided);
}

/// How many times it was reported that a workload is not ready.
fn times_told(world: &Simulated, who: Workload) -> usize {
    let of_it =
        |message: &Message| matches!(message, Message::NotReady { who: workload, .. } if *workload == who);
    world.sent.iter().filter(|notice| of_it(&notice.message)).count()
}

#[test]
fn a_canary_that_is_not_ready_for_an_interval_is_reported_once_until_it_is() {
    let (mut world, accepted) = never_ready();
    let told_at = |world: &mut Simulated, after: Duration| {
        rule_at(world, accepted + after);
        times_told(world, Workload::Canary)
    };
    assert_eq!(told_at(&mut world, seconds(10) - MILLISECOND), 0);
    assert_eq!(told_at(&mut world, seconds(10)), 1);
    assert_eq!(told_at(&mut world, seconds(20)), 1);
    world.canary_pods = Pods::Well;
    world.settles();
    assert_eq!(told_at(&mut world, seconds(25)), 1);
    world.canary_pods = Pods::Broken;
    world.settles();
    assert_eq!(told_at(&mut world, seconds(26)), 1);
    assert_eq!(told_at(&mut world, seconds(36) - MILLISECOND), 1);
    assert_eq!(told_at(&mut world, seconds(36)), 2);
    assert_eq!(times_told(&world, Workload::Primary), 0);
}

#[test]
fn a_failure_that_the_platform_reports_is_rolled_back_ten_seconds_after_it_was_first_seen() {
    let (mut world, accepted) = never_ready();
    let stalled = Readiness::NotReady { why: "image not found".into(), stalled: true };
    let target = world.cluster.target.known_mut().and_then(Option::as_mut).expect("there is a target");
    target.readiness = stalled;
    assert_eq!(rule_at(&mut world, accepted + seconds(5)), Rule::NotReady);
    assert_eq!(rule_at(&mut world, accepted + seconds(15) - MILLISECOND), Rule::NotReady);
    assert_eq!(rule_at(&mut world, accepted + seconds(15)), Rule::RollbackDecided);
}

#[test]
fn a_primary_that_is_not_ready_at_its_deadline_fails_its_promotion() {
    let (mut world, accepted) = running("{interval: 10s, stepWeight: 100}");
    let copied = accepted + seconds(20);
    assert_eq!(rule_at(&mut world, accepted + seconds(10)), Rule::Advanced);
    assert_eq!(rule_at(&mut world, copied), Rule::PromotionDecided);
    world.primary_pods = Pods::Broken;
    world.settles();
    for quarter in [150, 300, 450] {
        assert_eq!(rule_at(&mut world, copied + seconds(quarter)), Rule::PromotionWaits);
    }
    assert_eq!(rule_at(&mut world, copied + seconds(600) - MILLISECOND), Rule::PromotionWaits);
    assert_eq!(rule_at(&mut world, copied + seconds(600)), Rule::PromotionFailed);
    assert_eq!(times_told(&world, Workload::Primary), 1);
}

#[test]
fn the_primary_takes_traffic_and_an_interval_later_the_canary_is_scaled_down() {
    let (mut world, accepted) = running("{interval: 10s, stepWeight: 100, stepWeightPromotion: 50}");
    assert_eq!(rule_at(&mut world, accepted + seconds(10)), Rule::Advanced);
    assert_eq!(rule_at(&mut world, accepted + seconds(20)), Rule::PromotionDecided);
    world.settles();
    let rules = [30, 40, 50].map(|after| {
        let before = rule_at(&mut world, accepted + seconds(after) - MILLISECOND);
        (before, rule_at(&mut world, accepted + seconds(after)))
    });
    assert_eq!(
        rules,
        [
            (Rule::NotDue, Rule::PrimaryAdvanced),
            (Rule::NotDue, Rule::PrimaryTakesAll),
            (Rule::NotDue, Rule::Promoted)
        ]
    );
}

/// Every command fails in this way.
struct Failing(FailureClass);

impl Environment for Failing {
    fn answer(&mut self, question: &Question) -> Answer {
        well(question)
    }
    fn apply(&mut self, _: &Command) -> Result<(), (FailureClass, Text)> {
        Err((self.0, "no".into()))
    }
}

/// Seconds between one try of a failing command and the next.
fn waits(class: FailureClass) -> Vec<u64> {
    let (mut world, accepted) = running("{interval: 10s, stepWeight: 20}");
    let mut hands = Failing(class);
    world.looks_at(accepted + seconds(10), &mut hands);
    (0..9)
        .map(|_| {
            let trouble = world.state.trouble.clone().expect("the command failed");
            assert_eq!(world.looks_at(trouble.retry_at - MILLISECOND, &mut hands), [Rule::BackingOff]);
            let wait = trouble.retry_at.since(trouble.since);
            world.looks_at(trouble.retry_at, &mut hands);
            wait.as_secs()
        })
        .scan(0, |before, total| Some(total - std::mem::replace(before, total)))
        .collect()
}

#[test]
fn routes_are_the_same_command_with_different_cookies() {
    for (i, command) in examples::commands().iter().enumerate() {
        for (j, other) in examples::commands().iter().enumerate() {
            let same_routes = match (command, other) {
                (Command::SetRoutes(one), Command::SetRoutes(other)) => one.routes == other.routes,
                _ => false,
            };
            assert_eq!(command.repeats(other), i == j || same_routes, "{command:?} and {other:?}");
        }
    }
}

#[test]
fn a_command_that_fails_is_tried_again_at_growing_intervals() {
    assert_eq!(waits(FailureClass::Retry), [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    assert_eq!(waits(FailureClass::Refused), [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    assert_eq!(waits(FailureClass::Moved), [1, 2, 4, 8, 16, 32, 64, 128, 256]);
}

#[test]
fn a_rollback_action_is_called_five_times_at_growing_intervals() {
    let action = "webhooks: [{name: undo, type: rollback, mode: action, url: 'http://u'}]";
    let metric = "metrics: [{name: m, query: q, thresholdRange: {min: 1}}]";
    let (mut world, _) = running(&format!("{{stepWeight: 20, {action}, {metric}}}"));
    let mut called = Vec::new();
    let mut hands = |question: &Question| match badly(question) {
        Answer::Hook(_) => Answer::deny("502"),
        metric @ Answer::Metric(_) => metric,
    };
    world.runs_until(&mut hands, |state| state.phase == Phase::Failed);
    let failed = world.rows.last().expect("it was saved").0;
    while let Some(owed) = world.state.owed.first().cloned() {
        called.push(owed.at.since(failed).as_secs());
        if owed.at > world.now {
            assert_eq!(world.looks_at(owed.at - MILLISECOND, &mut hands), [Rule::OwedHook]);
            assert_eq!(world.state.owed.first(), Some(&owed), "a millisecond before");
        }
        world.looks_at(owed.at, &mut hands);
    }
    // The first is called at once, in the tick of the rollback.
    assert_eq!(called, [10, 30, 70, 150]);
}

#[test]
fn a_change_that_harms_no_user_is_repaired_at_once_and_then_at_growing_intervals() {
    let mut world = Simulated::initialized(rollout("{interval: 60s, stepWeight: 20}"));
    let mut moment = world.now + seconds(60);
    let mut pauses = Vec::new();
    let drift = Drift { services: true, tampered: true, ..Drift::default() };
    for _ in 0..7 {
        world.cluster.drift = Fact::Known(drift);
        let wake = world.looks_at(moment, &mut well);
        assert_eq!(wake[0], Rule::Repaired);
        world.cluster.drift = Fact::Known(drift);
        let repaired = moment;
        world.wakes();
        moment = world.ticks(&mut well).expect("it will be repaired").at;
        pauses.push(moment.since(repaired).as_secs());
        assert_eq!(rule_at(&mut world, moment - MILLISECOND), Rule::Idle);
    }
    assert_eq!(pauses, [60, 120, 240, 480, 600, 600, 600]);
}

#[test]
fn an_obstacle_is_reported_once_at_the_deadline() {
    let mut world = Simulated::deployed(rollout("{stepWeight: 20}"));
    world.primary_pods = Pods::Broken;
    world.settles();
    let since = world.now;
    assert_eq!(rule_at(&mut world, since), Rule::NotReady);
    world.looks_at(since + seconds(600) - MILLISECOND, &mut well);
    assert_eq!(stalls_told(&world), 0);
    world.looks_at(since + seconds(600), &mut well);
    assert_eq!(stalls_told(&world), 1);
    world.looks_at(since + seconds(6_000), &mut well);
    assert_eq!(stalls_told(&world), 1);
}

#[test]
fn an_obstacle_is_not_reported_while_the_canary_is_suspended() {
    let mut world = Simulated::deployed(rollout("{stepWeight: 20}"));
    world.primary_pods = Pods::Broken;
    world.settles();
    let since = world.now;
    assert_eq!(rule_at(&mut world, since), Rule::NotReady);
    let mut raw = manifest("istio", "{stepWeight: 20}");
    raw.spec.suspend = Some(true);
    let going = std::mem::replace(&mut world.canary, parse(&raw));
    assert_eq!(rule_at(&mut world, since + seconds(100)), Rule::Suspended);
    world.looks_at(since + seconds(6_100), &mut well);
    assert_eq!(stalls_told(&world), 0);
    world.canary = going;
    world.looks_at(since + seconds(6_100), &mut well);
    world.looks_at(since + seconds(6_600) - MILLISECOND, &mut well);
    assert_eq!(stalls_told(&world), 0);
    world.looks_at(since + seconds(6_600), &mut well);
    assert_eq!(stalls_told(&world), 1);
}

fn stalls_told(world: &Simulated) -> usize {
    world.sent.iter().filter(|notice| matches!(notice.message, Message::Stalled(_))).count()
}

#[test]
fn a_clock_that_is_set_back_costs_at_most_an_interval() {
    let (mut world, accepted) = running("{interval: 30s, stepWeight: 20}");
    assert_eq!(rule_at(&mut world, accepted + seconds(30)), Rule::Advanced);
    let back = accepted - seconds(86_400);
    assert_eq!(rule_at(&mut world, back), Rule::NotDue);
    assert_eq!(rule_at(&mut world, back + seconds(30) - MILLISECOND), Rule::NotDue);
    assert_eq!(rule_at(&mut world, back + seconds(30)), Rule::Advanced);
}

#[test]
fn time_that_passes_while_suspended_does_not_count() {
    let (mut world, accepted) = running("{interval: 30s, stepWeight: 20}");
    world.canary.as_mut().expect("it makes sense");
    let mut raw = manifest("istio", "{interval: 30s, stepWeight: 20}");
    raw.spec.suspend = Some(true);
    let going = std::mem::replace(&mut world.canary, parse(&raw));
    assert_eq!(rule_at(&mut world, accepted + seconds(20)), Rule::Suspended);
    assert_eq!(rule_at(&mut world, accepted + seconds(3_620)), Rule::Suspended);
    world.canary = going;
    assert_eq!(rule_at(&mut world, accepted + seconds(3_620)), Rule::Resumed);
    assert_eq!(rule_at(&mut world, accepted + seconds(3_630) - MILLISECOND), Rule::NotDue);
    assert_eq!(rule_at(&mut world, accepted + seconds(3_630)), Rule::Advanced);
}
