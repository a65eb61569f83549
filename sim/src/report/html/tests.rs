//! What stands in a page, in outline, and that what a scenario says stays text.

use insta::assert_snapshot;
use regex::Regex;

use super::*;
use crate::{
    expect::{Judged, Outcome, Verdict},
    report::{Ended, Page, sample},
    scenario::parse,
    sweep::{Choice, Frontier, Goal, Met, Part, Point, Shard, Tally},
};

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
      metrics: [{name: request-success-rate, thresholdRange: {min: 99}}]
";

fn run(title: &str, judged: Judged) -> String {
    let scenario = parse(SCENARIO, "shop.yaml".as_ref()).unwrap();
    let outcome = Outcome { expectation: "phase: Failed".into(), judged };
    let verdict = Verdict { outcomes: vec![outcome], violations: Vec::new() };
    let ended = if verdict.holds() { Ended::AsExpected } else { Ended::Failed };
    let story = sample::bad_release();
    let page = Page { path: "shop.yaml", title, canary: &scenario.canary, story: &story, verdict: &verdict };
    replays(&[Run::of(&page, ended, None)], &[])
}

fn point(set: &[(&str, &str)], missed: u64) -> Point {
    let set = set.iter().map(|(field, value)| ((*field).into(), (*value).into())).collect();
    let tally =
        Tally { runs: 100, good: 40, bad: 60, false_rollbacks: 4, missed, failed: 250, ..Tally::default() };
    Point { set, tally }
}

fn part(field: &str) -> Part {
    let points = [("1", "30s", 3), ("1", "1m", 2), ("2", "30s", 9), ("2", "1m", 6)];
    let points = points.map(|(a, b, missed)| point(&[(field, a), ("analysis.interval", b)], missed));
    Part { title: "a policy".into(), runs: 100, seed: 7, shard: Shard::WHOLE, points: points.into() }
}

/// Headings, charts with what they hold, and tables with their shape; texts as they are shown.
fn outline(page: &str) -> String {
    let parts = Regex::new(
        r#"(?s)<(h[1-4])[^>]*>(.*?)</h[1-4]>|<figure[^>]*id="([^"]*)"|<table[^>]*>(.*?)</table>|<p class="verdict[^>]*>(.*?)</p>"#,
    );
    let tags = Regex::new("(?s)<[^>]*>").unwrap();
    let bare = |text: &str| tags.replace_all(text, " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = Vec::new();
    for found in parts.unwrap().captures_iter(page) {
        lines.push(if let (Some(level), Some(text)) = (found.get(1), found.get(2)) {
            format!("{} {}", level.as_str(), bare(text.as_str()))
        } else if let Some(id) = found.get(3) {
            let from = &page[id.end()..];
            let drawing = &from[..from.find("</figure>").unwrap()];
            let count = |what: &str| drawing.matches(what).count();
            let (lines, signs) = (count("<polyline class=\"line i-"), count("<title>"));
            format!(
                "chart {}: {lines} lines, {} areas, {signs} values",
                id.as_str(),
                count("<polygon class=\"area")
            )
        } else if let Some(table) = found.get(4) {
            let heads: Vec<&str> =
                table.as_str().split("<th ").skip(1).filter(|th| th.contains("\"col\"")).collect();
            let heads: Vec<String> = heads
                .iter()
                .map(|head| bare(&format!("<th {}", head.split("</th>").next().unwrap())))
                .collect();
            format!("table of {} rows: {}", table.as_str().matches("<tr").count() - 1, heads.join(" | "))
        } else {
            format!("verdict: {}", bare(found.get(5).unwrap().as_str()))
        });
    }
    lines.join("\n")
}

#[test]
fn snap_the_outline_of_a_run() {
    assert_snapshot!(outline(&run("a release with failing requests is rolled back", Judged::Held)));
}

#[test]
fn snap_the_outline_of_a_sweep() {
    assert_snapshot!(outline(&sweep(&part("analysis.threshold"))));
}

#[test]
fn snap_the_outline_of_a_frontier() {
    let choice = Choice { point: point(&[("analysis.threshold", "3")], 2), met: Met::Perhaps };
    let found = Frontier { choices: vec![choice], points: 9, left: 3, stopped: None };
    assert_snapshot!(outline(&frontier("a policy", &found, &[Goal::Missed(0.05)])));
}

#[test]
fn what_a_scenario_says_stays_text() {
    const EVIL: &str = "</title><script>alert(\"x\")</script>' onload='y";
    let broken = Judged::Failed { expected: EVIL.into(), actual: EVIL.into(), broke_at: Some(3), at: None };
    let pages = [
        run(EVIL, broken),
        sweep(&part(EVIL)),
        frontier(EVIL, &Frontier { choices: Vec::new(), points: 0, left: 0, stopped: None }, &[]),
    ];
    for page in pages {
        assert!(!page.contains("<script") && !page.contains("</title><script"), "{page}");
        assert!(page.contains("&lt;/title&gt;&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"), "{page}");
    }
}

#[test]
fn the_same_story_gives_the_same_page() {
    let page = || run("a release", Judged::Held);
    assert_eq!(page(), page());
}
