//! Gates that stay closed, gates that end a release, and the condition meanwhile.

use std::time::Duration;

use serin_core::{
    Phase, Timestamp,
    command::Routes,
    decision::{Cause, Rule},
    message::Message,
    observation::Fact,
    question::{Answer, Asked, Question},
    request::{RequestKind, misspelt},
    revision::Revision,
    testing::{Did, Pods, Simulated, badly, well},
    tick::Do,
};

use crate::support::{request, rollout};

/// As [`well`], but these hooks deny.
fn closed<'a>(names: &'a [&str]) -> impl FnMut(&Question) -> Answer + use<'a> {
    |question: &Question| match &question.id.of {
        Asked::Hook(name) if names.contains(&&**name) => Answer::deny("not yet"),
        Asked::Hook(_) | Asked::Metric(_) => well(question),
    }
}

fn condition(world: &Simulated) -> &str {
    world.state.condition.as_ref().map_or("", |condition| &condition.message)
}

const APPROVALS: &str = "webhooks: [
    {name: sign-off, type: confirm-rollout, url: 'http://h', deadline: 5m},
    {name: publish, type: confirm-promotion, url: 'http://h', deadline: 2m},
    {name: rollback, type: rollback, mode: trigger, url: 'http://h'},
    {name: after, type: post-rollout, url: 'http://h'}]";

fn with_approvals() -> Simulated {
    Simulated::deployed(rollout(&format!("{{stepWeight: 100, {APPROVALS}}}")))
}

#[test]
fn a_rollback_gate_that_opens_while_a_revision_waits_rejects_it() {
    let mut world = with_approvals();
    world.runs_until(&mut closed(&["sign-off", "rollback"]), |state| state.phase == Phase::Waiting);

    let mut opened = |question: &Question| match &question.id.of {
        Asked::Hook(name) if &**name == "rollback" => Answer::pass(""),
        Asked::Hook(_) | Asked::Metric(_) => closed(&["sign-off"])(question),
    };
    world.runs_until(&mut opened, |state| state.phase == Phase::Failed);

    assert_eq!((world.state.applied.clone(), world.state.runs), (Revision::of("b"), 0));
    assert_eq!(world.state.owed, []);
    let cause = Cause::Trigger { hook: "rollback".into() };
    let last = world.sent.last().map(|notice| notice.message.clone());
    assert_eq!(last, Some(Message::Rejected { revision: Revision::of("b"), cause }));
    assert_eq!(world.violations, []);
    // It counts as tried: nothing starts it again.
    world.sleeps();
    assert_eq!(world.looks_at(world.now, &mut well), [Rule::Idle]);
}

#[test]
fn the_rollback_gate_is_asked_before_the_approval() {
    let mut world = with_approvals();
    world.runs_until(&mut closed(&["sign-off"]), |state| state.phase == Phase::Waiting);
    let mut asked = Vec::new();

    world.runs_until(
        &mut |question: &Question| {
            asked.push(question.id.of.clone());
            closed(&["rollback"])(question)
        },
        |state| state.phase == Phase::Progressing,
    );

    assert_eq!(asked, [Asked::Hook("rollback".into()), Asked::Hook("sign-off".into())]);
}

#[test]
fn an_approval_that_does_not_come_in_time_rejects_the_revision() {
    let mut world = with_approvals();
    let mut hands = closed(&["sign-off", "rollback"]);
    world.runs_until(&mut hands, |state| state.phase == Phase::Waiting);
    let begin = world.rows.last().map(|(at, _)| *at).expect("it waits");
    assert!(
        condition(&world).contains("Gate sign-off (confirm-rollout) is closed (since "),
        "{}",
        condition(&world)
    );

    world.runs_until(&mut hands, |state| state.phase == Phase::Failed);

    let end = world.rows.last().map(|(at, _)| *at).expect("it failed");
    assert_eq!(end.since(begin).as_secs(), 300);
    assert_eq!(
        condition(&world),
        "Canary analysis failed, Deployment scaled to zero. \
         Cause: confirm-rollout gate sign-off did not open within 5m."
    );
    assert_eq!(world.violations, []);
}

#[test]
fn a_promotion_that_is_not_approved_in_time_is_rolled_back() {
    let mut world = with_approvals();
    let mut hands = closed(&["publish", "rollback"]);
    world.runs_until(&mut hands, |state| state.phase == Phase::WaitingPromotion);
    let begin = world.rows.last().map(|(at, _)| *at).expect("it waits");

    world.runs_until(&mut hands, |state| state.phase == Phase::Failed);

    let end = world.rows.last().map(|(at, _)| *at).expect("it failed");
    assert_eq!(end.since(begin).as_secs(), 120);
    let alerts =
        world.sent.iter().filter(|notice| matches!(notice.message, Message::RollingBack(Cause::Gate { .. })));
    assert_eq!(alerts.count(), 1);
    assert_eq!(world.violations, []);
}

#[test]
fn the_time_of_a_suspension_does_not_count_towards_a_gates_deadline() {
    let mut world = with_approvals();
    let mut hands = closed(&["sign-off", "rollback"]);
    world.runs_until(&mut hands, |state| state.phase == Phase::Waiting);
    let since = world.state.run.gate_closed.expect("it is closed").since;
    let running = world.canary.clone();
    let mut suspended = crate::support::manifest("istio", &format!("{{stepWeight: 100, {APPROVALS}}}"));
    suspended.spec.suspend = Some(true);
    world.canary = crate::support::parse(&suspended);
    world.looks_at(world.now, &mut hands);
    assert!(condition(&world).contains("Suspended since "), "{}", condition(&world));

    let hour = Duration::from_secs(3600);
    world.canary = running;
    let rules = world.looks_at(world.now + hour, &mut hands);

    assert!(rules.contains(&Rule::Resumed) && !rules.contains(&Rule::Rejected), "{rules:?}");
    assert_eq!(world.state.run.gate_closed.map(|closed| closed.since), Some(since + hour));
}

#[test]
fn a_weight_that_an_operator_holds_does_not_count_towards_a_gates_deadline() {
    let gate = "webhooks: [{name: more, type: confirm-traffic-increase, url: 'http://h', deadline: 2m}]";
    let mut world = Simulated::deployed(rollout(&format!("{{stepWeight: 20, maxWeight: 60, {gate}}}")));
    let mut opens_once = |question: &Question| match (&question.id.of, question.id.check) {
        (Asked::Hook(_), 1..) => Answer::deny("not yet"),
        (Asked::Hook(_) | Asked::Metric(_), _) => well(question),
    };
    world.runs_until(&mut opens_once, |state| state.run.closed_gate.is_some());

    world.cluster.requests.push(request(RequestKind::CanaryWeight, "30"));
    for _ in 0..10 {
        world.ticks(&mut opens_once);
        world.sleeps();
    }

    assert_eq!((world.state.phase, world.state.canary_weight), (Phase::Progressing, 30));
    assert!(
        condition(&world).contains("An operator holds the canary at weight 30."),
        "{}",
        condition(&world)
    );
}

#[test]
fn the_condition_counts_failed_checks_and_names_the_last() {
    let mut world = Simulated::deployed(rollout(
        "{stepWeight: 20, threshold: 3, metrics: [{name: m, query: q, thresholdRange: {min: 99}}]}",
    ));

    world.runs_until(&mut badly, |state| state.failed_checks == 2);
    assert_eq!(
        condition(&world),
        "New revision detected, progressing canary analysis. 2 of 3 failed checks, last: m check failed: 0.00 < 99.00."
    );

    world.runs_until(&mut badly, |state| state.phase == Phase::Failed);
    assert_eq!(
        condition(&world),
        "Canary analysis failed, Deployment scaled to zero. \
         Cause: failed checks threshold reached 3 of 3: m check failed: 0.00 < 99.00."
    );
}

#[test]
fn the_condition_says_which_copy_is_not_ready_since_when_and_until_when() {
    let mut world = Simulated::deployed(rollout("{stepWeight: 20}"));
    world.canary_pods = Pods::Broken;

    world.runs_until(&mut well, |state| state.run.canary_unready.is_some_and(|unready| unready.told));

    let message = condition(&world);
    let wanted = "The canary is not ready: 0 of 1 pods are available (since 2026-01-01T";
    assert!(message.contains(wanted) && message.contains(", until 2026-01-01T"), "{message}");
}

#[test]
fn a_promotion_right_after_a_failure_has_to_name_its_revision() {
    let metric = "metrics: [{name: m, query: q, thresholdRange: {min: 99}}]";
    let mut world = Simulated::deployed(rollout(&format!("{{stepWeight: 20, threshold: 1, {metric}}}")));
    world.runs_until(&mut badly, |state| state.phase == Phase::Failed);
    let refused = |world: &Simulated| {
        let refused = |message: &Message| matches!(message, Message::RequestRefused { .. });
        world.sent.iter().filter(|notice| refused(&notice.message)).count()
    };

    for (value, refusals) in [("true", 1), ("a", 2), ("0123456789abcdef", 3), ("b", 3)] {
        world.cluster.requests = vec![request(RequestKind::Promote, value)];
        world.looks_at(world.now, &mut well);
        assert_eq!(refused(&world), refusals, "{value}");
    }

    world.runs_until(&mut well, |state| state.phase == Phase::Succeeded);
    assert_eq!((world.state.phase, world.state.promoted.clone()), (Phase::Succeeded, Revision::of("b")));
}

#[test]
fn an_interval_after_a_failure_a_promotion_needs_no_name() {
    let metric = "metrics: [{name: m, query: q, thresholdRange: {min: 99}}]";
    let mut world = Simulated::deployed(rollout(&format!("{{stepWeight: 20, threshold: 1, {metric}}}")));
    world.runs_until(&mut badly, |state| state.phase == Phase::Failed);
    let failed = world.state.run.failure.clone().expect("it failed").at;

    world.cluster.requests = vec![request(RequestKind::Promote, "true")];
    world.looks_at(failed + Duration::from_secs(60), &mut well);
    world.runs_until(&mut well, |state| state.phase == Phase::Succeeded);

    assert_eq!(world.state.promoted, Revision::of("b"));
}

#[test]
fn a_request_that_is_misspelt_is_named() {
    for name in [
        "canaryweight",
        "canary-weight",
        "CanaryWeight",
        "promot",
        "promoted",
        "skipAnalysis",
        "rset",
        "prmoote",
    ] {
        assert!(misspelt(name).is_some(), "{name}");
    }
    for name in
        ["canaryWeight", "promote", "skip-analysis", "reset", "primary-revision", "config-tracking", "weight"]
    {
        assert_eq!(misspelt(name), None, "{name}");
    }
    let said = misspelt("canaryweight");
    let wanted = "Annotation flagger.app/canaryweight is ignored: did you mean flagger.app/canaryWeight?";
    assert_eq!(said.as_deref(), Some(wanted));
}

#[test]
fn an_event_hook_gets_the_events_that_its_type_names() {
    let hooks = "webhooks: [
        {name: all, type: event, url: 'http://h'},
        {name: own, type: event, url: 'http://h', metadata: {eventType: report}},
        {name: ends, type: event, url: 'http://h', metadata: {eventType: analysis-complete}},
        {name: bad, type: event, url: 'http://h', metadata: {eventType: Warning}}]";
    let rollout = rollout(&format!("{{stepWeight: 20, {hooks}}}"));
    let called = |message: &Message| -> Vec<String> {
        rollout.event_hooks_for(message).map(|hook| hook.name.to_string()).collect()
    };

    assert_eq!(called(&Message::Started), ["all", "own"]);
    assert_eq!(called(&Message::PromotionStarted(Revision::of("b"))), ["all", "own", "ends"]);
    assert_eq!(called(&Message::RollingBack(Cause::Request)), ["all", "own", "ends", "bad"]);
}

/// Runs until this hook is asked, and leaves the call open; returns the question.
fn opens(world: &mut Simulated, hook: &str) -> Question {
    for _ in 0..1_000 {
        match world.tick.next() {
            Do::Ask(questions) if questions[0].id.of == Asked::Hook(hook.into()) => {
                return questions[0].clone();
            }
            Do::Sleep(_) => world.sleeps(),
            Do::Observe | Do::Ask(_) | Do::Apply(_) | Do::Save(_) | Do::Send(_) => {
                world.does(&mut well);
            }
        }
    }
    panic!("{hook} is never asked");
}

/// Observes again at that time, with the call still open; returns the decision, if there is one.
fn looks_again(world: &mut Simulated, at: Timestamp) -> Option<Rule> {
    world.now = at;
    world.tick.changed();
    let did = world.does(&mut well);
    let Did::Decided(plan) = did else { panic!("{did:?}") };
    plan.map(|plan| plan.decision.rule)
}

#[test]
fn a_gates_call_that_is_open_when_the_next_check_is_due_is_abandoned_and_repeated() {
    let gate = "{name: publish, type: confirm-promotion, url: 'http://h'}";
    let mut world =
        Simulated::deployed(rollout(&format!("{{stepWeight: 100, interval: 1m, webhooks: [{gate}]}}")));
    let mut asked = opens(&mut world, "publish");
    for _ in 0..3 {
        let (began, until) = (world.now, asked.until.expect("a gate is not waited for without end"));
        assert_eq!(until, began + Duration::from_secs(60));
        // No later observation extends the call.
        for later in [20_000, 40_000, 59_999] {
            assert_eq!(looks_again(&mut world, began + Duration::from_millis(later)), None);
            assert_eq!(opens(&mut world, "publish"), asked);
        }
        assert_eq!(looks_again(&mut world, until + Duration::from_millis(5)), Some(Rule::GateClosed));
        let again = opens(&mut world, "publish");
        assert_eq!((world.state.due, world.now), (until, until + Duration::from_millis(5)));
        assert_eq!(
            (again.id.check, again.until),
            (asked.id.check + 1, Some(until + Duration::from_secs(60)))
        );
        // This keeps the interval of checks.
        world.now = until;
        asked = again;
    }
    let said = "no answer until the next check was due";
    let closed = world
        .sent
        .iter()
        .any(|notice| matches!(&notice.message, Message::GateClosed { said: it, .. } if &**it == said));
    assert!(closed || world.state.outbox.notices().iter().any(|notice| format!("{notice:?}").contains(said)));
    world.runs_until(&mut well, |state| state.phase == Phase::Succeeded);
    assert_eq!(world.violations, []);
}

#[test]
fn calls_of_approval_and_rollback_gates_are_abandoned_and_those_of_other_hooks_are_not() {
    let mut world = with_approvals();
    let asked = opens(&mut world, "sign-off");
    let until = asked.until.expect("a gate is not waited for without end");
    assert_eq!(looks_again(&mut world, until), Some(Rule::WaitsForApproval));
    assert_eq!(world.tick.plan().and_then(|plan| plan.state.clone()).map(|state| state.due), Some(until));
    // An open rollback gate ends the run; a closed one blocks nothing.
    let asked = opens(&mut world, "rollback");
    let until = asked.until.expect("a gate is not waited for without end");
    assert_eq!(looks_again(&mut world, until), None);
    assert!(
        matches!(world.tick.next(), Do::Ask(questions) if questions[0].id.of == Asked::Hook("sign-off".into()))
    );
    world.runs_until(&mut closed(&["rollback"]), |state| state.phase == Phase::Promoting);
    let hooks =
        "{name: load, type: rollout, url: 'http://h'}, {name: warm, type: pre-rollout, url: 'http://h'}";
    let mut world = Simulated::deployed(rollout(&format!("{{stepWeight: 50, webhooks: [{hooks}]}}")));
    assert_eq!(opens(&mut world, "warm").until, None);
    world.does(&mut well);
    assert_eq!(opens(&mut world, "load").until, None);
}

#[test]
fn a_run_can_be_aborted_while_it_is_suspended() {
    let mut world = Simulated::deployed(rollout("{stepWeight: 20}"));
    world.runs_until(&mut well, |state| state.canary_weight == 20);
    let mut suspended = crate::support::manifest("istio", "{stepWeight: 20}");
    suspended.spec.suspend = Some(true);
    world.canary = crate::support::parse(&suspended);
    world.looks_at(world.now, &mut well);

    world.cluster.requests.push(request(RequestKind::CanaryWeight, "0"));
    world.looks_at(world.now, &mut well);

    assert_eq!(
        (world.state.phase, world.cluster.routes),
        (Phase::Failed, Fact::Known(Some(Routes::PRIMARY)))
    );
}
