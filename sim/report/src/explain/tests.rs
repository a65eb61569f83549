use std::path::Path;

use serin_simulator::{drive, scenario::parse};

use super::*;

/// A release of v2 at 10 % and 20 %, with a check every minute.
pub(super) fn story(analysis: &str, rest: &str) -> Scenario {
    let text = format!(
        "scenario: a story
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {{name: shop, namespace: prod}}
  spec:
    targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}
    progressDeadlineSeconds: 120
    analysis:
      interval: 1m
      stepWeight: 10
      maxWeight: 20
      metrics: [{{name: request-success-rate, thresholdRange: {{min: 99}}}}, \
                {{name: request-duration, thresholdRange: {{max: 500}}}}]
      {analysis}
{rest}
"
    );
    parse(&text, Path::new("story.yaml")).unwrap()
}

fn explained(scenario: &Scenario) -> Explanation {
    explain(scenario, &drive::run(scenario))
}

/// The outcome of the last chapter, and the changes that lead to another one.
fn last(analysis: &str, rest: &str) -> (&'static str, Vec<String>) {
    let chapter = explained(&story(analysis, rest)).chapters.pop().unwrap();
    let different = chapter.different.into_iter();
    (
        chapter.outcome,
        different.map(|different| format!("{}: {}", different.change, different.told)).collect(),
    )
}

const DEPLOY: &str = "events: [{at: 5m, deploy: v2}]";

#[test]
fn a_story_has_a_chapter_for_each_run() {
    let rest = "world: {metrics: {request-success-rate: [50, 99.9]}}
events: [{at: 5m, deploy: v2}, {at: 20m, deploy: v3}, {at: 40m, delete: canary}]";
    let chapters = explained(&story("threshold: 1", rest)).chapters;
    let run = |revision: &str| ChapterKind::Run(revision.into());
    let seen: Vec<_> = chapters.iter().map(|chapter| (chapter.of.clone(), chapter.outcome)).collect();
    let wanted = [
        (ChapterKind::Setup, "initialized"),
        (run("v2"), "rolled-back"),
        (run("v3"), "promoted"),
        (ChapterKind::Deletion, "released"),
    ];
    assert_eq!(seen, wanted);
}

#[test]
fn the_smallest_change_comes_first() {
    let rest = format!("world: {{metrics: {{request-success-rate: [98, 99.9]}}}}\n{DEPLOY}");
    let (outcome, different) = last("threshold: 1", &rest);
    assert_eq!(outcome, "rolled-back");
    let wanted = [
        "with `min: 98` instead of 99 for request-success-rate: it would have been promoted at 10m",
        "with `threshold: 2` instead of 1: it would have been promoted at 11m",
    ];
    assert_eq!(different, wanted);
}

#[test]
fn a_bound_is_no_wider_than_necessary() {
    let rest = format!("world: {{metrics: {{request-success-rate: [97, 98]}}}}\n{DEPLOY}");
    let (_, different) = last("threshold: 2", &rest);
    let wanted = "with `min: 98` instead of 99 for request-success-rate: it would have been promoted at 11m";
    assert_eq!(different, [wanted]);
}

#[test]
fn a_share_that_no_user_got_does_not_count() {
    let rest = "events: [{at: 5m, deploy: v2}, {when: {canaryWeight: 20}, annotate: {canaryWeight: '0'}}]";
    let chapter = explained(&story("threshold: 1", rest)).chapters.pop().unwrap();
    assert_eq!((chapter.outcome, chapter.users.unwrap().percent), ("rolled-back", 10));
}

#[test]
fn a_bound_is_widened_to_later_values() {
    let rest = format!("world: {{metrics: {{request-success-rate: [98, 97, 96]}}}}\n{DEPLOY}");
    let (_, different) = last("threshold: 1", &rest);
    let wanted = "with `min: 97` instead of 99 for request-success-rate: it would have been promoted at 10m";
    assert_eq!(different, [wanted]);
}

#[test]
fn two_bounds_are_widened_if_one_is_not_enough() {
    let metrics = "{request-success-rate: [98], request-duration: [600]}";
    let (_, different) = last("threshold: 1", &format!("world: {{metrics: {metrics}}}\n{DEPLOY}"));
    let wanted = "with `min: 98` instead of 99 for request-success-rate and `max: 600` instead of 500 for \
                  request-duration: it would have been promoted at 10m";
    assert_eq!(different, [wanted]);
}

#[test]
fn a_change_with_the_same_outcome_is_not_printed() {
    let rest = format!("world: {{hooks: {{load: [500]}}}}\n{DEPLOY}");
    let hooks = "threshold: 2\n      webhooks: [{name: load, url: 'http://load'}]";
    let (outcome, different) = last(hooks, &rest);
    assert_eq!(outcome, "rolled-back");
    assert_eq!(different, ["if the hook load had passed: it would have been promoted at 10m"]);
}

#[test]
fn a_deadline_is_found_to_ten_seconds() {
    let rest = format!("world: {{ready: {{canary: 3m30s}}}}\n{DEPLOY}");
    let (_, different) = last("threshold: 1", &rest);
    let wanted = [
        "with `progressDeadlineSeconds: 220` instead of 120: it would have been promoted at 12m30s",
        "if the pods of the canary had been ready at once: it would have been promoted at 10m",
    ];
    assert_eq!(different, wanted);
}

#[test]
fn more_time_than_the_story_has_is_not_another_outcome() {
    let rest = format!("world: {{ready: {{canary: never}}}}\nuntil: 10m\n{DEPLOY}");
    let (outcome, different) = last("threshold: 1", &rest);
    assert_eq!((outcome, different.len()), ("rolled-back", 1), "{different:?}");
}

#[test]
fn a_change_also_applies_to_an_edit_of_the_same_field() {
    let rest = "world: {metrics: {request-success-rate: [98, 98, 99.9]}}
events: [{at: 5m, deploy: v2}, {after: 90s, edit: {analysis: {threshold: 1}}}]";
    let (_, different) = last("threshold: 9", rest);
    assert!(
        different.iter().any(|told| told.starts_with("with `threshold: 3` instead of 1")),
        "{different:?}"
    );
}

#[test]
fn all_closed_gates_are_opened() {
    let hooks = "threshold: 1\n      webhooks: [{name: first, type: confirm-promotion, url: 'http://a'}, \
                 {name: second, type: confirm-promotion, url: 'http://b'}]";
    let rest = format!("world: {{hooks: {{first: [403], second: [403]}}}}\nuntil: 1h\n{DEPLOY}");
    let (outcome, different) = last(hooks, &rest);
    assert_eq!(outcome, "under-way");
    assert_eq!(different, ["if the gates first and second had passed: it would have been promoted at 10m"]);
}

#[test]
fn a_promotion_shows_the_threshold_that_would_have_prevented_it() {
    let rest = format!("world: {{metrics: {{request-success-rate: [98, 99.9]}}}}\n{DEPLOY}");
    let (outcome, different) = last("threshold: 3", &rest);
    assert_eq!((outcome, different.len()), ("promoted", 1));
    assert!(
        different[0].starts_with("with `threshold: 1` instead of 3: it would have been rolled back at 7m")
    );
}

#[test]
fn the_largest_share_and_its_time_are_reported() {
    let chapter = explained(&story("threshold: 1", DEPLOY)).chapters.pop().unwrap();
    let users = chapter.users.unwrap();
    let secs = Duration::as_secs;
    assert_eq!((users.percent, secs(&users.from), secs(&users.lasted), users.lasts), (20, 420, 120, false));
}

#[test]
fn an_instant_is_the_last_at_or_before_the_time() {
    let scenario = story("threshold: 1", DEPLOY);
    let story = drive::run(&scenario);
    let at = |secs| at(&scenario, &story, Duration::from_secs(secs)).unwrap();
    assert_eq!(at(365).at, Duration::from_secs(360));
    assert_eq!(at(365).decisions[0].rule, "advanced");
    assert_eq!(at(365).decisions[0].next, ["At 7m: the next check, or the next step of a promotion."]);
}
