//! Findings as a Code Quality report of GitLab.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Finding, Level, relative};

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// The report. File names are relative to `folder`, which is absolute.
#[must_use]
pub fn report(findings: &[Finding], folder: &Path) -> String {
    let mut alike = BTreeMap::new();
    let issues: Vec<Issue<'_>> = findings.iter().map(|finding| issue(finding, folder, &mut alike)).collect();
    // Our own types contain nothing that JSON cannot represent.
    serde_json::to_string_pretty(&issues).unwrap_or_default() + "\n"
}

/// Every issue needs a path and a line.
fn issue<'a>(finding: &'a Finding, folder: &Path, alike: &mut BTreeMap<String, usize>) -> Issue<'a> {
    let path = relative(&finding.file, folder).unwrap_or_else(|| finding.file.clone());
    let identity = format!("{path}\n{}\n{}", finding.code, finding.field);
    let before = alike.entry(identity.clone()).or_default();
    let fingerprint = fingerprint(&format!("{identity}\n{before}"));
    *before += 1;
    Issue {
        description: finding.sentence().replace('\n', " "),
        check_name: finding.code,
        fingerprint,
        severity: match finding.level {
            Level::Error => "major",
            Level::Warning => "minor",
            Level::Hint => "info",
        },
        location: Location { path, lines: Lines { begin: finding.at.map_or(1, |(line, _)| line) } },
    }
}

/// The same for the same problem, even if its line has moved.
fn fingerprint(identity: &str) -> String {
    Sha256::digest(identity).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{super::sample, *};

    fn issues(findings: &[Finding]) -> Vec<Value> {
        serde_json::from_str(&report(findings, Path::new("/repo"))).unwrap()
    }

    #[test]
    fn every_issue_has_a_place_and_its_own_fingerprint() {
        let mut findings = sample::findings();
        findings.push(findings[1].clone());
        let issues = issues(&findings);
        assert_eq!(
            issues[1]["location"],
            serde_json::json!({"path": "deploy/shop.yaml", "lines": {"begin": 1}})
        );
        assert_eq!(issues[0]["severity"], "major");
        let prints: std::collections::BTreeSet<&str> =
            issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
        assert_eq!(prints.len(), issues.len());
    }

    #[test]
    fn an_issue_keeps_its_fingerprint_when_its_line_moves() {
        let mut findings = sample::findings();
        let before = issues(&findings);
        findings[0].at = Some((30, 1));
        assert_eq!(issues(&findings)[0]["fingerprint"], before[0]["fingerprint"]);
    }
}
