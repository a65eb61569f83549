//! The objects in the files that are given: which there are, and which of them another one names.

use std::{collections::BTreeMap, path::Path, path::PathBuf};

use serde_json::Value;
use serin_core::spec::Defaults;

use super::{
    Finding, Input, Settings,
    code::Code,
    fields::{list, text},
};
use crate::{
    input::{self, Fault, InputError, Source, nearest, yaml_files},
    scenario::to_json,
};

/// The kinds we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Canary,
    MetricTemplate,
    AlertProvider,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Canary, Self::MetricTemplate, Self::AlertProvider];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Canary => "Canary",
            Self::MetricTemplate => "MetricTemplate",
            Self::AlertProvider => "AlertProvider",
        }
    }
}

/// An object of ours.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// Its file among the inputs.
    pub(super) file: usize,
    /// Its document in the file.
    pub(super) document: usize,
    /// Its place in a list of objects; empty where it is the document.
    pub(super) at: String,
    pub(super) kind: Kind,
    pub(super) json: Value,
}

impl Object {
    /// Its namespace, where it names one.
    pub(super) fn namespace(&self) -> Option<&str> {
        Some(text(&self.json, "/metadata/namespace")).filter(|text| !text.is_empty())
    }

    pub(super) fn name(&self) -> &str {
        text(&self.json, "/metadata/name")
    }

    /// `name.namespace`.
    pub(super) fn title(&self) -> String {
        format!("{}.{}", self.name(), self.namespace().unwrap_or("default"))
    }

    /// Whether a reference means it. One that names no namespace is applied wherever it is wanted.
    pub(super) fn is(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        self.kind == kind && self.name() == name && self.namespace().is_none_or(|own| own == namespace)
    }
}

/// All files that are given.
pub(super) struct Files<'a> {
    pub(super) settings: &'a Settings,
    pub(super) objects: Vec<Object>,
    faults: BTreeMap<usize, Vec<Finding>>,
}

/// The files at `path`: a file as it is given, and below a folder every YAML file with objects of which one may be ours.
///
/// # Errors
/// A path that cannot be read, and a folder without such a file.
pub fn find(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let files = yaml_files(path, |path| input::read(path).is_ok_and(|text| may_hold_ours(&text)))?;
    if files.is_empty() {
        return Err(Fault::of_file(path, "holds no YAML file with an object of flagger.app").into());
    }
    Ok(files)
}

impl<'a> Files<'a> {
    pub(super) fn read(inputs: &[Input], settings: &'a Settings) -> Self {
        let mut files = Self { settings, objects: Vec::new(), faults: BTreeMap::new() };
        for (i, input) in inputs.iter().enumerate() {
            let before = files.objects.len();
            match &input.text {
                Err(error) => files.broken(i, error),
                Ok(text) if copied(text).is_some() => {
                    let what = "is set in with non-breaking spaces, as text copied from a web page is: YAML does not \
                                take them for spaces";
                    files.fault(i, Code::NonBreakingSpace, copied(text), "", what);
                    files.remedy(i, "replace each U+00A0 by a plain space");
                }
                Ok(text) => {
                    let source = Source { text, path: &input.path, document: 0 };
                    match source.documents::<serde_yaml::Value>() {
                        Err(error) => files.broken(i, &error),
                        Ok(documents) => {
                            for (document, yaml) in documents {
                                files.document(i, document, yaml, &source);
                            }
                        }
                    }
                }
            }
            if files.objects.len() == before && files.faults(i).is_empty() {
                let what = "holds no Canary, MetricTemplate or AlertProvider";
                files.fault(i, Code::NothingToCheck, None, "", what);
            }
        }
        files
    }

    pub(super) fn faults(&self, file: usize) -> &[Finding] {
        self.faults.get(&file).map_or(&[], Vec::as_slice)
    }

    /// What the controller adds to a Canary of this namespace.
    pub(super) fn defaults(&self, namespace: &str) -> Defaults {
        let templates = self.objects.iter().filter(|object| object.kind == Kind::MetricTemplate);
        let key =
            |object: &Object| (object.namespace().unwrap_or(namespace).to_owned(), object.name().to_owned());
        Defaults {
            provider: self.settings.provider.clone(),
            namespace: self.settings.namespace.clone(),
            templates: templates.map(key).collect(),
        }
    }

    /// The objects of a kind, to be named.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(move |object| object.kind == kind)
    }

    fn document(&mut self, file: usize, document: usize, yaml: serde_yaml::Value, source: &Source<'_>) {
        let serde_yaml::Value::Mapping(mapping) = yaml else { return };
        let source = Source { document, ..*source };
        match to_json(mapping) {
            Ok(json) => self.object(file, document, String::new(), json, &source),
            Err(error) => {
                let at = source.fault("", "").at;
                self.fault(file, Code::Unreadable, at, "", &error.to_string());
            }
        }
    }

    fn object(&mut self, file: usize, document: usize, at: String, json: Value, source: &Source<'_>) {
        let kind = text(&json, "/kind");
        if kind == "List" || (kind.ends_with("List") && json.get("items").is_some()) {
            for (i, item) in list(&json, "/items").iter().enumerate() {
                self.object(file, document, format!("items[{i}]"), item.clone(), source);
            }
            return;
        }
        let ours = text(&json, "/apiVersion").starts_with("flagger.app/");
        match Kind::ALL.into_iter().find(|known| known.name() == kind) {
            // `kind: Canary` without the group may be another controller's.
            Some(kind) if ours || text(&json, "/apiVersion").is_empty() => {
                self.objects.push(Object { file, document, at, kind, json });
            }
            None if ours => {
                let names = Kind::ALL.map(Kind::name);
                let near = nearest(kind, names);
                let near = near.map_or(format!("known are {}", names.join(", ")), |near| {
                    format!("did you mean `{near}`?")
                });
                let field = if at.is_empty() { "kind".into() } else { format!("{at}.kind") };
                let place = source.fault(field.clone(), "").at;
                self.fault(file, Code::UnknownKind, place, &field, &format!("unknown kind `{kind}`; {near}"));
            }
            Some(_) | None => {}
        }
    }

    fn broken(&mut self, file: usize, error: &InputError) {
        for Fault { at, field, what, .. } in &error.faults {
            self.fault(file, Code::Unreadable, *at, field, what);
        }
    }

    fn remedy(&mut self, file: usize, remedy: &str) {
        if let Some(last) = self.faults.get_mut(&file).and_then(|found| found.last_mut()) {
            last.remedy = remedy.into();
        }
    }

    fn fault(&mut self, file: usize, code: Code, at: Option<(usize, usize)>, field: &str, what: &str) {
        let (field, what, remedy) = (field.into(), what.into(), String::new());
        let finding = Finding { level: code.level(), code, at, field, what, remedy };
        self.faults.entry(file).or_default().push(finding);
    }
}

/// Whether an object may be ours. A scenario, which has its Canary further in, is no such file.
fn may_hold_ours(text: &str) -> bool {
    let begins =
        |line: &str| line.starts_with(['{', '"']) || line.starts_with("kind:") || line.contains("\"kind\"");
    text.contains("flagger.app/") && text.lines().any(begins)
}

/// The first line that is set in with a non-breaking space.
fn copied(text: &str) -> Option<(usize, usize)> {
    text.lines().enumerate().find_map(|(i, line)| {
        let column = line.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\u{a0}')?;
        Some((i + 1, column + 1))
    })
}
