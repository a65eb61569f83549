//! Snapshots of whole pages.

use insta::assert_snapshot;
use serin_output::WIDTH;
use serin_simulator::{
    expect::{Judged, Outcome},
    scenario::parse,
};

use super::*;

const SCENARIO: &str = "
scenario: a release with failing requests is rolled back
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {name: shop, namespace: prod}
  spec:
    targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
    service: {port: 80}
    analysis:
      interval: 1m
      threshold: 2
      stepWeight: 10
      maxWeight: 30
      metrics:
        - {name: request-success-rate, thresholdRange: {min: 99}}
        - {name: request-duration, thresholdRange: {max: 500}}
";

fn shown(story: &Story, verdict: &Verdict, show: impl Fn(&Page<'_>) -> String) -> String {
    let scenario = parse(SCENARIO, "shop.yaml".as_ref()).unwrap();
    show(&Page {
        path: "scenarios/shop.yaml",
        title: &scenario.title,
        canary: &scenario.canary,
        story,
        verdict,
    })
}

fn held() -> Verdict {
    let outcome = Outcome { expectation: "phase: Failed".into(), judged: Judged::Held };
    Verdict { outcomes: vec![outcome], violations: Vec::new() }
}

/// The text without colours.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn a_story_that_went_as_expected() {
    let shown =
        shown(&sample::bad_release(), &held(), |page| plain(&text(page, &Terminal::new(WIDTH, false))));
    assert_snapshot!(shown);
}

#[test]
fn signs_of_ascii_on_a_narrow_screen() {
    let shown = shown(&sample::bad_release(), &held(), |page| plain(&text(page, &Terminal::new(80, true))));
    assert_snapshot!(shown);
}

#[test]
fn colours_are_in_the_text() {
    let shown = shown(&sample::bad_release(), &held(), |page| text(page, &Terminal::new(WIDTH, false)));
    assert_snapshot!(shown.replace('\u{1b}', "^"));
}

#[test]
fn failing_commands_and_a_gate_that_stays_closed() {
    let shown = shown(&sample::long_wait(), &held(), |page| plain(&text(page, &Terminal::new(WIDTH, false))));
    assert_snapshot!(shown);
}

#[test]
fn a_failed_expectation_is_shown_with_its_row() {
    let judged = Judged::Failed {
        expected: "weights: [10, 20, 30, 0]".into(),
        actual: "[0, 10, 20, 0]".into(),
        broke_at: Some(9),
        at: None,
    };
    let never = Judged::Failed {
        expected: "event: Promotion completed!".into(),
        actual: "never sent; the 2 events:\n  New revision detected! Scaling up shop (v2)\n  Rolling back"
            .into(),
        broke_at: None,
        at: None,
    };
    let outcomes = [judged, never, Judged::Held].map(|judged| Outcome { expectation: String::new(), judged });
    let verdict = Verdict { outcomes: outcomes.into(), violations: vec![(5, "I1: something else".into())] };
    let shown =
        shown(&sample::bad_release(), &verdict, |page| plain(&text(page, &Terminal::new(WIDTH, false))));
    assert_snapshot!(shown);
}

#[test]
fn each_decision_is_a_line_of_json() {
    let shown = shown(&sample::long_wait(), &held(), |page| {
        let lines = json::decisions(page) + &json::verdict(page);
        let of_interest = lines.lines().enumerate().filter(|(i, _)| [0, 2, 3, 11].contains(i));
        of_interest.map(|(_, line)| line.to_string() + "\n").collect()
    });
    assert_snapshot!(shown);
}
