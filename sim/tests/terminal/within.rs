//! Ctrl-C within one long run: it stops there, and what was complete before is printed.

use std::{fmt::Write as _, fs, process::Command, time::Duration};

use crate::{
    pty::{self, CTRL_C, Ended, Session},
    stopped::interrupted,
};

/// A release that is analysed for a year, with many metrics: its run takes minutes.
const LONG: &str = "\
scenario: a release that is analysed for a year
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {name: shop, namespace: prod}
  spec:
    provider: istio
    targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
    service: {port: 80}
    analysis:
      interval: 10s
      threshold: 1000000
      iterations: 1000000
      metrics:
METRICS
status: {phase: Initialized}
world:
  traffic: {rps: 1000}
  versions: {v2: {errors: 1%}}
  measures: {MEASURES}
events: [{at: 1m, deploy: v2}]
until: 365d
";

/// A release with so many steps and allowed failures that computing it takes minutes.
const LONG_TO_COMPUTE: &str = "\
scenario: a release with many states
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {name: shop, namespace: prod}
  spec:
    provider: istio
    targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
    service: {port: 80}
    analysis:
      interval: 1m
      threshold: 1000
      stepWeight: 1
      maxWeight: 100
      metrics: [{name: request-success-rate, thresholdRange: {min: 99}, interval: 1m}]
status: {phase: Initialized}
world:
  traffic: {rps: 50}
  versions: {v2: {errors: 0.8%}}
events: [{at: 1m, deploy: v2}]
until: 365d
";

/// A scenario that ends within milliseconds.
const SHORT: &str = "scenarios/everyday/weighted-good.yaml";

/// The setup of a run takes far less.
const ENOUGH: Duration = Duration::from_millis(500);

fn long() -> String {
    let (mut metrics, mut measures) = (String::new(), String::new());
    for number in 0..1_000 {
        let name = format!("latency-{number}");
        writeln!(
            metrics,
            "        - {{name: {name}, interval: 10m, query: q, thresholdRange: {{max: 5000}}}}"
        )
        .unwrap();
        write!(measures, "{name}: latency-p99, ").unwrap();
    }
    LONG.replace("METRICS\n", &metrics).replace("MEASURES", &measures)
}

/// A folder with a scenario file; the folder is removed with the first part.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.yaml");
    fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

/// Starts a verb on the long run, and returns when its bar shows this progress.
fn started(args: &[&str], progress: &str) -> Session {
    let session = pty::serin(100, args);
    session.wait_for_screen(progress, |screen| screen.contains(progress));
    session
}

/// Presses Ctrl-C once within the long run.
fn stopped(args: &[&str], progress: &str) -> Ended {
    let session = started(args, progress);
    session.wait_for_work(ENOUGH);
    let (_, unit) = progress.rsplit_once(' ').unwrap();
    interrupted(session, args, unit)
}

#[test]
fn a_replay_stops_within_a_long_run() {
    let (_folder, long) = file(&long());
    let ended = stopped(&["replay", SHORT, &long], "1 of 2 scenarios");
    let expected = "stopped after 1 of 2 scenarios\n1 scenario: 1 as expected";
    assert!(ended.screen.contains(expected), "{}", ended.screen);
}

#[test]
fn an_explanation_stops_within_a_long_run() {
    let (_folder, long) = file(&long());
    let ended = stopped(&["explain", SHORT, &long], "1 of 2 scenarios");
    assert!(ended.screen.contains("stopped after 1 of 2 scenarios"), "{}", ended.screen);
    assert!(ended.screen.contains(SHORT), "{}", ended.screen);
    assert!(!ended.screen.contains(&long), "{}", ended.screen);
}

#[test]
fn a_check_stops_within_a_long_world() {
    let (_folder, long) = file(&long());
    let ended = stopped(&["check", "--cases", "1", &long], "0 of 1 worlds");
    assert!(ended.screen.contains("stopped after 0 of 1 worlds; 0 worlds;"), "{}", ended.screen);
    assert!(ended.screen.contains("unknown "), "{}", ended.screen);
}

#[test]
fn a_sweep_stops_within_a_long_run() {
    let (_folder, long) = file(&long());
    let ended = stopped(&["sweep", "--runs", "1", &long], "0 of 1 rollouts");
    assert!(ended.screen.contains("stopped after 0 of 1 runs"), "{}", ended.screen);
}

#[test]
fn a_computation_stops_within_a_long_point() {
    let (_folder, long) = file(LONG_TO_COMPUTE);
    let ended = stopped(&["sweep", "--exact", &long], "0 of 1 points");
    assert!(ended.screen.contains("stopped after 0 of 1 points"), "{}", ended.screen);
}

#[test]
fn a_single_long_replay_ends_at_the_first_ctrl_c() {
    let (_folder, long) = file(&long());
    // It has no results before its end, so the signal ends it. Ctrl-C also reaches the shell, which has to survive it.
    let line =
        format!("trap : INT; echo ready; {} replay {long}; echo \"status $?\"", env!("CARGO_BIN_EXE_serin"));
    let mut session = pty::run(80, "/bin/sh", ["-c", &line], &[]);
    session.wait_for("ready");
    assert!(session.press_until_it_ends(CTRL_C) >= 1);
    let ended = session.end();
    assert!(ended.screen.ends_with("status 130"), "{}", ended.screen);
}

#[test]
fn a_second_ctrl_c_ends_a_stopped_run_that_cannot_write_its_results() {
    let (folder, long) = file(&long());
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // The results of this folder are larger than the buffer of a pipe.
    let line = format!(
        "exec {} replay --format json scenarios/conformance {long} > {}",
        env!("CARGO_BIN_EXE_serin"),
        pipe.display()
    );
    let mut session = pty::run(80, "/bin/sh", ["-c", &line], &[]);
    let _unread = fs::File::open(&pipe).unwrap();
    let all = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/conformance")).unwrap().count();
    session.wait_for(&format!("{all} of {} scenarios", all + 1));
    session.wait_for_work(ENOUGH);
    session.press(CTRL_C);
    // The long run has stopped, and the results of the others are written.
    session.wait_for(", stopping");
    assert!(session.press_until_it_ends(CTRL_C) >= 1);
    assert_eq!(session.end().code, 130);
}
