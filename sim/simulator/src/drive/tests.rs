//! Stories from beginning to end.

mod around;
mod assumed;
mod time;

use std::path::Path;

use serin_core::{
    Phase,
    decision::Rule,
    observation::FailureClass,
    question::{Answer, HookResult},
};

use super::*;
use crate::{
    record::Slice,
    scenario::{self, Row},
};

/// A weighted rollout in one step, with these fields below `analysis` and after the Canary.
fn scenario(analysis: &str, further: &str) -> Scenario {
    scenario_with("", analysis, further)
}

/// As [`scenario`], with a line of the Canary's `spec`.
fn scenario_with(spec: &str, analysis: &str, further: &str) -> Scenario {
    let text = format!(
        "scenario: a release
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {{name: shop, namespace: prod, uid: u1}}
  spec:
    targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}
    progressDeadlineSeconds: 300
    {spec}
    analysis:
      interval: 1m
      threshold: 2
      stepWeight: 50
      maxWeight: 50
      metrics: [{{name: request-success-rate, thresholdRange: {{min: 99}}}}]
      {analysis}
{further}"
    );
    scenario::parse(&text, Path::new("shop.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

fn story(analysis: &str, further: &str) -> Story {
    let story = run(&scenario(analysis, further));
    assert_eq!(story.violations, [], "{story:#?}");
    story
}

const GATE: &str = "webhooks: [{name: gate, url: http://gate, retries: 2}]";

/// The saved rows since the first release, without repetitions.
fn rows(story: &Story) -> Vec<String> {
    let saved =
        story.moments.iter().filter_map(|moment| moment.saved.as_ref()).filter(|state| state.runs > 0);
    let mut rows: Vec<String> = saved.map(|state| Row::of(state).to_string()).collect();
    rows.dedup();
    rows
}

fn failed(story: &Story) -> Vec<(FailureClass, String)> {
    story
        .moments
        .iter()
        .flat_map(|moment| &moment.commands)
        .filter_map(|effect| effect.failed.clone())
        .collect()
}

fn commands(story: &Story, prefix: &str) -> usize {
    let all = story.moments.iter().flat_map(|moment| &moment.commands);
    all.filter(|effect| effect.failed.is_none() && effect.command.to_string().starts_with(prefix)).count()
}

/// When the rule fired, in seconds.
fn fired(story: &Story, rule: Rule) -> Vec<u64> {
    let fired = story.moments.iter().filter(|moment| moment.decision.rule == rule);
    fired.map(|moment| moment.at.as_secs()).collect()
}

fn happened(story: &Story, part: &str) -> usize {
    story.moments.iter().flat_map(|moment| &moment.happened).filter(|told| told.contains(part)).count()
}

fn answers(story: &Story) -> Vec<Vec<&str>> {
    story.calls.iter().map(|call| call.answers.iter().map(String::as_str).collect()).collect()
}

#[test]
fn a_good_release_is_promoted() {
    let story = story("", "events: [{at: 5m, deploy: v2}]");
    assert_eq!(
        rows(&story),
        [
            "[Progressing, 0, 0, 0]",
            "[Progressing, 50, 0, 0]",
            "[Promoting, 50, 0, 0]",
            "[Finalising, 0, 0, 0]",
            "[Succeeded, 0, 0, 0]",
        ]
    );
    assert_eq!(story.promoted.as_deref(), Some("v2"));
    assert_eq!((story.canary.as_str(), story.missed.len()), ("shop.prod", 0));
    assert_eq!(answers(&story), [["100"]]);
}

#[test]
fn the_same_file_gives_the_same_story() {
    let scenario = scenario(GATE, "world: {hooks: {gate: [500, 200]}}\nevents: [{at: 5m, deploy: v2}]");
    assert_eq!(run(&scenario), run(&scenario));
}

#[test]
fn a_hook_that_fails_is_retried() {
    let slow =
        "world: {hooks: {gate: [{status: 503, after: 3s}, timeout, 200]}}\nevents: [{at: 5m, deploy: v2}]";
    let story = story(GATE, slow);
    let asked = story.moments.iter().flat_map(|moment| &moment.asked);
    let took: Vec<u64> = asked.map(|asked| asked.took.as_secs()).collect();
    // 3 s, a wait of 1 s, the hook's 10 s, a wait of 2 s; then the metric.
    assert_eq!(took, [16, 0]);
    assert_eq!(answers(&story), [vec!["503", "timeout", "200"], vec!["100"]]);
    assert_eq!(story.end.phase, Phase::Succeeded);
}

#[test]
fn a_hook_that_refuses_is_not_retried() {
    let story = story(GATE, "world: {hooks: {gate: [404, 200]}}\nevents: [{at: 5m, deploy: v2}]");
    assert_eq!(answers(&story)[..2], [["404"], ["200"]]);
    assert_eq!(story.end.failed_checks, 1);
}

#[test]
fn a_question_that_is_no_longer_needed_is_abandoned() {
    let further = "\
world: {hooks: {gate: [{status: 200, after: 1h}]}}
events: [{at: 5m, deploy: v2}, {at: 10m, annotate: {canaryWeight: 0}}]";
    let story = story(GATE, further);
    assert_eq!(story.end.phase, Phase::Failed);
    assert_eq!(fired(&story, Rule::RolledBack), [600]);
    assert_eq!(answers(&story), [[""; 0]]);
}

#[test]
fn a_call_is_put_once_unless_the_controller_dies() {
    let gate = "world: {hooks: {gate: [{status: 200, after: 3m}, 403]}}\n";
    let seen = story(GATE, &format!("{gate}events: [{{at: 5m, deploy: v2}}, {{at: 8m, scale: 2}}]"));
    assert_eq!(answers(&seen), [["200"], ["100"]]);
    let died = story(GATE, &format!("{gate}events: [{{at: 5m, deploy: v2}}, {{at: 8m, restart: true}}]"));
    assert_eq!(answers(&died)[..2], [vec![], vec!["403"]]);
    assert_eq!(died.calls[0].question.id, died.calls[1].question.id);
}

#[test]
fn pods_take_their_time() {
    let story = story("", "world: {ready: {canary: 90s, primary: 20s}}\nevents: [{at: 5m, deploy: v2}]");
    assert_eq!(fired(&story, Rule::Initialized), [20]);
    assert_eq!(fired(&story, Rule::Advanced), [390]);
    assert_eq!(story.end.phase, Phase::Succeeded);
    assert_eq!(happened(&story, "the canary is ready"), 1);
}

#[test]
fn pods_that_never_get_ready_end_the_run() {
    let story = story("", "world: {ready: {canary: never}}\nevents: [{at: 5m, deploy: v2}]");
    assert_eq!(rows(&story).last().map(String::as_str), Some("[Failed, 0, 0, 0]"));
    assert_eq!(fired(&story, Rule::RollbackDecided), [600]);
}

#[test]
fn pods_that_stall_end_the_run_early_and_later_ones_do_not() {
    let further = "\
events:
  - {at: 5m, deploy: v2}
  - {when: {canaryWeight: 50}, ready: {canary: stalled}}
  - {when: {phase: Failed}, deploy: v3}";
    let story = story("", further);
    assert_eq!(fired(&story, Rule::RollbackDecided), [370]);
    assert_eq!((story.end.phase, story.promoted.as_deref()), (Phase::Succeeded, Some("v3")));
}

#[test]
fn a_command_fails_as_scripted() {
    let fails = "{at: 1m, fail: {command: route, as: refused, times: 2, error: no}}";
    let story = story("", &format!("events: [{fails}, {{at: 5m, deploy: v2}}]"));
    assert_eq!(failed(&story), vec![(FailureClass::Refused, "no".to_string()); 2]);
    assert_eq!(story.end.phase, Phase::Succeeded);
}

#[test]
fn a_revision_that_the_target_no_longer_has_is_not_promoted() {
    // The target changes after the plan to promote: when the save was made, nothing of the plan was carried out yet.
    let further = "\
events:
  - {at: 5m, deploy: v2}
  - {when: {phase: Promoting}, fail: {command: promote, as: moved}}";
    let story = story("", further);
    assert_eq!(failed(&story), [(FailureClass::Moved, "the object has been modified".to_string())]);
    assert_eq!(story.promoted.as_deref(), Some("v2"));
}

#[test]
fn a_fact_that_cannot_be_read_delays_the_run() {
    let further = "\
events:
  - {at: 4m, unknown: {fact: configs, for: 3m, why: forbidden}}
  - {at: 5m, deploy: v2}";
    let story = story("", further);
    assert_eq!(fired(&story, Rule::RunStarted), [420]);
    assert_eq!(happened(&story, "configuration of the target can be read again"), 1);
}

#[test]
fn a_controller_is_stopped_at_the_requested_point() {
    for (after, place) in [
        ("command", "after this command"),
        ("save", "after this save"),
        ("decision", "before the first effect of this plan"),
    ] {
        let stop = format!("{{when: {{phase: Progressing}}, stop: {{after: {after}}}}}");
        let story = story("", &format!("events: [{{at: 5m, deploy: v2}}, {stop}]"));
        assert_eq!(happened(&story, place), 1, "{after}");
        assert_eq!(story.end.phase, Phase::Succeeded, "{after}");
    }
}

#[test]
fn a_clock_that_is_set_back_makes_the_next_check_late() {
    let jump = "{when: {canaryWeight: 50}, after: 30s, clock: -20s}";
    let story = story("", &format!("events: [{{at: 5m, deploy: v2}}, {jump}]"));
    assert_eq!(fired(&story, Rule::PromotionDecided), [440]);
    assert_eq!(happened(&story, "the clock is set back by 20s"), 1);
}

#[test]
fn saves_that_fail_are_retried() {
    for (save, waits) in [("conflict", 1), ("retry", 3)] {
        let fail = format!("{{at: 5m, fail: {{save: {save}, times: 2}}}}");
        let story = story("", &format!("events: [{fail}, {{at: 5m, deploy: v2}}]"));
        let begun = story.moments.iter().rfind(|moment| moment.decision.rule == Rule::RunStarted).unwrap();
        assert!(begun.saved.is_some());
        let next = fired(&story, Rule::Advanced)[0];
        assert!((360..=360 + waits).contains(&next), "{save}: {next}");
        assert_eq!(story.end.phase, Phase::Succeeded);
    }
}

#[test]
fn saves_that_conflict_for_ever_let_time_pass() {
    let story = story(
        "",
        "until: 1h\nevents: [{at: 5m, fail: {save: conflict, times: forever}}, {at: 6m, deploy: v2}]",
    );
    assert_eq!(story.end.phase, Phase::Initialized);
    assert!(story.moments.len() < 500);
}

#[test]
fn lost_notices_are_sent_later() {
    let fail = "{when: {phase: Failed}, fail: {notices: true, times: 3}}";
    let bad = format!(
        "world: {{metrics: {{request-success-rate: [1]}}}}\nevents: [{{at: 5m, deploy: v2}}, {fail}]"
    );
    let story = story("", &bad);
    let sent = story.moments.iter().flat_map(|moment| &moment.sent);
    let mut texts: Vec<String> =
        sent.map(|notice| notice.message.text(&story.canary, &story.topology)).collect();
    texts.retain(|text| text.contains("Canary failed!"));
    assert_eq!(texts.len(), 1);
    assert_eq!(happened(&story, "notices were lost"), 3);
}

#[test]
fn an_edited_canary_is_parsed_again() {
    let edit = "{when: {canaryWeight: 50}, edit: {analysis: {threshold: 5}}}";
    let bad = format!(
        "until: 1h\nworld: {{metrics: {{request-success-rate: [1]}}}}\nevents: [{{at: 5m, deploy: v2}}, {edit}]"
    );
    assert_eq!(fired(&story("", &bad), Rule::CheckFailed).len(), 4);

    let edit = "{when: {canaryWeight: 50}, edit: {targetRef: null}}";
    let senseless = story("", &format!("events: [{{at: 5m, deploy: v2}}, {edit}]"));
    assert!(!fired(&senseless, Rule::Invalid).is_empty());
    assert_eq!(senseless.end.canary_weight, 50);
}

#[test]
fn a_story_ends_with_its_canary() {
    let story = story(
        "",
        "events: [{at: 5m, deploy: v2}, {when: {canaryWeight: 50}, delete: canary}, {at: 20h, scale: 0}]",
    );
    assert_eq!(commands(&story, "release the Canary"), 1);
    assert_eq!(story.missed, [2]);
}

#[test]
fn a_story_ends_at_its_end() {
    let gate = "webhooks: [{name: gate, type: confirm-promotion, url: http://gate}]";
    let further = "until: 30m\nworld: {hooks: {gate: [403]}}\nevents: [{at: 5m, deploy: v2}]";
    let story = story(gate, further);
    assert_eq!(story.end.phase, Phase::WaitingPromotion);
    assert!(story.moments.last().unwrap().at <= Duration::from_secs(1800));
}

#[test]
fn configuration_is_a_revision_too() {
    let story = story("", "events: [{at: 5m, config: {configmap/settings: \"2\"}}]");
    assert_eq!(story.end.phase, Phase::Succeeded);
    assert_eq!(story.end.promoted.configs.get("configmap/settings").map(String::as_str), Some("2"));
}

#[test]
fn a_status_of_another_controller_is_taken_over() {
    let further = "\
status: {phase: Progressing, canaryWeight: 50, failedChecks: 1, lastAppliedSpec: abc, lastPromotedSpec: abd}
world: {target: {revision: v2}}";
    let story = story("", further);
    assert_eq!(rows(&story)[0], "[Progressing, 50, 1, 0]");
    assert_eq!((story.end.phase, story.promoted.as_deref()), (Phase::Succeeded, Some("v2")));
}

#[test]
fn events_change_answers() {
    let change = "{when: {canaryWeight: 50}, metrics: {request-success-rate: [98, none]}}";
    let story = story("", &format!("events: [{{at: 5m, deploy: v2}}, {change}]"));
    assert_eq!(answers(&story), [["98"], ["none"]]);
    assert_eq!(story.end.phase, Phase::Failed);
}

#[test]
fn every_stop_point_is_reached_once_and_breaks_nothing() {
    let scenario = scenario(GATE, "events: [{at: 5m, deploy: v2}]");
    let whole = run(&scenario);
    let points: Vec<StopAt> = StopAt::all(&whole).collect();
    assert!(points.len() > 20, "{points:?}");
    for at in points {
        let story = run_with(&scenario, StopPoint { at, opposite: false });
        assert_eq!(happened(&story, "the controller was stopped"), 1, "{at:?}");
        assert_eq!(story.violations, [], "{at:?}");
        assert_eq!((story.end.phase, story.promoted), (whole.end.phase, whole.promoted.clone()), "{at:?}");
    }
}

#[test]
fn after_a_stop_everything_may_answer_the_opposite() {
    let scenario = scenario(GATE, "events: [{at: 5m, deploy: v2}]");
    let whole = run(&scenario);
    let advanced = whole.moments.iter().position(|moment| moment.decision.rule == Rule::Advanced).unwrap();
    let saves = whole.moments[..advanced].iter().filter(|moment| moment.saved.is_some()).count();
    let story = run_with(&scenario, StopPoint { at: StopAt::AfterSave(saves), opposite: true });
    let denied = |asked: &Asked| matches!(asked.answer, Answer::Hook(HookResult::Deny(_)));
    assert!(story.moments.iter().flat_map(|moment| &moment.asked).all(denied));
    assert_eq!(story.end.phase, Phase::Failed);
}

#[test]
fn slices_add_up_to_the_requests_of_users() {
    let world =
        "world: {traffic: {rps: 300}, versions: {v2: {errors: 0.5%}}}\nevents: [{at: 5m, deploy: v2}]";
    let scenario = scenario("mirror: true", world);
    let whole = run(&scenario);
    let sum = |of: fn(&Slice) -> u64| whole.course.iter().map(of).sum::<u64>();
    let users = whole.users.unwrap();
    assert_eq!(sum(|slice| slice.canary.requests), users.canary);
    assert_eq!(sum(|slice| slice.canary.failed), users.canary_failed);
    assert_eq!(sum(|slice| slice.canary.requests + slice.primary.requests), users.requests);
    assert_eq!(sum(|slice| slice.canary.failed + slice.primary.failed), users.failed);
    assert!(users.canary_failed > 0 && whole.course.windows(2).all(|pair| pair[0].to == pair[1].from));
    // Keeping the course changes nothing.
    assert_eq!(whole.users, Runs::of(&scenario).outcome(scenario.setting.seed, &|| false).unwrap().users);
    let truth = whole.course.iter().find_map(|slice| slice.truths[0].canary).unwrap();
    assert!((truth - 99.5).abs() < 1e-9, "{truth}");
}
