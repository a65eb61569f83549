//! The README shows what the commands print.

use std::process::Command;

use serde_json::Value;
use serin_output::{Terminal, WIDTH};
use serin_policy::check::{Search, Tree, search, shrink};
use serin_report::{Counterexample, Page, counterexample, replay::replay, text};
use serin_simulator::{
    drive,
    expect::judge_properties,
    scenario::{load, seed_of},
};

use crate::root;

const SHOWN: &str = "scenarios/everyday/weighted-bad.yaml";

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();

    let printed = printed();

    assert!(readme.contains(printed.trim_end()), "paste this into README.md:\n{printed}");
}

/// What `serin replay` prints for the story without colours.
fn printed() -> String {
    let replayed = replay(&root().join(SHOWN)).unwrap();
    let page = Page {
        path: SHOWN,
        title: &replayed.title,
        canary: &replayed.canary,
        story: &replayed.story,
        verdict: &replayed.verdict,
    };
    anstream::adapter::strip_str(&text(&page, &Terminal::new(WIDTH, false))).to_string()
}

const CHECKED: &str = "scenarios/everyday/bad-release-by-chance.yaml";

#[test]
fn the_readme_shows_what_a_check_finds() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();

    let found = found();

    assert!(readme.contains(found.trim_end()), "paste this into README.md:\n{found}");
}

/// What `serin check` prints for the first world that breaks the property.
fn found() -> String {
    let path = root().join(CHECKED);
    let scenario = load(&path).unwrap();
    let (case, broken) = search(&scenario, Search { cases: 1_000, seed: 1 }, &()).known.unwrap();
    let seed = seed_of(1, case);
    let whole = Tree::load(&path, &scenario).unwrap();
    let shrunk = shrink(whole.clone().about(&scenario, seed, &broken.claim), &broken.claim, &()).unwrap();
    let story = drive::run_seed(&scenario, seed);
    let verdict = judge_properties(&scenario, &story);
    let (title, canary) = (&scenario.title, &scenario.canary);
    let page = Page { path: CHECKED, title, canary, story: &story, verdict: &verdict };
    let yaml = shrunk.tree.text_beside(&whole).unwrap();
    let file = format!("bad-release-by-chance-seed-{seed}.yaml");
    let shrunk = Some((yaml.as_str(), shrunk.runs));
    let found = Counterexample { seed, case, broken: &broken, page, shrunk, file: &file };
    anstream::adapter::strip_str(&counterexample(&found, &Terminal::new(WIDTH, false))).to_string()
}

#[test]
fn a_plain_cargo_run_is_serin() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();

    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();

    // Cargo looks for the one default among all packages, and fails if there are two or none.
    let packages = metadata["packages"].as_array().unwrap();
    let defaults: Vec<_> = packages.iter().filter_map(|package| package["default_run"].as_str()).collect();
    assert_eq!(defaults, ["serin"]);
}
