//! Findings about files, in one type for every verb, and the output formats. Each format is one file: a pure function
//! that returns text.
//!
//! Lint and replays make [`Case`]s. Nothing is judged here.

pub mod github;
pub mod gitlab;
mod json;
pub mod junit;
mod path;
pub mod sarif;
pub mod text;

#[cfg(test)]
mod sample;

use std::fmt;

use serde::Serialize;
use serin_input::{Fault, InputError, edit::Edit};

pub use self::path::relative;

/// The level of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing, but not wrong.
    Hint,
    /// It will cause trouble, or does not do what it seems to.
    Warning,
    /// It is refused, or does not hold.
    Error,
}

impl Level {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its level.
    pub level: Level,
    /// Its code: stable, in kebab case.
    pub code: &'static str,
    /// Path of the file, as given; `-` is standard input, and empty means no file.
    pub file: String,
    /// Line and column, counted from 1, if they are known.
    pub at: Option<(usize, usize)>,
    /// Path of the field; empty for the file as a whole.
    pub field: String,
    /// The problem; several lines if two things are compared.
    pub what: String,
    /// The remedy; empty if the problem itself says it.
    pub remedy: String,
    /// The remedy as changes of the object, if possible.
    pub edits: Vec<Edit>,
}

/// The code of a file that cannot be used.
pub const UNUSABLE: &str = "unusable";

impl Finding {
    /// All faults of a file that cannot be used.
    #[must_use]
    pub fn of_error(error: &InputError) -> Vec<Self> {
        let of_fault = |Fault { file, at, field, what }: &Fault| Self {
            level: Level::Error,
            code: UNUSABLE,
            file: file.display().to_string(),
            at: *at,
            field: field.clone(),
            what: what.clone(),
            remedy: String::new(),
            edits: Vec::new(),
        };
        error.faults.iter().map(of_fault).collect()
    }

    /// The problem, with its field and remedy.
    fn sentence(&self) -> String {
        let field = if self.field.is_empty() { String::new() } else { format!("{}: ", self.field) };
        let remedy = if self.remedy.is_empty() { String::new() } else { format!("\n{}", self.remedy) };
        format!("{field}{}{remedy}", self.what)
    }
}

/// One checked thing: an object of a manifest, a scenario, a goal.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Path of its file; empty if it has none.
    pub file: String,
    /// The findings, by place.
    pub findings: Vec<Finding>,
    /// It could not be checked at all.
    pub is_unusable: bool,
}

impl Case {
    /// A file that cannot be used.
    #[must_use]
    pub fn unusable(file: &str, error: &InputError) -> Self {
        let findings = Finding::of_error(error);
        Self { name: file.into(), file: file.into(), findings, is_unusable: true }
    }
}

/// Cases that belong together: those of a file, or of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// The cases, in order.
    pub cases: Vec<Case>,
}
