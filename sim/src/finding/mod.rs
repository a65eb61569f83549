//! What was found in files, in one shape for every verb, and the forms in which it is shown: one file each, each a pure
//! function to text.
//!
//! [`lint`](crate::lint) and replays make [`Case`]s of what they looked at. Nothing is judged here.

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

pub use self::path::relative;
use crate::{
    edit::Edit,
    input::{Fault, InputError},
};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing; nothing is wrong with it.
    Hint,
    /// It will hurt, or does not do what it seems to.
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

/// One thing that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// What it is about: stable, in kebab case.
    pub code: &'static str,
    /// Path of the file, as it was given; `-` is standard input, and empty is none.
    pub file: String,
    /// Line and column, counted from 1, where they are known.
    pub at: Option<(usize, usize)>,
    /// Path of the field; empty for the file as a whole.
    pub field: String,
    /// What is so; several lines where two things are compared.
    pub what: String,
    /// What can be done; empty where the sentence says it.
    pub remedy: String,
    /// The same as changes of the object, where it can be done so.
    pub edits: Vec<Edit>,
}

/// The code of a file that cannot be used.
pub const UNUSABLE: &str = "unusable";

impl Finding {
    /// Everything that is wrong with a file that cannot be used.
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

    /// The sentence, with the field it is about and what can be done.
    fn sentence(&self) -> String {
        let field = if self.field.is_empty() { String::new() } else { format!("{}: ", self.field) };
        let remedy = if self.remedy.is_empty() { String::new() } else { format!("\n{}", self.remedy) };
        format!("{field}{}{remedy}", self.what)
    }
}

/// One thing that was looked at: an object of a manifest, a scenario, a goal.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What it is called.
    pub name: String,
    /// Path of its file; empty where it is about none.
    pub file: String,
    /// What was found, by place.
    pub findings: Vec<Finding>,
    /// It could not be looked at at all.
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
    /// What it is called.
    pub name: String,
    /// What was looked at, in order.
    pub cases: Vec<Case>,
}
