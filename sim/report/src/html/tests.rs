//! The outline of pages, and that text of a scenario stays text.

use insta::assert_snapshot;
use regex::Regex;
use serin_policy::sweep::{Choice, Frontier, Goal, Met, Point, Shard, ShardResult, Tally};
use serin_simulator::{
    drive,
    expect::{Judged, Outcome, Verdict},
    scenario::parse,
};

use super::*;
use crate::{Ended, Page};

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
world: {metrics: {request-success-rate: [50]}}
events: [{at: 5m, deploy: v2}]
";

fn run(title: &str, judged: Judged) -> String {
    let scenario = parse(SCENARIO, "shop.yaml".as_ref()).unwrap();
    let outcome = Outcome { expectation: "phase: Failed".into(), judged };
    let verdict = Verdict { outcomes: vec![outcome], violations: Vec::new() };
    let ended = if verdict.holds() { Ended::AsExpected } else { Ended::Failed };
    let story = drive::run(&scenario);
    let page = Page { path: "shop.yaml", title, canary: &scenario.canary, story: &story, verdict: &verdict };
    replays(&[Run::of(&page, ended, None)], &[])
}

fn point(set: &[(&str, &str)], missed: u64) -> Point {
    let set = set.iter().map(|(field, value)| ((*field).into(), (*value).into())).collect();
    let tally =
        Tally { runs: 100, good: 40, bad: 60, false_rollbacks: 4, missed, failed: 250, ..Tally::default() };
    Point { set, tally }
}

/// A search that tried nine policies and kept none.
fn nothing() -> Frontier {
    let baseline = Choice { point: point(&[("analysis.threshold", "2")], 60), met: Met::No, is_today: true };
    Frontier { baseline, choices: Vec::new(), points: 9, left: 3, most_runs: 1600, stopped: None }
}

fn part(field: &str) -> ShardResult {
    let points = [("1", "30s", 3), ("1", "1m", 2), ("2", "30s", 9), ("2", "1m", 6)];
    let points = points.map(|(a, b, missed)| point(&[(field, a), ("analysis.interval", b)], missed));
    ShardResult {
        title: "a policy".into(),
        runs: 100,
        seed: 7,
        simulation: 2,
        shard: Shard::WHOLE,
        points: points.into(),
    }
}

/// Headings, charts with their contents, and tables with their shape; texts as they are displayed.
fn outline(page: &str) -> String {
    let parts = Regex::new(
        r#"(?s)<(h[1-4])[^>]*>(.*?)</h[1-4]>|<figure[^>]*id="([^"]*)"|<table[^>]*>(.*?)</table>|<p class="headline[^>]*>(.*?)</p>"#,
    );
    let tags = Regex::new("(?s)<[^>]*>").unwrap();
    let bare = |text: &str| tags.replace_all(text, " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = Vec::new();
    let page = &page.replace("<wbr>", "");
    for found in parts.unwrap().captures_iter(page) {
        lines.push(if let (Some(level), Some(text)) = (found.get(1), found.get(2)) {
            format!("{} {}", level.as_str(), bare(text.as_str()))
        } else if let Some(id) = found.get(3) {
            let from = &page[id.end()..];
            let drawing = &from[..from.find("</figure>").unwrap()];
            let count = |what: &str| drawing.matches(what).count();
            let (lines, signs) = (count("<path class=\"line i-"), count("<title>"));
            format!(
                "chart {}: {lines} lines, {} areas, {signs} values",
                id.as_str(),
                count("<rect class=\"area")
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
    let choice =
        Choice { point: point(&[("analysis.threshold", "3")], 2), met: Met::Perhaps, is_today: false };
    let found = Frontier { choices: vec![choice], ..nothing() };
    assert_snapshot!(outline(&frontier("a policy", &found, &[Goal::Missed(0.05)])));
}

#[test]
fn text_of_a_scenario_stays_text() {
    const EVIL: &str = "</title><script>alert(\"x\")</script>' onload='y";
    let broken = Judged::Failed { expected: EVIL.into(), actual: EVIL.into(), broke_at: Some(3), at: None };
    let pages = [run(EVIL, broken), sweep(&part(EVIL)), frontier(EVIL, &nothing(), &[])];
    for page in pages {
        assert!(!page.contains("<script") && !page.contains("</title><script"), "{page}");
        assert!(page.contains("&lt;/title&gt;&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"), "{page}");
    }
}

/// The banner of a story with these expectations.
fn banner(outcomes: Vec<Outcome>) -> String {
    let scenario = parse(SCENARIO, "shop.yaml".as_ref()).unwrap();
    let verdict = Verdict { outcomes, violations: Vec::new() };
    let story = drive::run(&scenario);
    let ended = if verdict.holds() { Ended::AsExpected } else { Ended::Failed };
    let page =
        Page { path: "a.yaml", title: "a", canary: &scenario.canary, story: &story, verdict: &verdict };
    let page = replays(&[Run::of(&page, ended, None)], &[]);
    let from = &page[page.find("<div class=\"verdict").unwrap()..];
    let tags = Regex::new("<[^>]*>").unwrap();
    let class = from.split('"').nth(1).unwrap();
    format!("{class}: {}", tags.replace_all(&from[..from.find("</div>").unwrap()], " ").trim())
}

#[test]
fn a_rollback_without_expectations_has_no_green_banner() {
    let expected = |judged| vec![Outcome { expectation: "phase: Failed".into(), judged }];
    let failed = Judged::Failed { expected: "a".into(), actual: "b".into(), broke_at: None, at: None };
    let banners = [Vec::new(), expected(Judged::Held), expected(failed)].map(banner);
    for (banner, (class, words)) in banners.iter().zip([
        ("verdict stopped: ", "The scenario has no expectations."),
        ("verdict good: ", "As expected"),
        ("verdict bad: ", "Not as expected: 1 of 1 expectations failed"),
    ]) {
        assert!(banner.starts_with(class) && banner.contains(words), "{banner}");
        assert!(banner.contains("Rolled back after 3m at 10 %: success rate 50 % &lt; 99 %."), "{banner}");
    }
}

/// All scenarios of the repository as runs of one page, each as it is judged, or as failed.
fn all_scenarios(failed: bool) -> Vec<Run> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let files = serin_simulator::scenario::find(&[folder]).unwrap();
    let run = |(number, path): (usize, &std::path::PathBuf)| {
        let replayed = crate::replay::replay(path).unwrap();
        let crate::replay::Replayed { title, canary, story, verdict, .. } = &replayed;
        let page = Page { path: "a.yaml", title, canary, story, verdict };
        Run::of(&page, if failed { Ended::Failed } else { Ended::AsExpected }, Some(number))
    };
    (1..).zip(&files).map(run).collect()
}

#[test]
fn a_page_of_hundreds_of_stories_stays_below_two_megabytes() {
    for failed in [false, true] {
        let runs = all_scenarios(failed);
        let page = replays(&runs, &[]);
        assert!(runs.len() > 400, "{}", runs.len());
        assert!(page.len() < 2_000_000, "{} bytes", page.len());
        assert_eq!(page.matches("<details id=\"run-").count(), runs.len());
    }
}

#[test]
fn the_same_story_gives_the_same_page() {
    let page = || run("a release", Judged::Held);
    assert_eq!(page(), page());
}
