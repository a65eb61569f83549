//! What a manifest would do, before it does it: what is wrong with it, what will hurt, what a release would look like,
//! and where it differs from Flagger.
//!
//! [`lint`] reads Canaries, MetricTemplates and AlertProviders; [`text`] and [`json`] show the [`Report`]. Nothing is
//! judged here by rules of its own: [`Rollout::parse`](serin_core::Rollout::parse) refuses, the core's moves make the
//! [`Plan`], and [`Code`] lists what else is told.

mod canary;
mod code;
mod compatibility;
mod fields;
pub mod json;
mod known;
mod manifests;
mod outlook;
mod plan;
mod query;
#[cfg(test)]
mod tests;
pub mod text;
mod together;
mod typed;
mod values;
mod warn;

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::Value;
use serin_core::revision::Text;

pub use self::code::{Code, Level};
pub use self::compatibility::{Entry, Standing};
use self::manifests::Files;
pub use self::manifests::{beside, find};
pub use self::outlook::Outlook;
pub use self::plan::{Gate, Leg, Moves, Plan, Rollback};
use crate::{
    exact::Release,
    input::{self, InputError, Source},
};

/// A file that is to be looked at.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its path, as it is shown.
    pub path: PathBuf,
    /// What it holds.
    pub text: Result<String, InputError>,
}

impl Input {
    /// The file at `path`.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        Self { path: path.into(), text: input::read(path) }
    }

    /// What a reader gives, shown as `path`.
    #[must_use]
    pub fn read_from(path: &Path, reader: impl io::Read) -> Self {
        Self { path: path.into(), text: input::read_from(path, reader) }
    }
}

/// What the controller adds to the manifests.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Router where a Canary names none.
    pub provider: Text,
    /// The controller's own namespace: the second place a metric's template is looked for.
    pub namespace: Text,
    /// A release of which is told what becomes of it.
    pub release: Option<Release>,
}

/// Everything that was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// One for each input, in order.
    pub files: Vec<FileReport>,
}

/// What was found in a file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileReport {
    /// Its path.
    pub file: String,
    /// What was found, by place.
    pub findings: Vec<Finding>,
    /// Every Canary that makes sense.
    pub canaries: Vec<CanaryReport>,
}

/// What a Canary would do.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CanaryReport {
    /// `name.namespace`.
    pub canary: String,
    /// What a release would look like; `null` if it has more checks than can be told.
    pub plan: Option<Plan>,
    /// What would become of the release that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outlook: Option<Outlook>,
    /// How each field that is set stands to Flagger 1.44.
    pub compatibility: Vec<Entry>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// What it is about.
    pub code: Code,
    /// Line and column, counted from 1, where they are known.
    #[serde(flatten, serialize_with = "place")]
    pub at: Option<(usize, usize)>,
    /// Path of the field; empty for the file as a whole.
    pub field: String,
    /// What is so.
    pub what: String,
    /// What can be done; empty where the sentence says it.
    pub remedy: String,
}

fn place<S: serde::Serializer>(at: &Option<(usize, usize)>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Place {
        line: Option<usize>,
        column: Option<usize>,
    }
    Place { line: at.map(|at| at.0), column: at.map(|at| at.1) }.serialize(serializer)
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}: {}", self.level, self.code, self.field, self.what)
    }
}

impl Report {
    /// How many findings there are of a level.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        let findings = self.files.iter().flat_map(|file| &file.findings);
        findings.filter(|finding| finding.level == level).count()
    }
}

/// Something to be told about an object, with the field's path within it.
#[derive(Clone, Debug)]
struct Told {
    code: Code,
    field: String,
    what: String,
    remedy: String,
    /// The place in the field's text, in bytes, where it is about a part of it.
    offset: Option<usize>,
}

/// Looks at all files together: what one refers to may stand in another.
#[must_use]
pub fn lint(inputs: &[Input], settings: &Settings) -> Report {
    let files = Files::read(inputs, settings);
    let together = together::look(&files);
    let reports = inputs.iter().enumerate().map(|(i, input)| report(i, input, &files, &together)).collect();
    Report { files: reports }
}

fn report(i: usize, input: &Input, files: &Files<'_>, together: &[(usize, Told)]) -> FileReport {
    let mut findings = files.faults(i).to_vec();
    let mut canaries = Vec::new();
    let source = Source::new(input.text.as_deref().unwrap_or_default(), &input.path);
    for object in files.objects.iter().filter(|object| object.file == i) {
        let (told, canary) = canary::look(object, files);
        let at = Whose { document: object.document, at: &object.at, json: &object.json };
        findings.extend(told.into_iter().map(|told| found(told, at, &source)));
        canaries.extend(canary);
    }
    for (other, told) in together {
        let other = &files.neighbours[*other];
        if other.file == i {
            let at = Whose { document: other.document, at: &other.at, json: &other.json };
            findings.push(found(told.clone(), at, &source));
        }
    }
    findings.sort_by_key(|finding| (finding.at, std::cmp::Reverse(finding.level), finding.code));
    FileReport { file: input.path.display().to_string(), findings, canaries }
}

/// An object that something is told of.
#[derive(Clone, Copy)]
struct Whose<'a> {
    document: usize,
    at: &'a str,
    json: &'a Value,
}

/// Gives what is told of an object its place in the file.
fn found(told: Told, object: Whose<'_>, source: &Source<'_>) -> Finding {
    let Told { code, field, what, remedy, offset } = told;
    let text = pointer(object.json, &field).and_then(Value::as_str);
    let path = match (object.at, field.as_str()) {
        ("", _) => field,
        (_, "") => object.at.to_owned(),
        (at, field) => format!("{at}.{field}"),
    };
    let key = source.nth(object.document).fault(path.clone(), "").at;
    let within = || query::place::place(&source.text, key?, text?, offset?);
    let at = within().or(key);
    Finding { level: code.level(), code, at, field: path, what, remedy }
}

/// The value at the path of a field, such as `spec.analysis.metrics[0].query`.
fn pointer<'a>(json: &'a Value, path: &str) -> Option<&'a Value> {
    let steps = path.split(['.', '[']).map(|part| format!("/{}", part.trim_end_matches(']')));
    json.pointer(&steps.collect::<String>())
}
