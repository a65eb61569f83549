//! The objects in the given files, and the references between them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::Value;
use serin_core::spec::Defaults;
use serin_input::{
    self as input, Broken, Cause, Fault, InputError, Source, first_non_breaking_space,
    manifest::{Remedy, fields::text},
    nearest, objects, yaml_files,
};
use serin_simulator::scenario::to_json;

use super::{
    Finding, Input, Settings,
    code::Code,
    query::Budget,
    together::{self, Neighbour},
    versions,
};

/// The kinds that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ManifestKind {
    Canary,
    MetricTemplate,
    AlertProvider,
}

impl ManifestKind {
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
    /// The index of its file among the inputs.
    pub(super) file: usize,
    /// The index of its document in the file.
    pub(super) document: usize,
    /// Its path in a list of objects; empty if it is the document.
    pub(super) at: String,
    pub(super) kind: ManifestKind,
    pub(super) json: Value,
}

impl Object {
    /// Its namespace, if it is set.
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
    fn full_name(&self) -> Option<(usize, ManifestKind, String)> {
        (!self.name().is_empty()).then(|| (self.file, self.kind, self.title()))
    }

    /// The file of a Canary, and the namespace, kind and name of its target, if it is set.
    fn target(&self) -> Option<(usize, [String; 3])> {
        let target = |field| text(&self.json, &format!("/spec/targetRef/{field}")).to_owned();
        let named = self.kind == ManifestKind::Canary && !target("name").is_empty();
        let namespace = self.namespace().unwrap_or("default").to_owned();
        named.then(|| (self.file, [namespace, target("kind"), target("name")]))
    }

    /// Whether a reference means it. An object without a namespace can be applied to any namespace.
    pub(super) fn is(&self, kind: ManifestKind, namespace: &str, name: &str) -> bool {
        self.kind == kind && self.name() == name && self.namespace().is_none_or(|own| own == namespace)
    }
}

/// All given files.
pub(super) struct Files<'a> {
    pub(super) settings: &'a Settings,
    pub(super) objects: Vec<Object>,
    /// Objects of other kinds that concern a target.
    pub(super) neighbours: Vec<Neighbour>,
    /// The limit for the queries of all files together.
    pub(super) budget: Budget,
    faults: BTreeMap<usize, Vec<Finding>>,
    /// The first object of a kind and a name in a file.
    named: BTreeMap<(usize, ManifestKind, String), usize>,
    /// The first Canary of a target in a file.
    releasing: BTreeMap<(usize, [String; 3]), usize>,
    /// The files that only describe how others are combined.
    kustomizations: BTreeSet<usize>,
}

/// The files at `path`: a file as given, and of a folder every YAML file that can contain an object of ours.
///
/// # Errors
/// A path that cannot be read, or a folder without such a file.
pub fn find(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let files = yaml_files(path, |path| input::read(path).is_ok_and(|text| may_hold_ours(&text)))?;
    if files.is_empty() {
        return Err(Fault::of_file(path, "contains no YAML file with an object of flagger.app").into());
    }
    Ok(files)
}

/// Whether a file can contain an object of ours, as [`find`] checks it in folders. A file that cannot be read can.
#[must_use]
pub fn is_manifest(path: &Path) -> bool {
    input::read(path).map_or(true, |text| may_hold_ours(&text))
}

/// The other files of a folder that concern a target: those that can be read and contain such an object. They may be
/// templates of a chart or anything else, so nothing is reported about the rest.
///
/// # Errors
/// A path that cannot be read.
pub fn beside(path: &Path) -> Result<Vec<Input>, InputError> {
    let is_beside = |text: &str| {
        let holds = || {
            let source = Source::new(text, path);
            let (documents, _) = source.documents();
            documents.into_iter().any(|(document, mapping)| {
                let json = to_json(mapping);
                json.is_ok_and(|json| Neighbour::of(0, document, "", &json).is_some())
            })
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
            kustomizations: BTreeSet::new(),
        };
        for (i, input) in inputs.iter().enumerate() {
            let before = (files.objects.len(), files.neighbours.len());
            match &input.text {
                Err(error) => {
                    error.faults.iter().for_each(|fault| files.unreadable(i, Code::Unreadable, fault));
                }
                Ok(text) => {
                    if let Some(at) = first_non_breaking_space(text) {
                        let what = "has non-breaking spaces, often copied from a web page: they are read as plain \
                                    spaces here, but a cluster refuses them";
                        files.fault(i, Code::NonBreakingSpace, Some(at), "", what);
                        files.remedy(i, "replace each U+00A0 by a plain space".into());
                    }
                    let source = Source::new(text, &input.path);
                    let (documents, broken) = source.documents();
                    broken.iter().for_each(|broken| files.broken(i, broken));
                    for (document, mapping) in documents {
                        files.document(i, document, mapping, &source);
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
        let templates = self.objects.iter().filter(|object| object.kind == ManifestKind::MetricTemplate);
        let key =
            |object: &Object| (object.namespace().unwrap_or(namespace).to_owned(), object.name().to_owned());
        Defaults {
            provider: self.settings.provider.clone(),
            namespace: self.settings.namespace.clone(),
            templates: templates.map(key).collect(),
        }
    }

    /// The first object of this kind and name in its file; `None` if it has no name.
    pub(super) fn first_named_like(&self, object: &Object) -> Option<&Object> {
        Some(&self.objects[*self.named.get(&object.full_name()?)?])
    }

    /// The first Canary of this target in its file; `None` if it has no target.
    pub(super) fn first_that_releases_like(&self, object: &Object) -> Option<&Object> {
        Some(&self.objects[*self.releasing.get(&object.target()?)?])
    }

    /// Whether a file contains a Canary for the target of this one.
    pub(super) fn releases_in(&self, file: usize, canary: &Object) -> bool {
        canary.target().is_some_and(|(_, target)| self.releasing.contains_key(&(file, target)))
    }

    /// The objects of a kind, to be named.
    pub(super) fn of(&self, kind: ManifestKind) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(move |object| object.kind == kind)
    }

    fn document(&mut self, file: usize, document: usize, mapping: serde_yaml::Mapping, source: &Source<'_>) {
        let source = source.nth(document);
        match to_json(mapping) {
            Ok(json) => {
                for (at, json) in objects(json) {
                    self.object(file, document, at, json, &source);
                }
            }
            Err(error) => self.broken(file, &error.broken(&source, "")),
        }
    }

    fn object(&mut self, file: usize, document: usize, at: String, json: Value, source: &Source<'_>) {
        self.neighbours.extend(Neighbour::of(file, document, &at, &json));
        let (kind, version) = (text(&json, "/kind"), text(&json, "/apiVersion"));
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let known = ManifestKind::ALL.into_iter().find(|known| known.name() == kind);
        match known {
            // `kind: Canary` in another group may belong to another controller.
            Some(kind) if version.is_empty() || is_ours(group) || version.starts_with("v1") => {
                self.push(Object { file, document, at, kind, json });
            }
            None if group == OUR_GROUP => {
                let (what, remedy) = unknown_kind(kind);
                let field = below(&at, "kind");
                self.fault(file, Code::UnknownKind, source.fault(field.clone(), "").at, &field, &what);
                let near = nearest(kind, ManifestKind::ALL.map(ManifestKind::name));
                let remedy = Remedy::new(remedy);
                self.remedy(
                    file,
                    near.into_iter().fold(remedy, |remedy, near| remedy.setting(&*field, near)),
                );
            }
            Some(_) | None => {
                if kind == "Kustomization" {
                    self.kustomizations.insert(file);
                }
                if let Some(version) = versions::removed(version, kind) {
                    let field = below(&at, "apiVersion");
                    let place = source.fault(field.clone(), "").at;
                    self.fault(file, Code::RemovedApiVersion, place, &field, &version.what());
                    self.remedy(file, version.remedy(&field));
                }
            }
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
        let what = if self.kustomizations.contains(&file) {
            "is a Kustomization: lint the output of `kubectl kustomize`"
        } else {
            "contains no Canary, MetricTemplate or AlertProvider"
        };
        self.fault(file, Code::NothingToCheck, None, "", what);
    }

    fn broken(&mut self, file: usize, Broken { cause, fault }: &Broken) {
        let code = match cause {
            Cause::NotYaml => Code::Unreadable,
            Cause::Template => Code::UnrenderedTemplate,
            Cause::Conflict => Code::MergeConflict,
            Cause::DuplicateKey => Code::DuplicateKey,
        };
        self.unreadable(file, code, fault);
    }

    fn unreadable(&mut self, file: usize, code: Code, Fault { at, field, what, .. }: &Fault) {
        self.fault(file, code, *at, field, what);
    }

    fn remedy(&mut self, file: usize, Remedy { text, edits }: Remedy) {
        if let Some(last) = self.faults.get_mut(&file).and_then(|found| found.last_mut()) {
            (last.remedy, last.edits) = (text, edits);
        }
    }

    fn fault(&mut self, file: usize, code: Code, at: Option<(usize, usize)>, field: &str, what: &str) {
        let (field, what, remedy) = (field.into(), what.into(), String::new());
        let edits = Vec::new();
        let finding = Finding { level: code.level(), code, at, field, what, remedy, edits };
        self.faults.entry(file).or_default().push(finding);
    }
}

/// A field of the object at this path in a document.
fn below(at: &str, field: &str) -> String {
    if at.is_empty() { field.into() } else { format!("{at}.{field}") }
}

const OUR_GROUP: &str = "flagger.app";

/// Whether a group is ours, or a misspelling of it.
fn is_ours(group: &str) -> bool {
    group == OUR_GROUP || nearest(group, [OUR_GROUP]).is_some()
}

/// A kind that our group does not have, and the remedy.
fn unknown_kind(kind: &str) -> (String, String) {
    let names = ManifestKind::ALL.map(ManifestKind::name);
    let known = format!("known are {}", names.join(", "));
    if kind.is_empty() {
        return (format!("has no `kind`; {known}"), String::new());
    }
    match nearest(kind, names) {
        Some(near) => (format!("{OUR_GROUP} has no kind `{kind}`"), format!("did you mean `{near}`?")),
        None => (format!("{OUR_GROUP} has no kind `{kind}`; {known}"), String::new()),
    }
}

/// Whether an object may be ours. A scenario contains its Canary further inside, so it is not such a file.
fn may_hold_ours(text: &str) -> bool {
    let begins =
        |line: &str| line.starts_with(['{', '"']) || line.starts_with("kind:") || line.contains("\"kind\"");
    text.contains("flagger.app/") && text.lines().any(begins)
}
