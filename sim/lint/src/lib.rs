//! Checks manifests without a cluster: what is wrong, what will cause trouble, how a release would go, and the
//! differences from Flagger.
//!
//! [`lint`] reads Canaries, MetricTemplates and AlertProviders; [`text`] and [`json`] print the [`Report`]. This module
//! has no rules of its own about releases: [`Rollout::parse`](serin_core::Rollout::parse) refuses, the core's moves
//! make the [`Plan`], and [`Code`] lists what else is reported.

mod canary;
mod code;
mod compatibility;
mod controller;
mod found;
pub mod json;
mod manifests;
mod mended;
mod outlook;
mod query;
mod refused;
mod subject;
#[cfg(test)]
mod tests;
pub mod text;
mod together;
mod values;
mod versions;
mod warn;

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::Value;
use serin_core::revision::Text;
pub use serin_input::manifest::fields::Support;
use serin_input::{
    self as input, InputError, Source,
    edit::Edit,
    manifest::{Remedy, typed::pointer},
};
use serin_policy::outlook::Release;
pub use serin_policy::plan::{Divides, Gate, Leg, Moves, Plan, Rollback};

pub use self::code::{Code, Level};
pub use self::compatibility::Entry;
pub use self::controller::Controller;
pub use self::found::rules;
use self::manifests::{Files, Object};
pub use self::manifests::{beside, find, is_manifest};
pub use self::outlook::Outlook;
pub use self::subject::{Missing, Subject, choose, subject};

/// A file to check.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its path, as printed.
    pub path: PathBuf,
    /// Its contents.
    pub text: Result<String, InputError>,
}

impl Input {
    /// The file at `path`.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        Self { path: path.into(), text: input::read(path) }
    }

    /// The contents of a reader, printed as `path`.
    #[must_use]
    pub fn read_from(path: &Path, reader: impl io::Read) -> Self {
        Self { path: path.into(), text: input::read_from(path, reader) }
    }
}

/// The settings of the controller.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The router of a Canary without a provider.
    pub provider: Text,
    /// The controller's own namespace, where a metric's template is looked for second.
    pub namespace: Text,
    /// The controller that the manifests are for; `None`: for both.
    pub controller: Option<Controller>,
    /// A release whose outcome is to be computed.
    pub release: Option<Release>,
}

/// All results.
#[derive(Clone, Debug)]
pub struct Report {
    /// One for each input, in order.
    pub files: Vec<FileReport>,
}

/// The results of a file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileReport {
    /// Its path.
    pub file: String,
    /// The findings, by place.
    pub findings: Vec<Finding>,
    /// Every valid Canary.
    pub canaries: Vec<CanaryReport>,
    /// The same findings by object.
    #[serde(skip)]
    pub parts: Vec<ObjectFindings>,
}

/// The findings of one object, or of the file itself.
#[derive(Clone, Debug)]
pub struct ObjectFindings {
    /// Kind and name of the object; `None` for the file itself.
    pub object: Option<String>,
    /// The findings, by place.
    pub findings: Vec<Finding>,
}

/// What a Canary would do.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CanaryReport {
    /// `name.namespace`.
    pub canary: String,
    /// The plan of a release; `null` if it has too many checks to list.
    pub plan: Option<Plan>,
    /// The predicted result of the release in the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outlook: Option<Outlook>,
    /// How each field that is set compares with Flagger 1.44.
    pub compatibility: Vec<Entry>,
}

/// One finding. [`FileReport::findings`] has the printed form.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its level.
    pub level: Level,
    /// Its code.
    pub code: Code,
    /// Line and column, counted from 1, if they are known.
    pub at: Option<(usize, usize)>,
    /// Path of the field; empty for the file as a whole.
    pub field: String,
    /// The problem.
    pub what: String,
    /// The remedy; empty if the problem itself says it.
    pub remedy: String,
    /// The remedy as changes of the object, if possible.
    pub edits: Vec<Edit>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}: {}", self.level, self.code, self.field, self.what)
    }
}

impl Report {
    /// The number of findings of a level.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        let findings = self.files.iter().flat_map(|file| &file.findings);
        findings.filter(|finding| finding.level == level).count()
    }

    /// Whether no file contains an object that can be checked.
    #[must_use]
    pub fn holds_nothing(&self) -> bool {
        let is_empty =
            |file: &FileReport| file.findings.iter().any(|finding| finding.code == Code::NothingToCheck);
        self.files.iter().all(is_empty)
    }
}

/// An object of ours in a file.
#[derive(Clone, Debug)]
pub struct InFile {
    /// The index of its file among the inputs.
    pub file: usize,
    /// Its kind.
    pub kind: &'static str,
    /// `name.namespace`.
    pub title: String,
    /// It is an item of a list, not a document.
    pub in_list: bool,
    /// The object as written.
    pub json: Value,
}

/// The objects of ours in all files, in order.
#[must_use]
pub fn objects(inputs: &[Input], settings: &Settings) -> Vec<InFile> {
    let objects = Files::read(inputs, settings).objects.into_iter();
    let in_file = |object: Object| InFile {
        file: object.file,
        kind: object.kind.name(),
        title: object.title(),
        in_list: !object.at.is_empty(),
        json: object.json,
    };
    objects.map(in_file).collect()
}

/// A finding about an object, with the field's path within it.
#[derive(Clone, Debug)]
struct Draft {
    code: Code,
    field: String,
    what: String,
    remedy: Remedy,
    /// The offset in the field's text, in bytes, if it is about a part of the text.
    offset: Option<usize>,
}

/// Checks all files together, because one may refer to another.
#[must_use]
pub fn lint(inputs: &[Input], settings: &Settings) -> Report {
    let files = Files::read(inputs, settings);
    let together = together::look(&files);
    let reports = inputs.iter().enumerate().map(|(i, input)| report(i, input, &files, &together)).collect();
    Report { files: reports }
}

fn report(i: usize, input: &Input, files: &Files<'_>, together: &[(usize, Draft)]) -> FileReport {
    let mut parts = Vec::new();
    let mut canaries = Vec::new();
    if !files.faults(i).is_empty() {
        parts.push(ObjectFindings { object: None, findings: files.faults(i).to_vec() });
    }
    let source = Source::new(input.text.as_deref().unwrap_or_default(), &input.path);
    for object in files.objects.iter().filter(|object| object.file == i) {
        let (told, canary) = canary::look(object, files);
        let at = Whose { document: object.document, at: &object.at, json: &object.json };
        let told = told.into_iter();
        let findings = told.filter_map(|told| found(told, at, &source, files.settings.controller)).collect();
        parts.push(ObjectFindings {
            object: Some(format!("{} {}", object.kind.name(), object.title())),
            findings,
        });
        canaries.extend(canary);
    }
    for (other, told) in together {
        let other = &files.neighbours[*other];
        if other.file == i {
            let at = Whose { document: other.document, at: &other.at, json: &other.json };
            let findings = found(told.clone(), at, &source, files.settings.controller).into_iter().collect();
            parts.push(ObjectFindings { object: Some(other.title()), findings });
        }
    }
    for part in &mut parts {
        sort(&mut part.findings);
    }
    let mut findings: Vec<Finding> = parts.iter().flat_map(|part| part.findings.iter().cloned()).collect();
    sort(&mut findings);
    FileReport { file: input.path.display().to_string(), findings, canaries, parts }
}

/// By place; at the same place the worst first.
fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| (finding.at, std::cmp::Reverse(finding.level), finding.code));
}

/// The object of a finding.
#[derive(Clone, Copy)]
struct Whose<'a> {
    document: usize,
    at: &'a str,
    json: &'a Value,
}

/// Gives a finding its place in the file. `None` if it is not reported for the controller.
fn found(
    told: Draft,
    object: Whose<'_>,
    source: &Source<'_>,
    controller: Option<Controller>,
) -> Option<Finding> {
    let Draft { code, field, what, remedy, offset } = told;
    let level = controller::level(code, controller)?;
    let text = object.json.pointer(&pointer(&field)).and_then(Value::as_str);
    let within = |field: &str| match (object.at, field) {
        ("", field) => field.to_owned(),
        (at, "") => at.to_owned(),
        (at, field) => format!("{at}.{field}"),
    };
    let field = within(&field);
    let key = source.nth(object.document).fault(field.clone(), "").at;
    let part = || query::place::place(&source.text, key?, text?, offset?);
    let at = part().or(key);
    let Remedy { text: remedy, edits } = remedy.moved(within);
    Some(Finding { level, code, at, field, what, remedy, edits })
}
