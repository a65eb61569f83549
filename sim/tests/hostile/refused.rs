//! Files that are certainly wrong: every verb that reads one refuses it, with the fault and its place.

use crate::{
    STORY,
    bounded::{folder_with, found_by_lint, refused_by_all, refused_by_lint, serin},
    manifest, story,
};

#[test]
fn files_that_are_not_text_are_refused() {
    let binary: Vec<u8> = (0..=255).cycle().take(4096).collect();
    for (bytes, what) in [
        (&binary[..], "is not UTF-8 text (byte "),
        (b"scenario: caf\xe9\n", "is not UTF-8 text (byte "),
        (b"\xff\xfes\0c\0e\0n\0", "is UTF-16 text; save it as UTF-8"),
        (b"\xfe\xff\0s\0c\0e\0n", "is UTF-16 text; save it as UTF-8"),
    ] {
        refused_by_all("a.yaml", bytes, &format!("a.yaml: {what}"));
        refused_by_lint("a.yaml", bytes, what);
    }
}

#[test]
fn empty_files_are_refused() {
    for text in ["", "\n\n", "   ", "\u{feff}"] {
        refused_by_all("a.yaml", text, "a.yaml: is empty");
    }
    for text in ["# nothing\n", "---\n", "~\n"] {
        refused_by_all("a.yaml", text, "a.yaml:");
    }
}

#[test]
fn files_that_are_not_yaml_are_refused_with_the_line() {
    for (text, at) in [
        ("scenario: a\n\tcanary: b\n", "a.yaml:2:"),
        ("scenario: [a\ncanary: b\n", "a.yaml:"),
        ("scenario: a\n  canary: b\n", "a.yaml:2:"),
        ("scenario: a\ncanary: *none\n", "a.yaml:2:"),
        ("scenario: \"a\ncanary: b\n", "a.yaml:"),
        ("scenario: a\n\0", "a.yaml:"),
    ] {
        refused_by_all("a.yaml", text, at);
        refused_by_lint("a.yaml", text, "unreadable");
    }
}

#[test]
fn a_file_of_another_kind_is_refused() {
    refused_by_all(
        "a.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
        "unknown field `apiVersion`",
    );
    refused_by_all("a.yaml", "[1, 2]\n", "expected a mapping");
    refused_by_all("a.yaml", "{\"a\": 1}\n", "unknown field `a`");
    refused_by_all("a.yaml", "<html><body>404</body></html>\n", "expected a mapping");
}

/// Numbers that no object in a cluster can have.
const NO_NUMBER: [&str; 3] = ["threshold: 99999999999999999999", "{min: .nan}", "{min: .inf}"];

/// A part of the story, its replacement, the reported field, and the message.
const CANARIES: &[(&str, &str, &str, &str)] = &[
    ("kind: Canary", "kind: Service", "kind", "must be Canary"),
    ("flagger.app/v1beta1", "apps/v1", "apiVersion", ""),
    ("    targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}\n", "", "spec.targetRef", ""),
    ("kind: Deployment, name: shop", "kind: Deployment", "spec.targetRef", ""),
    ("interval: 30s", "interval: soon", "spec.analysis.interval", ""),
    ("interval: 30s", "interval: 99999999999999999999h", "spec.analysis.interval", ""),
    ("interval: 30s", "interval: -30s", "spec.analysis.interval", ""),
    ("threshold: 2", "threshold: many", "spec.analysis.threshold", ""),
    ("threshold: 2", "threshold: 99999999999999999999", "spec.analysis.threshold", ""),
    ("stepWeight: 20", "stepWeight: -20", "spec.analysis.stepWeight", ""),
    ("maxWeight: 60", "maxWeight: 101", "spec.analysis.maxWeight", ""),
    ("stepWeight: 20", "stepWeights: [20, 10, 60]", "spec.analysis.stepWeights", ""),
    ("stepWeight: 20", "stepWeights: [20, 200]", "spec.analysis.stepWeights", ""),
    ("{min: 99}", "{min: 99, max: 1}", "thresholdRange", ""),
    ("{min: 99}", "{min: .nan}", "thresholdRange", ""),
    ("{min: 99}", "{min: .inf}", "thresholdRange", ""),
    ("name: request-success-rate", "name: request-sucess-rate", "metrics[0]", ""),
    (
        "      threshold: 2\n",
        "      threshold: 2\n      webhooks: [{name: a, type: no-such-hook, url: http://a}]\n",
        "webhooks[0].type",
        "",
    ),
];

#[test]
fn an_invalid_canary_is_refused() {
    for (part, other, field, what) in CANARIES {
        let text = story(part, other);
        refused_by_all("a.yaml", &text, field);
        refused_by_all("a.yaml", &text, what);
        // The document cannot be read as an object, so the file cannot be used.
        if NO_NUMBER.contains(other) {
            refused_by_lint("a.yaml", manifest(&text), field);
            continue;
        }
        // An object of another kind is not examined.
        if !["kind", "apiVersion"].contains(field) {
            found_by_lint("a.yaml", manifest(&text), field);
        }
    }
}

/// A part of the story, its replacement, and the message.
const STORIES: &[(&str, &str, &str)] = &[
    ("until: 1h", "untill: 1h", "unknown field `untill`; did you mean `until`?"),
    ("until: 1h", "until: 99999999999999999999h", "until"),
    ("until: 1h", "until: -1h", "until"),
    (
        "scenario: a release\n",
        "scenario: a release\nscenario: another\n",
        "a.yaml:2:1: scenario: is already set in line 1",
    ),
    ("at: 1m", "at: 2h", "events[0]"),
    ("at: 1m", "at: .nan", "events[0]"),
    ("deploy: v2", "deploys: v2", "events[0]"),
    ("deploy: v2", "deploy: [v2]", "events[0]"),
    ("phase: Succeeded", "phase: Succeded", "did you mean `Succeeded`?"),
    ("phase: Succeeded", "weight: {max: 101}", "expect[0]"),
    ("phase: Succeeded", "weight: {min: 60, max: 20}", "expect[0]"),
    ("phase: Succeeded", "canaryWeight: 101", "expect[0].canaryWeight"),
    ("phase: Succeeded", "time: {to: {phase: Succeeded}, min: 2h}", "until"),
    (
        "until: 1h",
        "until: 1h\nworld: {metrics: {request-sucess-rate: [1]}}",
        "did you mean `request-success-rate`?",
    ),
    ("until: 1h", "until: 1h\nproperties: [{}]", "properties[0]"),
    ("until: 1h", "until: 1h\nstatus: {phase: None}", "status"),
];

#[test]
fn an_invalid_story_is_refused() {
    for (part, other, what) in STORIES {
        refused_by_all("a.yaml", story(part, other), what);
    }
}

#[test]
fn files_of_other_editors_are_read() {
    for text in [STORY.replace('\n', "\r\n"), format!("\u{feff}{STORY}"), STORY.trim_end().to_owned()] {
        let folder = folder_with("a.yaml", &text);
        let ended = serin(folder.path(), ["replay", "--quiet", "a.yaml"]);
        assert_eq!(ended.code, Some(0), "{text:?} {ended:?}");
        let folder = folder_with("a.yaml", manifest(STORY));
        assert_eq!(serin(folder.path(), ["lint", "a.yaml"]).code, Some(0));
    }
}

#[test]
fn an_unknown_field_is_a_warning_in_a_manifest() {
    let folder =
        folder_with("a.yaml", manifest(&story("stepWeight: 20", "stepWeigth: 20\n      stepWeight: 20")));
    let ended = serin(folder.path(), ["lint", "--quiet", "a.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("warning spec.analysis.stepWeigth  unknown-field"), "{ended:?}");
}

#[test]
fn invalid_arguments_are_refused() {
    let folder = folder_with("a.yaml", STORY);
    for args in [
        &["schema", "deployment"][..],
        &["schema", "\u{1b}[31m"],
        &["explain", "a.yaml", "--at", "soon"],
        &["sweep", "a.yaml", "--shard", "8/8"],
        &["sweep", "a.yaml", "--shard", "0/0"],
        &["sweep", "a.yaml", "--runs", "99999999999999999999"],
        &["sweep", "a.yaml", "--vary", "no.such.field=1"],
        &["sweep", "a.yaml", "--vary", "analysis.threshold="],
        &["sweep", "merge", "a.yaml"],
        &["tune", "a.yaml", "--goal", "missed<=NaN%"],
        &["tune", "a.yaml", "--goal", "luck>=5%"],
        &["check", "a.yaml", "--time", "-1s"],
        &["check", "a.yaml", "--faults", "no-such-fault"],
    ] {
        let ended = serin(folder.path(), args);
        assert_eq!(ended.code, Some(2), "{args:?} {ended:?}");
        assert!(ended.err.starts_with("error: "), "{args:?} {ended:?}");
        assert!(!ended.err.contains('\u{1b}'), "{args:?} {ended:?}");
    }
}
