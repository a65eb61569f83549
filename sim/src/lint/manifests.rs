//! The objects in the files that are given: which there are, and which of them another one names.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::Value;
use serin_core::spec::Defaults;

use super::{
    Finding, Input, Settings,
    code::Code,
    fields::{list, text},
    query::Budget,
    together::{self, Neighbour},
};
use crate::{
    input::{self, Fault, InputError, Source, first_non_breaking_space, nearest, yaml_files},
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

    /// Its file, its kind and [`Self::title`], if it has a name.
    fn full_name(&self) -> Option<(usize, Kind, String)> {
        (!self.name().is_empty()).then(|| (self.file, self.kind, self.title()))
    }

    /// The file of a Canary, and namespace, kind and name of its target, if it names one.
    fn target(&self) -> Option<(usize, [String; 3])> {
        let target = |field| text(&self.json, &format!("/spec/targetRef/{field}")).to_owned();
        let named = self.kind == Kind::Canary && !target("name").is_empty();
        let namespace = self.namespace().unwrap_or("default").to_owned();
        named.then(|| (self.file, [namespace, target("kind"), target("name")]))
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
    /// Objects of other kinds that say something about a target.
    pub(super) neighbours: Vec<Neighbour>,
    /// For the queries of all files together.
    pub(super) budget: Budget,
    faults: BTreeMap<usize, Vec<Finding>>,
    /// The first object of a kind and a name in a file.
    named: BTreeMap<(usize, Kind, String), usize>,
    /// The first Canary of a target in a file.
    releasing: BTreeMap<(usize, [String; 3]), usize>,
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

/// The other files below a folder that say something about a target: those that can be read and hold such an object.
/// They may be a chart's templates or anything else, and nothing is said of the rest.
///
/// # Errors
/// A path that cannot be read.
pub fn beside(path: &Path) -> Result<Vec<Input>, InputError> {
    let is_beside = |text: &str| {
        let holds = || {
            let source = Source::new(text, path);
            let documents = source.documents::<Value>().unwrap_or_default();
            documents.iter().any(|(document, json)| Neighbour::of(0, *document, "", json).is_some())
        };
        !may_hold_ours(text) && together::may_hold(text) && holds()
    };
    if path.is_file() {
        return Ok(Vec::new());
    }
    let files = yaml_files(path, |path| input::read(path).is_ok_and(|text| is_beside(&text)))?;
    Ok(files.iter().map(|file| Input::read(file)).collect())
}

impl<'a> Files<'a> {
    pub(super) fn read(inputs: &[Input], settings: &'a Settings) -> Self {
        let mut files = Self {
            settings,
            objects: Vec::new(),
            neighbours: Vec::new(),
            budget: Budget::default(),
            faults: BTreeMap::new(),
            named: BTreeMap::new(),
            releasing: BTreeMap::new(),
        };
        for (i, input) in inputs.iter().enumerate() {
            let before = (files.objects.len(), files.neighbours.len());
            match &input.text {
                Err(error) => files.broken(i, error),
                Ok(text) => {
                    if let Some(at) = first_non_breaking_space(text) {
                        let what = "has non-breaking spaces, as text copied from a web page has: they are read as \
                                    plain ones here, and refused by a cluster";
                        files.fault(i, Code::NonBreakingSpace, Some(at), "", what);
                        files.remedy(i, "replace each U+00A0 by a plain space");
                    }
                    let source = Source::new(text, &input.path);
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
            if (files.objects.len(), files.neighbours.len()) == before && files.faults(i).is_empty() {
                files.nothing_to_check(i);
            }
        }
        if files.objects.is_empty() {
            let alone: BTreeSet<usize> = files.neighbours.iter().map(|other| other.file).collect();
            alone.into_iter().for_each(|file| files.nothing_to_check(file));
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

    /// The first object of this kind and name in its file; `None`: it has no name.
    pub(super) fn first_named_like(&self, object: &Object) -> Option<&Object> {
        Some(&self.objects[*self.named.get(&object.full_name()?)?])
    }

    /// The first Canary of this target in its file; `None`: it has no target.
    pub(super) fn first_that_releases_like(&self, object: &Object) -> Option<&Object> {
        Some(&self.objects[*self.releasing.get(&object.target()?)?])
    }

    /// Whether a file holds a Canary for the target of this one.
    pub(super) fn releases_in(&self, file: usize, canary: &Object) -> bool {
        canary.target().is_some_and(|(_, target)| self.releasing.contains_key(&(file, target)))
    }

    /// The objects of a kind, to be named.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(move |object| object.kind == kind)
    }

    fn document(&mut self, file: usize, document: usize, yaml: serde_yaml::Value, source: &Source<'_>) {
        let serde_yaml::Value::Mapping(mapping) = yaml else { return };
        let source = source.nth(document);
        match to_json(mapping) {
            Ok(json) => self.object(file, document, String::new(), json, &source),
            Err(error) => self.broken(file, &error.told(&source, "").into()),
        }
    }

    fn object(&mut self, file: usize, document: usize, at: String, json: Value, source: &Source<'_>) {
        self.neighbours.extend(Neighbour::of(file, document, &at, &json));
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
                self.push(Object { file, document, at, kind, json });
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

    fn push(&mut self, object: Object) {
        let place = self.objects.len();
        if let Some(name) = object.full_name() {
            self.named.entry(name).or_insert(place);
        }
        if let Some(target) = object.target() {
            self.releasing.entry(target).or_insert(place);
        }
        self.objects.push(object);
    }

    fn nothing_to_check(&mut self, file: usize) {
        let what = "holds no Canary, MetricTemplate or AlertProvider";
        self.fault(file, Code::NothingToCheck, None, "", what);
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
