//! `serin lint`: every code has a manifest that shows it, and good manifests have no findings.

use std::{fs, path::Path, process::Command};

use insta_cmd::{assert_cmd_snapshot, get_cargo_bin};
use serin_lint::Code;

fn lint() -> Command {
    let mut command = Command::new(get_cargo_bin("serin"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    command.current_dir(root).env_clear().env("LANG", "C.UTF-8").arg("lint");
    command
}

fn bad(name: &str) -> String {
    format!("sim/tests/cli/lint/bad/{name}.yaml")
}

#[test]
fn snap_help_of_lint() {
    assert_cmd_snapshot!(lint().arg("--help"));
}

/// One manifest for each code, with its name; it shows that code.
#[test]
fn snap_every_code_is_reported() {
    for code in Code::ALL {
        let name = code.name();
        insta::with_settings!({snapshot_suffix => name}, {
            assert_cmd_snapshot!(lint().args(["--quiet", &bad(name)]));
        });
        let output = lint().args(["--quiet", "--format", "json", &bad(name)]).output().unwrap();
        let json = String::from_utf8(output.stdout).unwrap();
        assert!(json.contains(&format!("\"code\":\"{name}\"")), "{name} does not show itself: {json}");
    }
}

#[test]
fn no_manifest_shows_a_removed_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/lint/bad");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(Code::ALL.iter().any(|code| code.name() == name), "there is no code {name}");
    }
}

#[test]
fn snap_good_manifests_have_no_findings() {
    assert_cmd_snapshot!(lint().args(["--strict", "sim/tests/cli/lint/good"]));
}

#[test]
fn snap_a_manifest_with_everything() {
    assert_cmd_snapshot!(lint().arg("sim/tests/cli/lint/everything.yaml"));
}

#[test]
fn snap_a_manifest_in_ascii() {
    assert_cmd_snapshot!(lint().args(["--ascii", &bad("last-step-clamped")]));
}

#[test]
fn snap_a_manifest_as_json_lines() {
    assert_cmd_snapshot!(lint().args(["--format", "json", &bad("last-step-clamped")]));
}

#[test]
fn snap_warnings_fail_where_they_should() {
    assert_cmd_snapshot!(lint().args(["--quiet", "--strict", &bad("suspended")]));
}

#[test]
fn hints_never_fail() {
    let output = lint().args(["--quiet", "--strict", &bad("large-jump")]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

/// The exit code, and how often a code is found.
fn found(code: &str, args: &[&str]) -> (Option<i32>, usize) {
    let output = lint().args(["--quiet", "--strict", "--format", "json"]).args(args).output().unwrap();
    let json = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), json.matches(&format!("\"code\":\"{code}\"")).count())
}

#[test]
fn unsupported_values_are_reported_by_controller() {
    let file = &bad("not-in-controller");
    let found = |args: &[&str]| found("not-in-controller", &[args, &[file]].concat());
    assert_eq!(found(&[]), (Some(1), 2));
    assert_eq!(found(&["--for", "serin"]), (Some(1), 2));
    assert_eq!(found(&["--for", "flagger"]), (Some(0), 0));
}

#[test]
fn an_unsupported_default_provider_is_found() {
    let file = "sim/tests/cli/lint/good/weighted.yaml";
    assert_eq!(found("not-in-controller", &["--provider", "knative", file]), (Some(1), 1));
    assert_eq!(found("not-in-controller", &["--provider", "linkerd", file]).1, 0);
}

#[test]
fn an_unsupported_router_is_named_in_the_headings_of_stories() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for verb in ["replay", "explain"] {
        let mut command = Command::new(get_cargo_bin("serin"));
        command.current_dir(&root).env_clear().env("LANG", "C.UTF-8").arg(verb);
        let output = command.arg("sim/tests/cli/inputs/not-driven.yaml").output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        // The lines may wrap anywhere.
        let head: Vec<&str> = shown.lines().take(4).flat_map(str::split_whitespace).collect();
        assert!(head.join(" ").contains("knative: not supported by the controller yet"), "{verb}: {head:?}");
    }
}

#[test]
fn snap_what_flagger_drops() {
    assert_cmd_snapshot!(lint().args(["--quiet", "--for", "flagger", "sim/tests/cli/lint/own-fields.yaml"]));
}

#[test]
fn snap_unsupported_values_are_in_the_compatibility_report() {
    assert_cmd_snapshot!(lint().args(["--for", "flagger", &bad("not-in-controller")]));
}

#[test]
fn snap_predicted_result_of_a_release() {
    assert_cmd_snapshot!(lint().args(["--rps", "50", "--errors", "0.8%", "docs/shop.yaml"]));
}

#[test]
fn snap_a_plan_that_sends_no_user_to_the_canary() {
    let args = ["--rps", "50", "--errors", "0.5%", "sim/tests/cli/lint/no-users.yaml"];
    assert_cmd_snapshot!(lint().args(args));
}

#[test]
fn snap_predicted_result_of_a_release_as_json() {
    let args = ["--format", "json", "--rps", "50", "--errors", "0.8%", "docs/shop.yaml"];
    assert_cmd_snapshot!(lint().args(args));
}

#[test]
fn snap_a_release_whose_metrics_are_not_all_known() {
    let weighted = "sim/tests/cli/lint/good/weighted.yaml";
    assert_cmd_snapshot!(lint().args(["--rps", "50", "--errors", "0.8%", weighted]));
}

#[test]
fn snap_a_release_that_cannot_be_computed() {
    assert_cmd_snapshot!(lint().args(["--rps", "50", "--errors", "0.8%", &bad("window-too-long")]));
}

#[test]
fn snap_invalid_releases() {
    for (name, args) in [
        ("no-errors", &["--rps", "50"][..]),
        ("no-share", &["--rps", "50", "--errors", "0.8"]),
        ("over-one", &["--rps", "50", "--errors", "101%"]),
        ("below-zero", &["--rps=-1", "--errors", "1%"]),
        ("no-number", &["--rps", "nan", "--errors", "1%"]),
    ] {
        insta::with_settings!({snapshot_suffix => name}, {
            assert_cmd_snapshot!(lint().args(args).arg("docs/shop.yaml"));
        });
    }
}

#[test]
fn snap_standard_input_is_a_file() {
    let manifest =
        fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/lint/bad/refused.yaml"));
    assert_cmd_snapshot!(lint().args(["--quiet", "-"]).stdin(manifest.unwrap()));
}

#[test]
fn snap_objects_of_a_list_are_checked() {
    assert_cmd_snapshot!(lint().args(["--quiet", "sim/tests/cli/lint/list.yaml"]));
}

#[test]
fn snap_a_broken_document_hides_no_finding_of_the_others() {
    assert_cmd_snapshot!(lint().args(["--quiet", "sim/tests/cli/lint/broken-in-the-middle.yaml"]));
}

#[test]
fn snap_names_that_a_cluster_refuses() {
    assert_cmd_snapshot!(lint().args(["--quiet", "sim/tests/cli/lint/names.yaml"]));
}

#[test]
fn snap_no_manifest_found() {
    assert_cmd_snapshot!(lint().args(["core/src", "no/such/file.yaml", &bad("suspended")]));
}

#[test]
fn scenarios_are_no_manifests() {
    let output = lint().args(["--quiet", "scenarios/everyday"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("contains no YAML file with an object of flagger.app")
    );
}

/// The objects of other kinds in a folder are read if possible; nothing else is reported about their files.
#[test]
fn snap_a_folder_is_checked_as_a_whole() {
    assert_cmd_snapshot!(lint().args(["--quiet", "sim/tests/cli/lint/folder"]));
}
