//! `serin sweep`, `serin sweep merge` and `serin tune`.

use std::{
    fs, io,
    process::{Command, Stdio},
};

use insta_cmd::assert_cmd_snapshot;

use crate::{Running, serin};

const RELEASE: &str = "scenarios/simulated/any-release.yaml";

#[test]
fn snap_help_of_sweep() {
    assert_cmd_snapshot!(serin().args(["sweep", "--help"]));
}

#[test]
fn snap_help_of_merge() {
    assert_cmd_snapshot!(serin().args(["sweep", "merge", "--help"]));
}

#[test]
fn snap_help_of_tune() {
    assert_cmd_snapshot!(serin().args(["tune", "--help"]));
}

#[test]
fn snap_a_sweep_as_json() {
    assert_cmd_snapshot!(serin().args(["sweep", RELEASE, "--runs", "100", "--format", "json"]));
}

#[test]
fn snap_a_sweep_as_csv() {
    let vary = "analysis.metrics[request-success-rate].thresholdRange.min=98.5,99";
    assert_cmd_snapshot!(
        serin().args(["sweep", RELEASE, "--runs", "100", "--format", "csv", "--vary", vary])
    );
}

#[test]
fn snap_sweeps_that_cannot_run() {
    for (name, args) in [
        ("unknown-field", &["sweep", RELEASE, "--vary", "analysis.treshold=1..3"][..]),
        ("no-value", &["sweep", RELEASE, "--vary", "analysis.threshold"]),
        ("reversed", &["sweep", RELEASE, "--vary", "analysis.threshold=3..1"]),
        ("reversed-range", &["sweep", RELEASE, "--vary", "world.versions.v2.errors=5%..1%"]),
        ("over-one", &["sweep", RELEASE, "--vary", "world.versions.v2.errors=101%"]),
        ("never-deployed", &["sweep", RELEASE, "--vary", "world.versions.v9.errors=0%,5%"]),
        (
            "never-deployed-tune",
            &["tune", RELEASE, "--vary", "world.versions[v22].errors=1%", "--goal", "missed<=5%"],
        ),
        (
            "no-effect",
            &["sweep", RELEASE, "--vary", "analysis.threshold=1,2", "--vary", "analysis.mirrorWeight=10,20"],
        ),
        ("no-effect-title", &["sweep", RELEASE, "--vary", "scenario=one story,another story"]),
        ("too-many-points", &["sweep", RELEASE, "--vary", "world.seed=1..5000"]),
        ("no-runs", &["sweep", RELEASE, "--runs", "0"]),
        ("no-shard", &["sweep", RELEASE, "--shard", "3/3"]),
        ("scripted", &["sweep", "scenarios/everyday/weighted-bad.yaml"]),
        ("no-file", &["sweep", "no/such.yaml"]),
        ("no-goal", &["tune", RELEASE, "--goal", "missed<5%"]),
        (
            "no-bad-release",
            &["tune", "scenarios/simulated/checkout.yaml", "--goal", "missed<=5%", "--runs", "16"],
        ),
        ("no-part", &["sweep", "merge", "Cargo.toml"]),
    ] {
        insta::with_settings!({snapshot_suffix => name}, { assert_cmd_snapshot!(serin().args(args)) });
    }
}

#[test]
fn a_goal_that_no_policy_meets_is_a_failure() {
    let args = ["--goal", "false-rollback<=0%", "--goal", "to-promote<=1m", "--runs", "16"];
    let output = serin().args(["tune", RELEASE]).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn threads_and_shards_change_no_byte() {
    let sweep = |threads: &str, more: &[&str]| {
        let vary = ["--vary", "analysis.threshold=1,3", "--runs", "301"];
        let mut command = serin();
        command.env("RAYON_NUM_THREADS", threads).args(["sweep", RELEASE]).args(vary).args(more);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    let whole = sweep("1", &["--format", "csv"]);
    assert_eq!(whole, sweep("3", &["--format", "csv"]));

    let folder = tempfile::tempdir().unwrap();
    let parts = ["0/3", "1/3", "2/3"].map(|shard| {
        let path = folder.path().join(shard.replace('/', "-of-"));
        fs::write(&path, sweep("2", &["--shard", shard])).unwrap();
        path
    });
    let merged = serin().args(["sweep", "merge", "--format", "csv"]).args(&parts).output().unwrap();
    assert_eq!(String::from_utf8(merged.stdout), String::from_utf8(whole));

    let two = serin().args(["sweep", "merge"]).args(&parts[..2]).output().unwrap();
    assert_eq!(two.status.code(), Some(2));
    assert_eq!(String::from_utf8(two.stderr).unwrap(), "error: shard 2/3 is missing\n");
}

/// Whether a process has its own handler for Ctrl-C.
#[cfg(target_os = "linux")]
fn catches_ctrl_c(process: u32) -> bool {
    const CTRL_C: u64 = 1 << 1;
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & CTRL_C > 0))
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_ends_a_sweep_with_its_results_so_far() {
    // A process that is started in the background ignores Ctrl-C, and so would this one; `env` becomes the process that
    // it starts.
    let mut sweep = Command::new("env");
    sweep
        .args(["--default-signal=INT", env!("CARGO_BIN_EXE_serin")])
        .current_dir(serin().get_current_dir().unwrap());
    sweep.args(["sweep", RELEASE, "--runs", "1000000000", "--format", "csv"]);
    let mut sweep = Running(sweep.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    while !catches_ctrl_c(sweep.0.id()) {
        assert!(sweep.0.try_wait().unwrap().is_none(), "it has ended by itself");
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-INT", &sweep.0.id().to_string()]).status().unwrap().success());
    let printed = io::read_to_string(sweep.0.stdout.take().unwrap()).unwrap();
    let told = io::read_to_string(sweep.0.stderr.take().unwrap()).unwrap();
    assert_eq!(sweep.0.wait().unwrap().code(), Some(130));
    assert_eq!(printed.lines().count(), 2, "a heading and the only point: {printed}");
    let counted: u64 = printed.lines().nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
    assert_eq!(told, format!("stopped after {counted} of 1000000000 rollouts\n"));
    assert!(counted < 1_000_000_000);
}
