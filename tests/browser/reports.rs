//! The reports that are tested, and the same numbers as JSON.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use serde_json::Value;
use serin_policy::sweep::{self, Axis, Goal, Runs, Shard, ShardResult, Sweep};
use serin_report::{
    Ended, Page, html,
    replay::{Replayed, replay},
    sweep as numbers,
};
use serin_simulator::scenario::Document;
use tempfile::TempDir;

/// A report in a file of its own, and its input.
pub(crate) struct Report {
    folder: TempDir,
    pub(crate) json: Value,
}

impl Report {
    fn new(page: &str, json: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("report.html"), page).unwrap();
        Self { folder, json }
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.folder.path().join("report.html").display())
    }
}

fn input(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("inputs").join(name)
}

fn shown(replayed: &Replayed, among: Option<usize>) -> html::Run {
    let Replayed { title, canary, story, verdict, .. } = replayed;
    let path = "release.yaml";
    let ended = if verdict.holds() { Ended::AsExpected } else { Ended::Failed };
    html::Run::of(&Page { path, title, canary, story, verdict }, ended, among)
}

/// A release that fails, in a simulated world. Its JSON contains the answers that users got.
pub(crate) fn run() -> Report {
    let replayed = replay(&input("release.yaml")).unwrap();
    let users = replayed.story.users.unwrap();
    let json = serde_json::json!({
        "requests": users.requests,
        "failed": users.failed,
        "canary": users.canary,
        "canaryFailed": users.canary_failed,
        "decisions": replayed.story.moments.len(),
        "measured": replayed.story.moments.iter().map(|moment| moment.decision.measured.len()).sum::<usize>(),
    });
    Report::new(&html::replays(&[shown(&replayed, None)], &[]), json)
}

/// Several scenarios: one as expected, one that is not, one that tries to inject into the page, and a file that is no
/// scenario.
pub(crate) fn many() -> Report {
    let files = ["release.yaml", "not-as-expected.yaml", "hostile.yaml"];
    let runs = (1..).zip(files).map(|(number, file)| shown(&replay(&input(file)).unwrap(), Some(number)));
    let runs: Vec<html::Run> = runs.collect();
    let unusable = [("no/such.yaml".into(), "<img src=x onerror=alert(1)>".into())];
    Report::new(&html::replays(&runs, &unusable), Value::Null)
}

fn part(axes: &[&str], runs: u64) -> ShardResult {
    let document = Document::load(&input("policy.yaml")).unwrap();
    let axes: Vec<Axis> = axes.iter().map(|axis| Axis::parse(axis).unwrap()).collect();
    let sweep = Sweep::new(&document, &axes, runs, Shard::WHOLE).unwrap();
    let points = sweep.run(&AtomicBool::new(false), &|_| {});
    ShardResult::new("how well a policy tells good from bad", &sweep, points)
}

/// Three varied fields, so that there are small multiples.
pub(crate) fn swept() -> Report {
    let part = part(&["analysis.threshold=1..3", "analysis.interval=30s,1m", "world.traffic.rps=5,50"], 24);
    Report::new(&html::sweep(&part), serde_json::from_str(&numbers::json(&part)).unwrap())
}

/// A search with one or two choices.
pub(crate) fn tuned() -> Report {
    let document = Document::load(&input("policy.yaml")).unwrap();
    let axes =
        ["analysis.threshold=1,3,5", "analysis.interval=30s,1m"].map(|axis| Axis::parse(axis).unwrap());
    let goals = ["false-rollback<=60%", "missed<=60%"].map(|goal| Goal::parse(goal).unwrap());
    let found =
        sweep::tune(&document, &axes, &goals, Runs { usual: 48, most: 96 }, &AtomicBool::new(false), &|_| {})
            .unwrap();
    let page = html::frontier("which policy", &found, &goals);
    Report::new(&page, serde_json::from_str(&numbers::frontier_json(&found, &goals)).unwrap())
}

/// All of them, with names for messages.
pub(crate) fn all() -> [(&'static str, Report); 4] {
    [("run", run()), ("many", many()), ("sweep", swept()), ("tune", tuned())]
}
