//! Users are on a copy that serves: what moves them off a canary, what keeps them away, and when they return.

use std::time::Duration;

use serin_core::{
    Phase, Timestamp,
    command::Routes,
    decision::Rule,
    message::Message,
    observation::{Fact, Unseen},
    question::{Answer, Asked, Question},
    request::RequestKind,
    spec::Severity,
    state::{Intent, Stage},
    testing::{Pods, Simulated, badly, well},
};

use crate::support::{request, rollout};

const MILLISECOND: Duration = Duration::from_millis(1);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn routed(world: &Simulated) -> Option<Routes> {
    world.cluster.routes.known().copied().flatten()
}

/// A run at this weight, right after its step; when the step was made.
fn at_weight(analysis: &str, weight: u8) -> (Simulated, Timestamp) {
    let mut world = Simulated::deployed(rollout(analysis));
    world.runs_until(&mut well, |state| state.canary_weight == weight);
    let made = world.rows.last().expect("rows were saved").0;
    (world, made)
}

/// The canary's pods change, and the driver observes at this moment; returns the rules that fire.
fn with_canary(world: &mut Simulated, pods: Pods, moment: Timestamp) -> Vec<Rule> {
    world.canary_pods = pods;
    world.settles();
    world.looks_at(moment, &mut well)
}

#[test]
fn users_leave_a_canary_that_does_not_serve_and_return_an_interval_later_at_a_due_check() {
    for lost in [Pods::Broken, Pods::Hidden] {
        let (mut world, made) = at_weight("{interval: 30s, threshold: 1, stepWeight: 20}", 40);
        let left = made + seconds(10);

        let rules = with_canary(&mut world, lost, left);

        assert_eq!(rules[0], Rule::CanaryLeft, "{lost:?}");
        assert_eq!((world.state.canary_weight, routed(&world)), (0, Some(Routes::PRIMARY)));
        let before = world.state.clone();
        assert_eq!(with_canary(&mut world, Pods::Well, left + seconds(5))[0], Rule::NotDue);
        // The check that was due is too early, the one after it is not.
        assert_eq!(world.looks_at(made + seconds(30), &mut well)[0], Rule::NotDue);
        assert_eq!(world.looks_at(made + seconds(60) - MILLISECOND, &mut well)[0], Rule::NotDue);
        let mut asked = Vec::new();
        let mut hands = |question: &Question| {
            asked.push(question.id.clone());
            well(question)
        };
        assert_eq!(world.looks_at(made + seconds(60), &mut hands)[0], Rule::CanaryBack);
        assert_eq!(asked, [], "nothing is asked for the return");
        assert_eq!((world.state.canary_weight, routed(&world)), (40, Some(Routes::split(40))));
        assert_eq!((world.state.check, world.state.failed_checks), (before.check, 0));
        assert_eq!(world.looks_at(made + seconds(90) - MILLISECOND, &mut well)[0], Rule::NotDue);
        assert_eq!(world.looks_at(made + seconds(90), &mut well)[0], Rule::Advanced);
        assert_eq!(world.state.canary_weight, 60);
        assert_eq!(world.violations, []);
    }
}

#[test]
fn users_who_are_away_return_as_soon_as_both_copies_are_ready_if_the_check_is_overdue() {
    let (mut world, made) = at_weight("{interval: 30s, stepWeight: 20}", 20);
    let left = made + seconds(10);
    with_canary(&mut world, Pods::Broken, left);
    assert_eq!(world.looks_at(made + seconds(95), &mut well)[0], Rule::NotReady);
    world.primary_pods = Pods::Few;
    assert_eq!(
        with_canary(&mut world, Pods::Well, made + seconds(96))[0],
        Rule::NotReady,
        "the primary is not"
    );
    world.primary_pods = Pods::Well;
    assert_eq!(with_canary(&mut world, Pods::Well, made + seconds(97))[0], Rule::CanaryBack);
    assert_eq!(world.looks_at(made + seconds(127) - MILLISECOND, &mut well)[0], Rule::NotDue);
    assert_eq!(world.looks_at(made + seconds(127), &mut well)[0], Rule::Advanced);
}

#[test]
fn the_warm_up_counts_again_before_users_return() {
    let (mut world, made) = at_weight("{interval: 10s, delay: 45s, stepWeight: 20}", 20);
    with_canary(&mut world, Pods::Broken, made + seconds(1));
    let ready = made + seconds(60);
    assert_eq!(with_canary(&mut world, Pods::Well, ready)[0], Rule::NotDue);
    assert_eq!(world.looks_at(ready + seconds(45) - MILLISECOND, &mut well)[0], Rule::NotDue);
    assert_eq!(world.looks_at(ready + seconds(45), &mut well)[0], Rule::CanaryBack);
    assert_eq!(
        world.looks_at(ready + seconds(55), &mut well)[0],
        Rule::Advanced,
        "and not before the next check"
    );
}

#[test]
fn while_users_are_away_only_the_rollback_gate_is_asked() {
    let hooks = "[{name: rollback, type: rollback, url: 'http://g/rollback/check'}, {name: test, type: rollout, url: 'http://t'}, \
                 {name: go, type: confirm-traffic-increase, url: 'http://g'}]";
    let analysis =
        format!("{{interval: 30s, stepWeight: 20, metrics: [{{name: a, query: q}}], webhooks: {hooks}}}");
    let (mut world, made) = at_weight(&analysis, 20);
    with_canary(&mut world, Pods::Broken, made + seconds(10));
    with_canary(&mut world, Pods::Well, made + seconds(15));
    let mut asked = Vec::new();
    let mut hands = |question: &Question| {
        let Asked::Hook(hook) = &question.id.of else { panic!("{:?} is asked", question.id) };
        asked.push(hook.to_string());
        if asked.len() == 1 { Answer::deny("") } else { Answer::pass("stop") }
    };
    assert_eq!(world.looks_at(made + seconds(30), &mut hands)[0], Rule::NotDue);
    assert_eq!(world.looks_at(made + seconds(60), &mut hands)[0], Rule::RollbackDecided);
    assert!(asked.iter().all(|hook| hook.starts_with("rollback")) && asked.len() == 2, "{asked:?}");
    assert_eq!((world.state.phase, world.state.run.away), (Phase::Failed, None));
}

#[test]
fn every_strategy_that_sends_users_to_the_canary_takes_them_off_it_and_back() {
    let header = "match: [{headers: {x: {exact: y}}}]";
    let matched = Routes { matched: true, ..Routes::split(100) };
    for (analysis, wanted) in [
        (format!("{{interval: 30s, iterations: 3, {header}}}"), matched),
        ("{interval: 30s, iterations: 1}".into(), Routes::split(100)),
        (
            format!("{{interval: 30s, stepWeights: [50], {header}}}"),
            Routes { matched: true, ..Routes::split(50) },
        ),
    ] {
        let mut world = Simulated::deployed(rollout(&analysis));
        for _ in 0..100 {
            if routed(&world) == Some(wanted) {
                break;
            }
            world.ticks(&mut well);
            world.sleeps();
        }
        assert_eq!(routed(&world), Some(wanted), "{analysis}");
        let (iterations, stage) = (world.state.iterations, world.state.run.stage);
        let now = world.now;
        assert_eq!(with_canary(&mut world, Pods::Hidden, now)[0], Rule::CanaryLeft, "{analysis}");
        assert_eq!(routed(&world), Some(Routes::PRIMARY));
        world.canary_pods = Pods::Well;
        world.settles();
        world.runs_until(&mut well, |state| state.run.away.is_none());
        assert_eq!(routed(&world), Some(wanted), "{analysis}");
        assert_eq!((world.state.iterations, world.state.run.stage), (iterations, stage), "{analysis}");
        assert_eq!(world.violations, []);
    }
}

#[test]
fn users_leave_a_held_weight_and_return_to_it() {
    let (mut world, made) = at_weight("{interval: 30s, stepWeight: 10, maxWeight: 50}", 10);
    world.cluster.requests.push(request(RequestKind::CanaryWeight, "40"));
    world.looks_at(made + seconds(1), &mut well);
    assert_eq!(world.state.canary_weight, 40);
    assert_eq!(with_canary(&mut world, Pods::Broken, made + seconds(2))[0], Rule::CanaryLeft);
    assert!(world.state.run.held_by_operator);
    with_canary(&mut world, Pods::Well, made + seconds(3));
    world.runs_until(&mut well, |state| state.run.away.is_none());
    assert_eq!((world.state.canary_weight, world.state.run.held_by_operator), (40, true));
}

#[test]
fn users_return_to_at_most_the_current_largest_weight() {
    let (mut world, made) = at_weight("{interval: 30s, stepWeight: 25, maxWeight: 50}", 50);
    with_canary(&mut world, Pods::Broken, made + seconds(1));
    world.canary = Ok(rollout("{interval: 30s, stepWeight: 25, maxWeight: 30}"));
    with_canary(&mut world, Pods::Well, made + seconds(2));
    world.runs_until(&mut well, |state| state.run.away.is_none());
    assert_eq!(world.state.canary_weight, 30);
    assert_eq!(world.violations, []);
}

#[test]
fn an_unknown_fact_moves_no_users() {
    let (mut world, made) = at_weight("{interval: 30s, stepWeight: 20}", 20);
    world.canary_pods = Pods::Hidden;
    world.settles();
    let primary = world.cluster.primary.known_mut().and_then(Option::as_mut).expect("there is a primary");
    primary.serves = Fact::Unknown(Unseen::Stale);
    assert_eq!(world.looks_at(made + seconds(1), &mut well)[0], Rule::NotReady);
    assert_eq!(routed(&world), Some(Routes::split(20)));

    world.settles();
    let target = world.cluster.target.known_mut().and_then(Option::as_mut).expect("there is a target");
    target.serves = Fact::Unknown(Unseen::Stale);
    assert_eq!(world.looks_at(made + seconds(2), &mut well)[0], Rule::Unknown);
    assert_eq!(routed(&world), Some(Routes::split(20)));
}

#[test]
fn no_check_is_made_while_the_primary_cannot_be_read() {
    let (mut world, made) = at_weight("{interval: 30s, threshold: 1, stepWeight: 20}", 20);
    let unread = Fact::Unknown(Unseen::Stale);
    let primary = std::mem::replace(&mut world.cluster.primary, unread);

    assert_eq!(world.looks_at(made + seconds(30), &mut well)[0], Rule::Unknown);
    world.cluster.primary = primary;
    assert_eq!(world.looks_at(made + seconds(30), &mut well)[0], Rule::Advanced);
}

#[test]
fn a_rollback_does_not_wait_for_a_primary_that_serves() {
    let metric = "{name: request-success-rate, thresholdRange: {min: 99}}";
    let analysis = format!("{{interval: 30s, threshold: 1, stepWeight: 20, metrics: [{metric}]}}");
    for (pods, rule) in [(Pods::Few, Rule::RolledBack), (Pods::Broken, Rule::RollbackWaits)] {
        let (mut world, made) = at_weight(&analysis, 20);
        world.now = made + seconds(30);
        world.wakes();
        for _ in 0..100 {
            if world.state.run.intent.is_some() {
                break;
            }
            world.does(&mut badly);
        }
        // Pods of the primary are lost between the decision and its commands.
        world.primary_pods = pods;
        world.settles();
        let now = world.now;
        assert_eq!(world.looks_at(now, &mut badly)[0], rule, "{pods:?}");
        assert_eq!(world.violations, []);
    }
}

#[test]
fn a_canary_without_an_endpoint_gets_no_users_and_fails_at_its_deadline() {
    let mut world = Simulated::deployed(rollout("{interval: 10s, stepWeight: 20}"));
    world.canary_pods = Pods::Hidden;
    world.runs_until(&mut well, |state| state.phase == Phase::Failed);
    assert_eq!(routed(&world), Some(Routes::PRIMARY));
    assert!(world.rows.iter().all(|(_, row)| row.weight == 0), "{:?}", world.rows);
    let said = world.sent.iter().any(|notice| {
        notice
            .message
            .text("web.prod", &world.state.topology)
            .contains("it has no ready endpoint with a port")
    });
    assert!(said, "{:?}", world.sent);
}

#[test]
fn a_primary_that_does_not_serve_while_analysing_is_alerted_once_and_moves_no_users() {
    let (mut world, made) = at_weight("{interval: 30s, stepWeight: 20}", 20);
    world.primary_pods = Pods::Broken;
    world.settles();
    assert_eq!(world.looks_at(made + seconds(1), &mut well)[0], Rule::PrimaryDown);
    world.looks_at(made + seconds(2), &mut well);
    let alerts = world.sent.iter().filter(|notice| matches!(notice.message, Message::PrimaryDown { .. }));
    let alerts: Vec<_> = alerts.map(|notice| notice.message.alert()).collect();
    assert_eq!(alerts, [Some(Severity::Error)]);
    assert_eq!(routed(&world), Some(Routes::split(20)));
    let condition = world.state.condition.clone().expect("it was saved");
    assert!(condition.message.contains("The primary serves no users"), "{}", condition.message);

    world.primary_pods = Pods::Well;
    world.settles();
    world.looks_at(made + seconds(30), &mut well);
    let condition = world.state.condition.clone().expect("it was saved");
    assert!(!condition.message.contains("serves no users"), "{}", condition.message);
}

#[test]
fn the_condition_says_that_users_are_away_and_one_alert_does() {
    let (mut world, made) = at_weight("{interval: 30s, stepWeight: 20}", 20);
    with_canary(&mut world, Pods::Broken, made + seconds(1));
    let condition = world.state.condition.clone().expect("it was saved");
    assert!(condition.message.contains("The canary serves no users"), "{}", condition.message);
    with_canary(&mut world, Pods::Well, made + seconds(2));
    world.runs_until(&mut well, |state| state.run.away.is_none());
    let condition = world.state.condition.clone().expect("it was saved");
    assert!(!condition.message.contains("serves no users"), "{}", condition.message);
    let now = world.now;
    with_canary(&mut world, Pods::Broken, now);
    let left = world.sent.iter().filter(|notice| matches!(notice.message, Message::CanaryLeft { .. }));
    let left: Vec<_> = left.map(|notice| notice.message.alert()).collect();
    assert_eq!(left, [Some(Severity::Warn), None], "the second time it is an event");
}

/// A promotion whose revision was copied to a primary that has no pod left.
fn promoting_without_primary() -> Simulated {
    let mut world = Simulated::deployed(rollout("{interval: 30s, stepWeight: 50, maxWeight: 50}"));
    world.runs_until(&mut well, |state| {
        matches!(state.run.intent, Some(Intent::Promote { applied: true, .. }))
    });
    world.primary_pods = Pods::Broken;
    world.settles();
    let now = world.now;
    world.looks_at(now, &mut well);
    world
}

#[test]
fn in_a_promotion_users_leave_a_primary_that_does_not_serve_and_return_once_it_is_ready() {
    let mut world = promoting_without_primary();
    assert_eq!((world.state.phase, routed(&world)), (Phase::Promoting, Some(Routes::split(100))));
    world.primary_pods = Pods::Few;
    world.settles();
    let now = world.now + seconds(1);
    assert_eq!(world.looks_at(now, &mut well)[0], Rule::PromotionWaits, "the return reads ready");
    world.primary_pods = Pods::Well;
    world.settles();
    assert_eq!(world.looks_at(now + seconds(1), &mut well)[0], Rule::PrimaryTakesAll);
    assert_eq!(routed(&world), Some(Routes::PRIMARY));
    world.runs_until(&mut well, |state| state.phase.is_idle());
    assert_eq!(world.state.phase, Phase::Succeeded);
    assert_eq!(world.violations, []);
}

#[test]
fn in_a_promotion_users_leave_a_canary_that_does_not_serve_for_good() {
    let mut world = Simulated::deployed(rollout("{interval: 30s, stepWeight: 50, maxWeight: 50}"));
    world.runs_until(&mut well, |state| {
        matches!(state.run.intent, Some(Intent::Promote { applied: true, .. }))
    });
    world.primary_pods = Pods::Few;
    let now = world.now;
    assert_eq!(with_canary(&mut world, Pods::Broken, now)[0], Rule::CanaryLeft);
    assert_eq!((world.state.canary_weight, routed(&world)), (0, Some(Routes::PRIMARY)));
    world.primary_pods = Pods::Well;
    world.settles();
    world.runs_until(&mut well, |state| state.phase.is_idle());
    assert_eq!(world.state.phase, Phase::Succeeded);
    assert_eq!(world.violations, []);
}

#[test]
fn after_a_failed_promotion_users_are_on_the_copy_that_serves() {
    let mut world = promoting_without_primary();
    world.runs_until(&mut well, |state| state.phase == Phase::Failed);
    assert_eq!((world.state.run.stage, routed(&world)), (Stage::Holding, Some(Routes::split(100))));
    world.primary_pods = Pods::Few;
    let now = world.now;
    assert_eq!(with_canary(&mut world, Pods::Broken, now)[0], Rule::CanaryLeft);
    assert_eq!(routed(&world), Some(Routes::PRIMARY));
    world.primary_pods = Pods::Broken;
    assert_eq!(with_canary(&mut world, Pods::Well, now + seconds(1))[0], Rule::ServingCopy);
    assert_eq!(routed(&world), Some(Routes::split(100)));
    assert_eq!(world.violations, []);
}
