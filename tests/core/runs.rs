//! Whole runs, as exact lists: questions, commands, messages.

use serin_core::{
    Command, Phase,
    command::{Cookies, Routes, Split},
    message::Message,
    question::{Answer, Asked, Question},
    strategy::Weight,
    testing::{Did, Simulated, badly, well},
};

use crate::{states::topology, support::rollout};

/// Runs this analysis to its end; returns the questions, as `check/kind/name`.
fn asked(analysis: &str, mut answers: impl FnMut(&Question) -> Answer) -> Vec<String> {
    let mut world = Simulated::deployed(rollout(analysis));
    let mut asked = Vec::new();
    world.runs_to_its_end(&mut |question: &Question| {
        let (kind, name) = match &question.id.of {
            Asked::Metric(name) => ("metric", name),
            Asked::Hook(name) => ("hook", name),
        };
        asked.push(format!("{} {kind} {name}", question.id.check));
        answers(question)
    });
    assert_eq!(world.violations, []);
    asked
}

/// As [`asked`]: the commands.
fn commanded(analysis: &str, answers: fn(&Question) -> Answer) -> Vec<Command> {
    let mut world = Simulated::deployed(rollout(analysis));
    let mut commands = Vec::new();
    let mut answers = answers;
    while world.state.runs == 0 || !world.state.phase.is_idle() {
        match world.does(&mut answers) {
            Did::Applied(command) => commands.push(command),
            Did::Slept(_) => world.sleeps(),
            Did::Decided(_) | Did::Asked(_) | Did::Saved | Did::Sent => {}
        }
    }
    commands
}

/// As [`asked`]: the messages.
fn messages(analysis: &str, mut answers: impl FnMut(&Question) -> Answer) -> Vec<String> {
    let mut world = Simulated::deployed(rollout(analysis));
    world.runs_to_its_end(&mut |question: &Question| answers(question));
    let topology = topology("canary");
    world.sent.iter().map(|notice| notice.message.text("web.shop", &topology)).collect()
}

const EVERY_HOOK: &str = "webhooks: [
    {name: start, type: confirm-rollout, url: 'http://h'},
    {name: before, type: pre-rollout, url: 'http://h'},
    {name: load, type: rollout, url: 'http://h'},
    {name: more, type: confirm-traffic-increase, url: 'http://h'},
    {name: promote, type: confirm-promotion, url: 'http://h'},
    {name: after, type: post-rollout, url: 'http://h'},
    {name: rollback, type: rollback, mode: trigger, url: 'http://h'},
    {name: undo, type: rollback, mode: action, url: 'http://h'},
    {name: events, type: event, url: 'http://h'}]";

#[test]
fn a_run_asks_its_hooks_and_metrics_in_this_order() {
    let metrics = "metrics: [{name: m, query: q}, {name: n, query: q}]";
    assert_eq!(
        asked(&format!("{{stepWeight: 50, {metrics}, {EVERY_HOOK}}}"), well),
        [
            // Accepting the revision.
            "0 hook start",
            // The start: no metric.
            "0 hook rollback",
            "0 hook before",
            "0 hook more",
            // Each step.
            "1 hook rollback",
            "1 hook load",
            "1 metric m",
            "1 metric n",
            "1 hook more",
            // Promotion is a step, too.
            "2 hook rollback",
            "2 hook load",
            "2 metric m",
            "2 metric n",
            "2 hook more",
            "2 hook promote",
            "3 hook after",
        ]
    );
}

#[test]
fn a_closed_gate_is_asked_in_every_check_that_passed_and_an_open_one_is_not() {
    let opens_third = |question: &Question| match &question.id.of {
        Asked::Hook(name) if &**name == "promote" && question.id.check < 4 => Answer::deny("not yet"),
        Asked::Hook(_) | Asked::Metric(_) => well(question),
    };
    let metric = "metrics: [{name: m, query: q}]";
    let gates = "webhooks: [
        {name: more, type: confirm-traffic-increase, url: 'http://h'},
        {name: promote, type: confirm-promotion, url: 'http://h'}]";
    assert_eq!(
        asked(&format!("{{stepWeight: 100, {metric}, {gates}}}"), opens_third),
        [
            "0 hook more",
            "1 metric m",
            "1 hook more",
            "1 hook promote",
            "2 metric m",
            "2 hook promote",
            "3 metric m",
            "3 hook promote",
            "4 metric m",
            "4 hook promote"
        ]
    );
}

#[test]
fn blue_green_asks_for_promotion_before_traffic_moves_and_not_again() {
    let gate = "webhooks: [{name: promote, type: confirm-promotion, url: 'http://h'}]";
    assert_eq!(asked(&format!("{{iterations: 2, {gate}}}"), well), ["2 hook promote"]);
}

#[test]
fn a_pre_rollout_hook_that_passed_is_not_called_again_when_another_fails() {
    let hooks = "webhooks: [
        {name: migrate, type: pre-rollout, url: 'http://h'},
        {name: warm, type: pre-rollout, url: 'http://h'}]";
    let fails_first = |question: &Question| match &question.id.of {
        Asked::Hook(name) if &**name == "warm" && question.id.check == 0 => Answer::deny("503"),
        Asked::Hook(_) | Asked::Metric(_) => well(question),
    };
    assert_eq!(
        asked(&format!("{{stepWeight: 100, threshold: 2, {hooks}}}"), fails_first),
        ["0 hook migrate", "0 hook warm", "1 hook warm"]
    );
}

#[test]
fn a_run_that_is_rolled_back_calls_its_actions_first_and_then_post_rollout_hooks_by_run_on() {
    let metric = "metrics: [{name: m, query: q, thresholdRange: {min: 1}}]";
    let ends = |hooks: &str, answers: fn(&Question) -> Answer| {
        let hooks = format!("webhooks: [{hooks}]");
        let asked = asked(&format!("{{stepWeight: 100, {metric}, {hooks}}}"), answers);
        asked.into_iter().filter(|asked| asked.contains("hook")).collect::<Vec<_>>()
    };
    let always = "{name: always, type: post-rollout, url: 'http://h'}";
    let good = "{name: good, type: post-rollout, url: 'http://h', runOn: [success]}";
    let bad = "{name: bad, type: post-rollout, url: 'http://h', runOn: [failure]}";
    let undo = "{name: undo, type: rollback, mode: action, url: 'http://h'}";
    assert_eq!(ends(&[always, good, bad].join(","), well), ["2 hook always", "3 hook good"]);
    assert_eq!(ends(&[always, good, bad].join(","), badly), ["2 hook always", "3 hook bad"]);
    assert_eq!(ends(&[always, bad, undo].join(","), well), ["2 hook always"]);
    assert_eq!(ends(&[always, bad, undo].join(","), badly), ["2 hook undo", "3 hook bad"]);
}

#[test]
fn a_rollback_hook_that_passes_rolls_back_before_anything_else_is_asked() {
    let metric = "metrics: [{name: m, query: q}]";
    let trigger = "webhooks: [{name: rollback, type: rollback, mode: trigger, url: 'http://h'}]";
    let passes_second = |question: &Question| match question.id.of {
        Asked::Hook(_) if question.id.check == 2 => Answer::pass(""),
        Asked::Hook(_) | Asked::Metric(_) => well(question),
    };
    assert_eq!(
        asked(&format!("{{stepWeight: 20, {metric}, {trigger}}}"), passes_second),
        ["0 hook rollback", "1 hook rollback", "1 metric m", "2 hook rollback"]
    );
}

#[test]
fn the_messages_of_a_weighted_run() {
    let metric = "metrics: [{name: request-success-rate, thresholdRange: {min: 99}}]";
    let gate = "webhooks: [{name: gate, type: confirm-traffic-increase, url: 'http://h'}]";
    let analysis = format!("{{stepWeight: 50, threshold: 3, stepWeightPromotion: 50, {metric}, {gate}}}");
    let answers = |question: &Question| match (&question.id.of, question.id.check) {
        (Asked::Hook(_), 1 | 2 | 5) => Answer::deny("not yet"),
        (Asked::Metric(_), 3) => badly(question),
        (Asked::Hook(_) | Asked::Metric(_), _) => well(question),
    };
    assert_eq!(
        messages(&analysis, answers),
        [
            "New revision detected! Scaling up web.shop (b)",
            "Starting canary analysis for web.shop",
            "Confirm-traffic-increase check gate passed",
            "Advance web.shop canary weight 50",
            "Halt web.shop advancement waiting for traffic increase approval gate: not yet",
            "Halt web.shop advancement request-success-rate check failed: 0.00 < 99.00 (failed checks: 1 of 3)",
            "Confirm-traffic-increase check gate passed",
            "Advance web.shop canary weight 100",
            "Halt web.shop advancement waiting for traffic increase approval gate: not yet",
            "Confirm-traffic-increase check gate passed",
            "Copying web.shop template spec to web-primary.shop (b)",
            "Advance web.shop primary weight 50",
            "Routing all traffic to primary web-primary.shop",
            "Promotion completed! Scaling down web.shop",
        ]
    );
}

#[test]
fn the_cause_of_a_failed_check_is_the_first_metric_of_the_list() {
    let metrics = "metrics: [{name: a, query: q}, {name: b, query: q, thresholdRange: {min: 1}},
        {name: c, query: q, thresholdRange: {min: 2}}]";
    let messages = messages(&format!("{{stepWeight: 50, threshold: 1, {metrics}}}"), badly);
    assert_eq!(
        messages[3..],
        [
            "Halt web.shop advancement b check failed: 0.00 < 1.00 (failed checks: 1 of 1)",
            "Rolling back web.shop failed checks threshold reached 1 of 1: b check failed: 0.00 < 1.00",
            "Canary failed! Scaling down web.shop",
        ]
    );
}

fn route(routes: Routes) -> Command {
    Command::SetRoutes(Split { routes, cookies: Cookies::default() })
}

fn weights(commands: Vec<Command>) -> Vec<String> {
    commands.iter().map(ToString::to_string).collect()
}

#[test]
fn the_commands_of_a_weighted_run() {
    assert_eq!(
        weights(commanded("{stepWeight: 50, stepWeightPromotion: 50}", well)),
        [
            "resume autoscaler",
            "scale canary up",
            "route 50/50",
            "route 0/100",
            "promote b",
            "route 50/50",
            "route 100/0",
            "pause autoscaler",
            "scale canary down"
        ]
    );
}

#[test]
fn only_matched_requests_go_to_the_canary_of_an_ab_test() {
    let commands = commanded("{match: [{headers: {x: {exact: y}}}], iterations: 2}", well);
    let routes = commands.into_iter().filter(|command| matches!(command, Command::SetRoutes(_)));
    let matched = Routes { matched: true, ..Routes::split(100) };
    assert_eq!(routes.collect::<Vec<_>>(), [route(matched), route(Routes::PRIMARY)]);
}

#[test]
fn the_mirrored_share_of_blue_green_grows_with_its_iterations_and_ends_with_the_switch() {
    let grows = "canaryAnalysis: {stepWeightPromotion: 20, maxMirrorWeight: 60}";
    let commands = commanded(&format!("{{iterations: 3, mirror: true, mirrorWeight: 10, {grows}}}"), well);
    let routes = commands.into_iter().filter(|command| matches!(command, Command::SetRoutes(_)));
    let mirrored = |weight: Weight| route(Routes { mirror: Some(weight), ..Routes::PRIMARY });
    assert_eq!(
        routes.collect::<Vec<_>>(),
        [mirrored(10), mirrored(30), mirrored(50), route(Routes::split(100)), route(Routes::PRIMARY)]
    );
}

#[test]
fn cookies_are_set_during_a_run_and_removed_after_it() {
    let affinity = "sessionAffinity: {cookieName: on-canary, primaryCookieName: on-primary}";
    let commands = commanded(&format!("{{stepWeight: 100, {affinity}}}"), well);
    let cookies = commands.iter().filter_map(|command| {
        if let Command::SetRoutes(split) = command { Some(&split.cookies) } else { None }
    });
    let [during, after] = cookies.collect::<Vec<_>>()[..] else { panic!("two routes: {commands:?}") };
    let value = |cookie: &Option<serin_core::revision::Text>, name: &str| {
        let text = cookie.as_deref().and_then(|cookie| cookie.strip_prefix(name)).map(str::to_owned);
        text.expect("a cookie of that name")
    };
    assert_ne!(value(&during.canary, "on-canary="), value(&during.primary, "on-primary="));
    assert_eq!(during.previous, None);
    assert_eq!(*after, Cookies { canary: None, primary: None, previous: during.canary.clone() });
}

#[test]
fn a_new_run_counts_its_failures_from_zero() {
    let metric = "metrics: [{name: m, query: q, thresholdRange: {min: 1}}]";
    let mut world = Simulated::deployed(rollout(&format!("{{stepWeight: 100, threshold: 2, {metric}}}")));
    let mut fails_once = |question: &Question| match question.id.check {
        1 => badly(question),
        _ => well(question),
    };
    world.runs_to_its_end(&mut fails_once);
    world.deploys("c");
    world.runs_to_its_end(&mut fails_once);

    assert_eq!((world.state.phase, world.state.failed_checks), (Phase::Succeeded, 1));
    let messages = world.sent.iter().filter(|notice| matches!(notice.message, Message::CheckFailed { .. }));
    assert_eq!(messages.count(), 2);
}
