//! `serin explain`, and output that is generated from the command line: completions and the manual.

use std::path::Path;

use insta_cmd::assert_cmd_snapshot;

use crate::{inputs, serin};

#[test]
fn snap_help_of_explain() {
    assert_cmd_snapshot!(serin().args(["explain", "--help"]));
}

#[test]
fn snap_every_ending_is_explained() {
    for (ending, scenario) in [
        ("promoted", "everyday/weighted-good"),
        ("rolled-back-by-a-metric", "everyday/weighted-bad"),
        ("failures-add-up", "everyday/failures-add-up"),
        ("rolled-back-at-the-deadline", "failures/canary-never-ready"),
        ("rolled-back-by-a-hook", "differences/d10-rollback-hook-as-trigger"),
        ("failed-hook", "stories/hooks/load-test-fails"),
        ("rolled-back-by-an-operator", "everyday/request-abort"),
        ("gate-never-opened", "failures/gate-never-opened"),
        ("withdrawn", "everyday/request-abort-while-waiting"),
        ("promotion-failed", "failures/promotion-fails"),
        ("deleted", "everyday/delete-in-mid-run"),
        ("invalid-canary", "failures/spec-made-invalid"),
        ("replaced-by-a-newer-revision", "failures/revision-pushed-while-progressing"),
        ("no-values", "failures/metrics-without-values"),
        ("provider-error", "failures/metrics-down"),
        ("command-refused", "failures/command-refused-for-ever"),
        ("taken-over", "everyday/takeover-in-mid-run"),
        ("blue-green", "everyday/blue-green-bad"),
    ] {
        insta::with_settings!({snapshot_suffix => ending}, {
            assert_cmd_snapshot!(serin().args(["explain", &format!("scenarios/{scenario}.yaml")]));
        });
    }
}

#[test]
fn snap_an_explanation_as_json() {
    let scenario = "scenarios/everyday/weighted-bad.yaml";
    assert_cmd_snapshot!(serin().args(["explain", "--format", "json", scenario]));
}

#[test]
fn snap_one_moment() {
    let scenario = "scenarios/everyday/weighted-bad.yaml";
    assert_cmd_snapshot!(serin().args(["explain", "--at", "11m45s", scenario]));
}

#[test]
fn snap_one_moment_as_json() {
    let scenario = "scenarios/everyday/weighted-bad.yaml";
    assert_cmd_snapshot!(serin().args(["explain", "--at", "12m", "--format", "json", scenario]));
}

#[test]
fn snap_a_failed_expectation_does_not_stop_an_explanation() {
    assert_cmd_snapshot!(serin().args(["explain", "--ascii", &inputs("not-as-expected")]));
}

#[test]
fn snap_a_scenario_that_cannot_be_explained() {
    assert_cmd_snapshot!(serin().args(["explain", &inputs("misspelt-field"), "no/such/file.yaml"]));
}

#[test]
fn snap_an_invalid_moment() {
    assert_cmd_snapshot!(serin().args(["explain", "--at", "noon", "scenarios/everyday/weighted-bad.yaml"]));
}

#[test]
fn the_same_explanation_twice() {
    let explained = || serin().args(["explain", "scenarios/conformance"]).output().unwrap();
    let (first, second) = (explained(), explained());
    assert!(first.status.success() && first.stdout == second.stdout && !first.stdout.is_empty());
}

/// The verbs that the command has.
pub(crate) fn verbs() -> Vec<String> {
    let help = String::from_utf8(serin().arg("--help").output().unwrap().stdout).unwrap();
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    // A description can continue on a line with a deeper indentation.
    let list = list.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("    "));
    list.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn every_shell_completes_every_verb() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = serin().args(["completions", shell]).output().unwrap();
        assert!(output.status.success(), "{shell}");
        let text = String::from_utf8(output.stdout).unwrap();
        for verb in verbs() {
            assert!(text.contains(&verb), "{shell} does not complete {verb}");
        }
    }
}

#[test]
fn snap_an_unknown_shell() {
    assert_cmd_snapshot!(serin().args(["completions", "tcsh"]));
}

#[test]
fn the_manual_has_a_page_for_every_verb() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("manual/man1");
    let output = serin().arg("man").arg("--out").arg(&folder).output().unwrap();
    let pages: Vec<String> = verbs().into_iter().map(|verb| format!("serin-{verb}.1")).collect();
    let texts: Vec<_> = pages.iter().map(|page| std::fs::read_to_string(folder.join(page))).collect();
    let first = std::fs::read(folder.join("serin.1")).unwrap();
    std::fs::remove_dir_all(folder.parent().unwrap()).unwrap();
    assert!(output.status.success() && output.stdout.is_empty());
    assert_eq!(first, serin().arg("man").output().unwrap().stdout);
    for (page, text) in pages.iter().zip(texts) {
        let text = text.unwrap();
        assert!(text.contains(".SH SYNOPSIS") && !text.contains(".SH EXTRA"), "{page}");
    }
}

#[test]
fn snap_the_manual_cannot_be_written() {
    assert_cmd_snapshot!(serin().args(["man", "--out", "README.md/man1"]));
}
