//! `serin diff`.

use std::{fs, io::Write as _, process::Stdio};

use insta_cmd::assert_cmd_snapshot;

use crate::serin;

fn input(name: &str) -> String {
    format!("sim/tests/cli/diff/{name}.yaml")
}

/// Two inputs, and more arguments.
fn diff(old: &str, new: &str, more: &[&str]) -> std::process::Command {
    let mut command = serin();
    command.arg("diff").args([input(old), input(new)]).args(more);
    command
}

const RELEASE: [&str; 2] = ["--rps=50", "--errors=0.8%"];

#[test]
fn snap_help_of_diff() {
    assert_cmd_snapshot!(serin().args(["diff", "--help"]));
}

#[test]
fn snap_two_scenarios() {
    for format in ["text", "json", "markdown"] {
        insta::with_settings!({snapshot_suffix => format}, {
            let more = ["--runs", "1000", "--format", format];
            assert_cmd_snapshot!(diff("release-old", "release-new", &more).env("COLUMNS", "80"));
        });
    }
}

#[test]
fn snap_two_manifests() {
    let (old, new) = ("old", "new");
    for (name, new, more) in [
        ("plans", new, &[][..]),
        ("computed", new, &RELEASE),
        ("computed-as-json", new, &["--rps=50", "--errors=0.8%", "--format=json"]),
        ("computed-as-markdown", new, &["--rps=50", "--errors=0.8%", "--format=markdown"]),
        ("no-bounds-any-more", "without-bounds", &["--rps=50", "--errors=2%"]),
    ] {
        insta::with_settings!({snapshot_suffix => name}, {
            assert_cmd_snapshot!(diff(old, new, more).env("COLUMNS", "80"));
        });
    }
}

#[test]
fn snap_worlds_that_differ_are_noted() {
    assert_cmd_snapshot!(diff("release-old", "more-traffic", &["--runs", "100"]));
}

#[test]
fn snap_what_cannot_be_compared() {
    for (name, old, new, more) in [
        ("two-kinds", "old", "release-new", &[][..]),
        ("two-targets", "old", "other-target", &[]),
        ("several", "several", "old", &[]),
        ("no-such-canary", "several", "several", &["--canary=basket"]),
        ("invalid", "old", "invalid", &[]),
        ("no-file", "old", "no-such-file", &[]),
        ("no-runs", "release-old", "release-new", &["--runs=0"]),
        ("no-such-criterion", "release-old", "release-new", &["--fail-on-worse=speed"]),
        ("not-judged", "old", "new", &["--fail-on-worse"]),
        ("nothing-judged", "without-bounds", "without-bounds", &["--rps=50", "--errors=2%"]),
    ] {
        insta::with_settings!({snapshot_suffix => name}, { assert_cmd_snapshot!(diff(old, new, more)) });
    }
    let scripted = ["scenarios/everyday/weighted-bad.yaml"; 2];
    insta::with_settings!({snapshot_suffix => "scripted"}, {
        assert_cmd_snapshot!(serin().arg("diff").args(scripted));
    });
    insta::with_settings!({snapshot_suffix => "two-pipes"}, {
        assert_cmd_snapshot!(serin().args(["diff", "-", "-"]));
    });
}

/// The exit status.
fn code(old: &str, new: &str, more: &[&str]) -> Option<i32> {
    diff(old, new, more).output().unwrap().status.code()
}

#[test]
fn a_policy_that_is_surely_worse_fails_if_that_is_asked_for() {
    let run = |[old, new]: [&str; 2], what: &str| code(old, new, &["--runs", "1000", what]);
    let (there, back) = (["release-old", "release-new"], ["release-new", "release-old"]);
    assert_eq!(run(there, "--format=text"), Some(0));
    // More failed checks are tolerated: fewer false rollbacks, more missed regressions.
    assert_eq!(run(there, "--fail-on-worse"), Some(1));
    assert_eq!(run(there, "--fail-on-worse=missed"), Some(1));
    assert_eq!(run(there, "--fail-on-worse=false-rollback,to-promote"), Some(0));
    assert_eq!(run(back, "--fail-on-worse=false-rollback"), Some(1));
    assert_eq!(run(back, "--fail-on-worse=missed"), Some(0));
}

#[test]
fn equal_policies_differ_in_nothing() {
    for (file, more) in [("release-old", &["--runs=500"][..]), ("old", &RELEASE)] {
        let more = [more, &["--fail-on-worse=false-rollback,missed,to-promote,to-roll-back,canary-requests"]]
            .concat();
        let output = diff(file, file, &more).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.contains("The results are the same."), "{text}");
        for word in ["changed", "better", "worse", "not sure"] {
            assert!(!text.lines().any(|line| line.ends_with(word)), "{word}: {text}");
        }
    }
}

#[test]
fn both_directions_are_mirror_images() {
    let differences = |old: &str, new: &str| {
        let output = diff(old, new, &["--runs=500", "--format=json"]).output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        json["differences"].as_array().unwrap().clone()
    };
    let (there, back) =
        (differences("release-old", "release-new"), differences("release-new", "release-old"));
    assert_eq!(there.len(), 6, "every criterion can be judged");
    for (there, back) in there.iter().zip(&back) {
        assert_eq!((&there["old"], &there["new"]), (&back["new"], &back["old"]));
        assert_eq!(there["difference"].as_f64(), back["difference"].as_f64().map(|number| 0.0 - number));
    }
}

#[test]
fn a_canary_is_chosen_by_its_name() {
    for name in ["--canary=shop", "--canary=shop.prod"] {
        assert_eq!(code("several", "new", &[name]), Some(0), "{name}");
    }
    assert_eq!(code("several", "several", &["--canary=cart"]), Some(0));
}

#[test]
fn one_side_can_be_standard_input() {
    let text = fs::read(format!("{}/tests/cli/diff/old.yaml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut command = serin();
    command.args(["diff", "-", &input("new"), "--format=json"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    running.stdin.take().unwrap().write_all(&text).unwrap();
    let output = running.wait_with_output().unwrap();
    let from_pipe = String::from_utf8(output.stdout).unwrap();
    let from_file = diff("old", "new", &["--format=json"]).output().unwrap().stdout;
    assert_eq!(
        from_pipe.replace("\"-\"", &format!("{:?}", input("old"))),
        String::from_utf8(from_file).unwrap()
    );
}

#[test]
fn a_folder_is_one_side_with_all_its_manifests() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/tests/cli/diff/new.yaml", env!("CARGO_MANIFEST_DIR"));
    fs::copy(file, folder.path().join("canary.yaml")).unwrap();
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop, namespace: prod}\n\
                      spec: {replicas: 3}\n";
    fs::write(folder.path().join("deployment.yaml"), deployment).unwrap();
    let mut command = serin();
    command.arg("diff").arg(input("old")).arg(folder.path()).args(RELEASE).arg("--runs=100");
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("3 pods count the canary's requests"), "{text}");
}

#[test]
fn threads_change_no_byte() {
    let run = |threads: &str| {
        let more = ["--runs=700", "--format=json"];
        diff("release-old", "release-new", &more).env("RAYON_NUM_THREADS", threads).output().unwrap().stdout
    };
    assert_eq!(run("1"), run("3"));
}
