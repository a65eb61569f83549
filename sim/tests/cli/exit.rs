//! The exit status is one table for every verb.

use std::fs;

use crate::{inputs, serin};

const GOOD: &str = "scenarios/everyday/weighted-good.yaml";
const RELEASE: &str = "scenarios/simulated/any-release.yaml";

fn code(args: &[&str]) -> Option<i32> {
    serin().args(args).output().unwrap().status.code()
}

#[test]
fn success_is_0() {
    for args in [
        &["replay", GOOD][..],
        &["explain", &inputs("not-as-expected")],
        &["lint", "--quiet", "--strict", "sim/tests/cli/lint/good"],
        // Warnings and hints are not errors.
        &["lint", "--quiet", "sim/tests/cli/lint/bad/suspended.yaml"],
        &["lint", "--quiet", "--strict", "sim/tests/cli/lint/bad/large-jump.yaml"],
        &["check", "--cases", "2", RELEASE],
        &["sweep", "--runs", "2", RELEASE],
        &["tune", "--runs", "16", "--goal", "to-promote<=9h", "--vary", "analysis.threshold=5", RELEASE],
        &["schema"],
        &["man"],
        &["completions", "zsh"],
        &["--help"],
        &["--version"],
    ] {
        assert_eq!(code(args), Some(0), "{args:?}");
    }
}

#[test]
fn unmet_expectations_exit_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    for args in [
        &["replay", &inputs("not-as-expected")][..],
        &["lint", "--quiet", "sim/tests/cli/lint/bad/refused.yaml"],
        &["lint", "--quiet", "--strict", "sim/tests/cli/lint/bad/suspended.yaml"],
        // An error decides, whatever else is found.
        &["lint", "sim/tests/cli/lint/bad/suspended.yaml", "sim/tests/cli/lint/bad/refused.yaml"],
        &["check", &inputs("property-broken"), "--out", out],
        &["tune", "--runs", "16", "--goal", "to-promote<=1m", "--vary", "analysis.threshold=5", RELEASE],
    ] {
        assert_eq!(code(args), Some(1), "{args:?}");
    }
}

#[test]
fn unusable_input_exits_with_2() {
    let readers: &[&[&str]] = &[
        &["replay"],
        &["explain"],
        &["lint"],
        &["check"],
        &["sweep"],
        &["sweep", "merge"],
        &["tune", "--goal", "missed<=5%"],
        &["diff", RELEASE],
    ];
    for verb in readers {
        let with = |path: &str| code(&[verb, &[path][..]].concat());
        assert_eq!(with("no/such/file.yaml"), Some(2), "{verb:?}");
        assert_eq!(with(&inputs("not-yaml")), Some(2), "{verb:?}");
        assert_eq!(code(&[verb, &["--no-such-option"][..]].concat()), Some(2), "{verb:?}");
    }
    for args in [
        &["schema", "no-such-kind"][..],
        &["completions", "no-such-shell"],
        &["man", "--out", "README.md/man1"],
        &["no-such-verb"],
        &["lint", "--provider", "no-such-router", "docs/shop.yaml"],
        &["check", "--faults", "no-such-fault", RELEASE],
        &["check", "--cases", "0", RELEASE],
        &["replay", "--quiet", "--full", GOOD],
        // One file that cannot be used decides, whatever the others are.
        &["lint", "--quiet", &inputs("not-yaml"), "sim/tests/cli/lint/bad/refused.yaml"],
        &["replay", &inputs("misspelt-field"), &inputs("not-as-expected")],
        &["explain", &inputs("misspelt-field"), GOOD],
        &["check", "--cases", "2", &inputs("misspelt-field"), RELEASE],
    ] {
        assert_eq!(code(args), Some(2), "{args:?}");
    }
}

#[test]
fn nothing_to_check_exits_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let empty = path("empty.yaml", "");
    let comment = path("comment.yaml", "# nothing but a comment\n");
    let other = path("other.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\n");
    let all = folder.path().to_str().unwrap();
    for verb in ["replay", "explain", "check", "lint"] {
        for path in [&*empty, &*comment, &*other, all] {
            let output = serin().args([verb, path]).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{verb} {path}");
            let told = String::from_utf8(output.stderr).unwrap();
            assert!(told.starts_with("error: "), "{verb} {path} says {told:?}");
        }
    }
    // A file without a Canary beside one with a Canary is fine.
    assert_eq!(code(&["lint", "--quiet", &other, "docs/shop.yaml"]), Some(0));
}

#[test]
fn every_help_ends_with_the_same_table() {
    const FIRST: &str = "Exit status, the same for every command:\n";
    let help = |args: &[&str]| String::from_utf8(serin().args(args).output().unwrap().stdout).unwrap();
    let table = |help: &str| help.split_once(FIRST).map(|(_, table)| table.to_owned());
    let expected = table(&help(&["--help"])).unwrap();
    for code in ["0", "1", "2", "130"] {
        assert!(expected.lines().any(|line| line.trim_start().starts_with(code)), "{code}");
    }
    for verb in crate::explain::verbs() {
        assert_eq!(table(&help(&[&verb, "--help"])).as_deref(), Some(&*expected), "{verb}");
    }
    assert_eq!(table(&help(&["sweep", "merge", "--help"])).as_deref(), Some(&*expected));
}
