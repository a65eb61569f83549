//! A report as shared types: findings with their file, and cases for test reports.

use serde::{Serialize, Serializer};
use serin_output::finding::{self, Case, Suite, sarif::Rule};

use super::{Code, FileReport, Finding, ObjectFindings, Report};

impl Finding {
    fn shown(&self, file: &str) -> finding::Finding {
        let Self { level, code, at, field, what, remedy, edits } = self.clone();
        finding::Finding { level, code: code.name(), file: file.into(), at, field, what, remedy, edits }
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.shown("").serialize(serializer)
    }
}

impl FileReport {
    /// The findings as they are printed.
    #[must_use]
    pub fn findings(&self) -> Vec<finding::Finding> {
        self.findings.iter().map(|finding| finding.shown(&self.file)).collect()
    }

    fn case(&self, part: &ObjectFindings) -> Case {
        Case {
            name: part.object.clone().unwrap_or_else(|| self.file.clone()),
            file: self.file.clone(),
            findings: part.findings.iter().map(|finding| finding.shown(&self.file)).collect(),
            is_unusable: part.findings.iter().any(|finding| finding.code.is_unusable()),
        }
    }
}

impl Report {
    /// Whether a file, or a document in it, cannot be read.
    #[must_use]
    pub fn is_unusable(&self) -> bool {
        self.files.iter().flat_map(|file| &file.findings).any(|finding| finding.code.is_unusable())
    }

    /// The findings of all files as they are printed.
    #[must_use]
    pub fn findings(&self) -> Vec<finding::Finding> {
        self.files.iter().flat_map(FileReport::findings).collect()
    }

    /// A suite for each file, with a case for each object in it.
    #[must_use]
    pub fn suites(&self) -> Vec<Suite> {
        let suite = |file: &FileReport| Suite {
            name: file.file.clone(),
            cases: file.parts.iter().map(|part| file.case(part)).collect(),
        };
        self.files.iter().map(suite).collect()
    }
}

/// The rules of [`lint`](super::lint).
#[must_use]
pub fn rules() -> Vec<Rule> {
    let rule = |code: &Code| Rule { code: code.name(), what: code.what(), level: code.level() };
    Code::ALL.iter().map(rule).collect()
}
