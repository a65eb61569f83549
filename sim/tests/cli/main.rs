//! The command line: its output and its exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

mod ci;
mod console;
mod diff;
mod exit;
mod explain;
mod flagger;
mod formats;
mod init;
mod lint;
mod readme;
mod schema;
mod sweep;
mod watch;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use insta_cmd::{assert_cmd_snapshot, get_cargo_bin};

/// The command, run from the root of the repository.
fn serin() -> Command {
    let mut command = Command::new(get_cargo_bin("serin"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).env_clear().env("LANG", "C.UTF-8");
    command
}

/// A child process that does not outlive its test, even if the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both do nothing for a process that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn inputs(name: &str) -> String {
    format!("sim/tests/cli/inputs/{name}.yaml")
}

#[test]
fn snap_help() {
    assert_cmd_snapshot!(serin().arg("--help"));
}

#[test]
fn snap_help_of_replay() {
    assert_cmd_snapshot!(serin().args(["replay", "--help"]));
}

#[test]
fn snap_help_of_schema() {
    assert_cmd_snapshot!(serin().args(["schema", "--help"]));
}

#[test]
fn snap_an_unknown_schema() {
    assert_cmd_snapshot!(serin().args(["schema", "deployment"]));
}

#[test]
fn snap_a_story_that_goes_as_expected() {
    assert_cmd_snapshot!(serin().args(["replay", "scenarios/everyday/weighted-bad.yaml"]));
}

#[test]
fn snap_a_story_in_ascii() {
    assert_cmd_snapshot!(serin().args(["replay", "--ascii", "scenarios/everyday/weighted-bad.yaml"]));
}

#[test]
fn snap_a_story_as_json_lines() {
    assert_cmd_snapshot!(serin().args([
        "replay",
        "--format",
        "json",
        "scenarios/everyday/skip-analysis.yaml"
    ]));
}

#[test]
fn snap_failed_expectations_are_shown_side_by_side() {
    assert_cmd_snapshot!(serin().args(["replay", &inputs("not-as-expected")]));
}

#[test]
fn snap_assumptions_are_one_line() {
    assert_cmd_snapshot!(serin().args(["replay", &inputs("without-a-world")]));
    assert_cmd_snapshot!(serin().args(["replay", "-q", "--format", "json", &inputs("without-a-world")]));
}

#[test]
fn snap_expectations_that_hold_of_nothing_fail() {
    assert_cmd_snapshot!(serin().args(["replay", &inputs("holds-of-nothing")]));
}

#[test]
fn snap_a_summary_of_many() {
    let good = "scenarios/everyday/weighted-good.yaml";
    assert_cmd_snapshot!(serin().args(["replay", "--quiet", good, &inputs("not-as-expected")]));
}

#[test]
fn snap_several_scenarios_are_a_line_each_and_failures_have_a_timeline() {
    let good = "scenarios/everyday/weighted-good.yaml";
    let bad = "scenarios/everyday/weighted-bad.yaml";
    assert_cmd_snapshot!(serin().args([
        "replay",
        good,
        bad,
        &inputs("not-as-expected"),
        &inputs("no-canary")
    ]));
}

#[test]
fn full_prints_every_timeline_and_quiet_none() {
    let good = "scenarios/everyday/weighted-good.yaml";
    let printed = |args: &[&str]| {
        let output =
            serin().arg("replay").args(args).args([good, &inputs("not-as-expected")]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let timelines = |text: &str| text.lines().filter(|line| line.trim_start().starts_with("time ")).count();
    assert_eq!(timelines(&printed(&["--full"])), 2);
    assert_eq!(timelines(&printed(&[])), 1);
    let quiet = printed(&["--quiet"]);
    assert_eq!(timelines(&quiet), 0);
    assert!(quiet.contains("expected") && quiet.contains("actual"), "{quiet}");
}

#[test]
fn snap_wrong_input_has_priority_over_a_failed_expectation() {
    assert_cmd_snapshot!(serin().args([
        "replay",
        "-q",
        &inputs("not-as-expected"),
        &inputs("misspelt-field")
    ]));
}

#[test]
fn snap_every_wrong_input_is_named() {
    for name in [
        "misspelt-field",
        "misspelt-phase",
        "canary-refused",
        "unknown-metric",
        "two-triggers",
        "no-canary",
        "not-yaml",
        "empty",
        "no-duration",
        "canary-file-missing",
        "property-unknown",
        "property-never-judged",
        "version-never-deployed",
    ] {
        insta::with_settings!({snapshot_suffix => name}, {
            assert_cmd_snapshot!(serin().args(["replay", &inputs(name)]));
        });
    }
}

#[test]
fn snap_no_scenario_found() {
    assert_cmd_snapshot!(serin().args(["replay", "core/src"]));
}

#[test]
fn snap_no_such_file() {
    assert_cmd_snapshot!(serin().args(["replay", "no/such/file.yaml"]));
}

#[test]
fn snap_an_unknown_option() {
    assert_cmd_snapshot!(serin().args(["replay", "--fromat", "json", "scenarios"]));
}

#[test]
fn snap_the_same_bytes_twice() {
    assert_cmd_snapshot!(serin().args(["replay", "--check-determinism", "--quiet", "scenarios/conformance"]));
}

#[test]
fn snap_a_sweep_that_is_computed() {
    let vary = ["--vary", "analysis.threshold=1..3", "--vary", "world.versions.v2.errors=0.8%,2%"];
    assert_cmd_snapshot!(serin().args(["sweep", "--exact", &inputs("sweep-exact")]).args(vary));
    assert_cmd_snapshot!(serin().args(["sweep", "--exact", "--format", "json", &inputs("sweep-exact")]));
}

#[test]
fn snap_a_sweep_that_cannot_be_computed() {
    let vary = ["--vary", "world.traffic={rps: 5..50}"];
    assert_cmd_snapshot!(serin().args(["sweep", "--exact", &inputs("sweep-exact")]).args(vary));
}

/// A folder for this test only, with an input; results are written beside it.
fn desk(test: &str, input: &str) -> PathBuf {
    let desk = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&desk);
    fs::create_dir_all(&desk).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(inputs(input));
    fs::copy(from, desk.join(format!("{input}.yaml"))).unwrap();
    desk
}

#[test]
fn snap_help_of_check() {
    assert_cmd_snapshot!(serin().args(["check", "--help"]));
}

#[test]
fn snap_a_world_that_breaks_a_property_is_found_and_replayed() {
    let desk = desk("breaks", "property-broken");
    insta::with_settings!({snapshot_suffix => "found"}, {
        assert_cmd_snapshot!(serin().current_dir(&desk).args(["check", "property-broken.yaml"]));
    });
    insta::with_settings!({snapshot_suffix => "replayed"}, {
        let replay = ["replay", "--quiet", "property-broken-seed-50.yaml"];
        assert_cmd_snapshot!(serin().current_dir(&desk).args(replay));
    });
}

#[test]
fn snap_a_property_that_may_break_is_no_failure() {
    for (how, args) in [
        ("alone", &["check", "may-break.yaml"][..]),
        ("in-a-folder", &["check", "."]),
        ("as-json", &["check", "--format", "json", "may-break.yaml"]),
    ] {
        let desk = desk(&format!("may-break-{how}"), "may-break");
        insta::with_settings!({snapshot_suffix => how}, {
            assert_cmd_snapshot!(serin().current_dir(&desk).args(args));
        });
    }
}

#[test]
fn faults_can_be_added_to_a_world_without_a_metric() {
    let check = ["check", "--cases", "30", "--swarm", "--faults", "all"];
    let output = serin().args(check).arg(inputs("without-a-world")).output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{output:?}");
}

#[test]
fn snap_a_world_that_breaks_a_property_as_json() {
    let desk = desk("breaks-as-json", "property-broken");
    let check = ["check", "--format", "json", "property-broken.yaml"];
    assert_cmd_snapshot!(serin().current_dir(&desk).args(check));
}

#[test]
fn the_number_of_threads_does_not_change_what_is_found() {
    let found = |threads: &str| {
        let desk = desk(&format!("threads-{threads}"), "property-broken");
        let check = ["check", "--format", "json", "property-broken.yaml"];
        let mut serin = serin();
        serin.current_dir(&desk).args(check).env("RAYON_NUM_THREADS", threads);
        serin.output().unwrap().stdout
    };
    assert_eq!(found("1"), found("7"));
}

#[test]
fn snap_worlds_in_which_everything_holds() {
    let files = ["scenarios/everyday/weighted-good.yaml", "tests/defects/general.yaml"];
    assert_cmd_snapshot!(serin().args(["check", "--cases", "20"]).args(files));
}

#[test]
fn a_report_that_cannot_be_written_is_reported_before_the_work_begins() {
    let good = "scenarios/everyday/weighted-good.yaml";
    assert_cmd_snapshot!(serin().args(["replay", good, "--report", "no/such/folder/report.html"]));
}
