//! The output formats of the verbs: the values of `--format`.

use std::{env, path::PathBuf};

use clap::ValueEnum;
use serin_lint as lint;
use serin_output::finding::{Case, Finding, Level, Suite, github, gitlab, junit, sarif};

/// The formats of `lint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LintFormat {
    /// For people
    Text,
    /// JSON Lines, one object for each file
    Json,
    /// A JUnit report: a test suite for each file, a test case for each object
    Junit,
    /// Annotations for GitHub Actions
    Github,
    /// A SARIF 2.1.0 log, for code scanning
    Sarif,
    /// A Code Quality report of GitLab
    Gitlab,
}

/// The formats of the verbs that run scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RunFormat {
    /// For people
    Text,
    /// JSON Lines
    Json,
    /// A JUnit report: a test case for each scenario
    Junit,
    /// Annotations for GitHub Actions
    Github,
}

/// A JUnit report with suites, and one more suite for files that cannot be used.
pub(super) fn junit(name: &str, mut suites: Vec<Suite>, unusable: &[Case], fails: Level) -> String {
    if !unusable.is_empty() {
        suites.push(Suite { name: "files".into(), cases: unusable.to_vec() });
    }
    junit::report(name, &suites, fails)
}

/// A JUnit report of one run.
pub(super) fn junit_of_run(name: &str, cases: Vec<Case>) -> String {
    junit::report(name, &[Suite { name: name.into(), cases }], Level::Error)
}

/// Workflow commands.
pub(super) fn github<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    github::commands(findings, &folder())
}

/// A SARIF log of lint's findings.
pub(super) fn sarif(findings: &[Finding]) -> String {
    sarif::log(findings, &lint::rules(), &folder())
}

/// A Code Quality report.
pub(super) fn gitlab(findings: &[Finding]) -> String {
    gitlab::report(findings, &folder())
}

/// The working folder. Without one, files keep the names that were given.
fn folder() -> PathBuf {
    env::current_dir().unwrap_or_default()
}
