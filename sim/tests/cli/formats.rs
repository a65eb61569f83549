//! The formats for programs: JUnit, annotations, SARIF.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use insta_cmd::assert_cmd_snapshot;
use serde_json::Value;

use crate::{inputs, serin};

const BAD: [&str; 2] = ["sim/tests/cli/lint/bad/refused.yaml", "sim/tests/cli/lint/everything.yaml"];

#[test]
fn snap_findings_as_annotations() {
    assert_cmd_snapshot!(serin().args(["lint", "--format", "github", "no/such.yaml"]).args(BAD));
}

#[test]
fn snap_findings_as_a_test_report() {
    assert_cmd_snapshot!(serin().args(["lint", "--format", "junit", "no/such.yaml"]).args(BAD));
}

#[test]
fn warnings_fail_a_test_only_where_they_fail_the_command() {
    let suspended = "sim/tests/cli/lint/bad/suspended.yaml";
    for (args, failures, code) in [(&[][..], 0, 0), (&["--strict"], 1, 1)] {
        let output = serin().args(["lint", "--format", "junit", suspended]).args(args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(&format!("failures=\"{failures}\" errors=\"0\"")), "{text}");
        assert_eq!(output.status.code(), Some(code));
    }
}

fn replayed(format: &str) -> Command {
    let mut serin = serin();
    let good = "scenarios/everyday/weighted-good.yaml";
    serin.args(["replay", "--format", format, good, &inputs("not-as-expected"), &inputs("misspelt-field")]);
    serin
}

#[test]
fn snap_failed_expectations_as_annotations() {
    assert_cmd_snapshot!(replayed("github"));
}

#[test]
fn snap_failed_expectations_as_a_test_report() {
    assert_cmd_snapshot!(replayed("junit"));
}

/// An annotation is useful if its line is the one that has to be changed.
#[test]
fn a_failed_expectation_is_annotated_at_its_line() {
    let output = replayed("github").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let file = fs::read_to_string(root().join(inputs("not-as-expected"))).unwrap();
    let mut annotated = 0;
    for line in text.lines().filter(|line| line.contains("expectation-failed")) {
        let number = line.split("line=").nth(1).unwrap().split(',').next().unwrap();
        let place: usize = number.parse().unwrap();
        let statement = file.lines().nth(place - 1).unwrap();
        assert!(statement.trim_start().starts_with("- "), "{line}\nis at\n{statement}");
        annotated += 1;
    }
    assert!(annotated > 1, "{text}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sarif(folder: &Path, args: &[&str]) -> Value {
    let output = serin().current_dir(folder).args(["lint", "--format", "sarif"]).args(args).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The platform that this was built for: packages of other ones need not have been downloaded.
fn host() -> String {
    let version = Command::new("rustc").arg("-vV").current_dir(root()).output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// The schema as OASIS published it, from the package that carries it.
fn published_schema() -> Value {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--format-version", "1", "--filter-platform", &host()])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let carrier = packages.iter().find(|package| package["name"] == "serde-sarif").unwrap();
    let manifest = Path::new(carrier["manifest_path"].as_str().unwrap());
    let schema = fs::read_to_string(manifest.with_file_name("src").join("schema.json")).unwrap();
    // The published pattern of a language has an extra bracket, and a strict reader refuses the schema for it.
    const LANGUAGE: &str = "\"^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$\"";
    assert!(schema.contains(LANGUAGE), "the published schema is another one");
    serde_json::from_str(&schema.replace(LANGUAGE, "\"^[a-zA-Z]{2}\"")).unwrap()
}

#[test]
fn a_log_is_valid_by_the_published_schema() {
    let schema = published_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for args in [&BAD[..], &["sim/tests/cli/lint/bad"], &["docs/shop.yaml"], &["no/such.yaml"]] {
        let log = sarif(&root(), args);

        let errors: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{args:?}:\n{}", errors.join("\n"));
    }
    let mut wrong = sarif(&root(), &BAD);
    wrong["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&wrong), "the schema refuses nothing");
}

#[test]
fn snap_a_log_of_findings() {
    let mut log = sarif(&root(), &BAD);
    // Every code is a rule; the first one shows the format.
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap();
    let count = rules.len();
    rules.truncate(1);
    assert_eq!(count, serin_lint::Code::ALL.len());
    insta::assert_json_snapshot!(log);
}

#[test]
fn files_are_named_from_the_working_folder() {
    let folder = root().join("sim/tests/cli").canonicalize().unwrap();
    let absolute = folder.join("lint/bad/suspended.yaml");
    for path in ["lint/bad/suspended.yaml", "./lint/../lint/bad/suspended.yaml", absolute.to_str().unwrap()] {
        let log = sarif(&folder, &[path]);

        let location = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "lint/bad/suspended.yaml");
    }
}

#[test]
fn every_rule_of_a_log_is_a_sentence() {
    for rule in serin_lint::rules() {
        let is_sentence = rule.what.starts_with(char::is_uppercase) && rule.what.ends_with('.');
        assert!(is_sentence, "{}: {:?}", rule.code, rule.what);
    }
}

/// A sweep of a scenario whose varied field decides whether every world is good or bad.
fn swept(args: &[&str]) -> Command {
    let mut serin = serin();
    let vary = ["--runs", "200", "--vary", "world.versions.v2.errors=0.1%,5%"];
    serin.args(["sweep", "scenarios/simulated/checkout.yaml"]).args(vary).args(args);
    serin
}

#[test]
fn snap_a_sweep_whose_goals_are_met() {
    assert_cmd_snapshot!(swept(&[
        "--format",
        "junit",
        "--goal",
        "missed<=50%",
        "--goal",
        "to-roll-back<=1h"
    ]));
}

#[test]
fn snap_a_sweep_whose_goal_is_not_met() {
    assert_cmd_snapshot!(swept(&["--format", "junit", "--goal", "to-roll-back<=1m"]));
}

#[test]
fn a_goal_that_is_not_met_fails_a_sweep_in_every_form() {
    for format in ["text", "json", "csv"] {
        let output = swept(&["--format", format, "--goal", "to-roll-back<=1m"]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("to-roll-back<=1m is not met: median "));
    }
}

#[test]
fn snap_a_goal_that_cannot_be_judged() {
    assert_cmd_snapshot!(
        serin()
            .args(["sweep", "scenarios/simulated/checkout.yaml", "--runs", "20", "--goal", "missed<=5%"])
            .args(["--vary", "world.versions.v2.errors=0%"])
    );
}

#[test]
fn snap_a_test_report_without_a_goal() {
    assert_cmd_snapshot!(swept(&["--format", "junit"]));
}

fn checked(format: &str, folder: &Path) -> Command {
    let mut serin = serin();
    fs::copy(root().join(inputs("property-broken")), folder.join("property-broken.yaml")).unwrap();
    let good = root().join("scenarios/everyday/weighted-good.yaml");
    fs::copy(good, folder.join("good.yaml")).unwrap();
    serin.current_dir(folder).args([
        "check",
        "--cases",
        "200",
        "--format",
        format,
        "property-broken.yaml",
        "good.yaml",
    ]);
    serin
}

#[test]
fn snap_a_broken_property_as_an_annotation() {
    let folder = tempfile::tempdir().unwrap();
    assert_cmd_snapshot!(checked("github", folder.path()));
}

#[test]
fn snap_a_broken_property_as_a_test_report() {
    let folder = tempfile::tempdir().unwrap();
    assert_cmd_snapshot!(checked("junit", folder.path()));
}
