//! All output fits the screen, and no word is cut.

use std::collections::BTreeSet;

use crate::{
    piped, plain, pty, text,
    verbs::{RELEASE, verbs},
};

const EXACT: &str = "sim/tests/cli/inputs/sweep-exact.yaml";
const BOUND: &str = "analysis.metrics[request-success-rate].thresholdRange.min=98.5,99";
const ERRORS: &str = "world.versions.v2.errors=0%,0.8%,1%..5%";

/// Every table and page, with long names and several fields.
fn pages() -> Vec<Vec<String>> {
    let lines: &[&[&str]] = &[
        &["sweep", RELEASE, "--runs", "20"],
        &["sweep", RELEASE, "--runs", "20", "--vary", BOUND, "--vary", ERRORS],
        &[
            "sweep",
            RELEASE,
            "--runs",
            "20",
            "--vary",
            "analysis.threshold=1..2",
            "--vary",
            "analysis.interval=30s",
            "--vary",
            ERRORS,
        ],
        &[
            "sweep",
            "--exact",
            EXACT,
            "--vary",
            "analysis.threshold=1..3",
            "--vary",
            "world.versions.v2.errors=0.8%,2%",
        ],
        &[
            "tune",
            RELEASE,
            "--goal",
            "missed<=60%",
            "--goal",
            "false-rollback<=50%",
            "--goal",
            "to-promote<=3h",
            "--runs",
            "32",
            "--vary",
            "analysis.threshold=1,2",
        ],
        &["diff", RELEASE, "scenarios/simulated/checkout.yaml", "--runs", "100"],
        &["diff", "sim/tests/cli/diff/old.yaml", "docs/shop.yaml", "--rps", "50", "--errors", "0.8%"],
        &["check", "--cases", "2", RELEASE],
        &["check", "sim/tests/cli/inputs/property-broken.yaml", "--out", env!("CARGO_TARGET_TMPDIR")],
        &["lint", "sim/tests/cli/lint/everything.yaml"],
        &["lint", "--quiet", "sim/tests/cli/lint/bad"],
        &["lint", "--rps", "50", "--errors", "0.8%", "docs/shop.yaml"],
        &["explain", "scenarios/everyday/weighted-bad.yaml", "scenarios/failures/gate-never-opened.yaml"],
        &["explain", "--at", "11m", "scenarios/everyday/weighted-bad.yaml"],
        &["replay", "scenarios/everyday/weighted-bad.yaml"],
        &["replay", "sim/tests/cli/inputs/not-as-expected.yaml"],
        &["replay", "scenarios/everyday", "scenarios/stories", "scenarios/failures"],
        &["replay", "--full", "scenarios/everyday/ab-good.yaml", "scenarios/everyday/weighted-good.yaml"],
        &[
            "replay",
            "--quiet",
            "sim/tests/cli/inputs/not-as-expected.yaml",
            "scenarios/everyday/weighted-good.yaml",
        ],
        &["--help"],
        &["sweep", "merge", "--help"],
    ];
    let lines = lines.iter().map(|line| line.iter().map(|word| (*word).to_owned()).collect());
    let helps = verbs().into_iter().map(|verb| vec![verb, "--help".into()]);
    lines.chain(helps).collect()
}

fn printed(line: &[String], columns: usize) -> String {
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    text(piped(&line, &[("COLUMNS", &columns.to_string())]).stdout)
}

/// Letters and digits, separated by anything else.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

#[test]
fn no_line_is_wider_than_the_screen_and_no_word_is_cut() {
    /// The note of a narrow table about the columns that it leaves out.
    const NOTE: &str = "Not shown, for lack of space: . A wider terminal or --format csv shows them.";
    for line in pages() {
        let wide = printed(&line, 1_000);
        assert!(!wide.is_empty(), "{line:?}");
        let known: BTreeSet<&str> = words(&wide).into_iter().chain(words(NOTE)).collect();
        for columns in [80, 100, 160] {
            let narrow = printed(&line, columns);
            // A command to paste is as long as its path, and a title in a file to paste as its author wrote it.
            let is_pasted =
                |row: &str| ["  serin replay ", "    scenario: "].iter().any(|to| row.starts_with(to));
            for row in narrow.lines().filter(|row| !is_pasted(row)) {
                assert!(row.chars().count() <= columns, "{line:?} at {columns}: {row}");
            }
            let cut: Vec<_> = words(&narrow).into_iter().filter(|word| !known.contains(word)).collect();
            assert!(cut.is_empty(), "{line:?} at {columns}: {cut:?}");
        }
    }
}

#[test]
fn the_width_is_that_of_the_terminal_regardless_of_columns() {
    let line = ["replay", "scenarios/everyday/weighted-bad.yaml"];
    for columns in [80, 120] {
        let ended = pty::run(columns, env!("CARGO_BIN_EXE_serin"), line, &[("COLUMNS", "97")]).end();
        let expected = printed(&line.map(str::to_owned), columns.into());
        let rows = |text: &str| text.lines().map(|row| row.trim_end().to_owned()).collect::<Vec<_>>();
        assert_eq!(rows(&ended.screen), rows(expected.trim_end()));
    }
}

#[test]
fn a_terminal_that_reports_no_width_has_that_of_columns_or_80() {
    let line = ["replay", "scenarios/everyday/weighted-bad.yaml"];
    for (variable, columns) in [(None, 80), (Some("90"), 90), (Some("wide"), 80), (Some("0"), 80)] {
        let variables: Vec<_> = variable.map(|value| ("COLUMNS", value)).into_iter().collect();
        let ended = pty::run(0, env!("CARGO_BIN_EXE_serin"), line, &variables).end();
        let expected = printed(&line.map(str::to_owned), columns);
        assert_eq!(plain(&ended.bytes).trim_end(), expected.trim_end(), "{variable:?}");
    }
}

#[test]
fn a_table_says_what_it_leaves_out() {
    let line = ["sweep", RELEASE, "--runs", "20", "--vary", BOUND, "--vary", ERRORS].map(str::to_owned);
    let narrow = printed(&line, 80);
    assert!(narrow.contains("Not shown, for lack of space: "), "{narrow}");
    assert!(!printed(&line, 200).contains("Not shown"));
}
