//! The manifests of a story: the Canary and the MetricTemplates, in the scenario or in other files.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    rc::Rc,
};

use serde_json::{Map, Value};
use serde_yaml::Mapping;
use serin_input::{self as input, Broken, Cause, Fault, InputError, Places, Source};

use super::shape::TextOr;

/// The manifests of a story.
pub(super) struct Manifests {
    pub(super) canary: Canary,
    /// The query of every MetricTemplate, by namespace and name.
    pub(super) templates: BTreeMap<(String, String), String>,
    /// Everything except the Canary.
    pub(super) others: Vec<Value>,
}

/// The Canary, and its place.
pub(super) struct Canary {
    pub(super) json: Value,
    /// Its file and its document there; `None`: it is in the scenario itself.
    outside: Option<Outside>,
}

/// An object in a file that the scenario names.
struct Outside {
    path: PathBuf,
    text: Rc<str>,
    object: InFile,
    places: Places,
}

/// The place of an object in a file.
#[derive(Clone)]
struct InFile {
    document: usize,
    /// Its path in the document; empty unless it is in a list.
    at: String,
}

impl Canary {
    /// A fault of one of its fields.
    pub(super) fn fault(&self, scenario: &Source<'_>, field: &str, what: impl Into<String>) -> Fault {
        let named = if field.is_empty() { "canary".into() } else { format!("canary.{field}") };
        match &self.outside {
            None => scenario.fault(named, what),
            Some(Outside { path, text, object: InFile { document, at }, places }) => {
                let (text, places) = (text.clone(), places.clone());
                let source = Source { text, path, document: *document, places };
                let gap = if at.is_empty() || field.is_empty() { "" } else { "." };
                Fault { field: named, ..source.fault(format!("{at}{gap}{field}"), what) }
            }
        }
    }
}

/// Reads all manifests of a scenario.
pub(super) fn manifests(
    canary: TextOr<Mapping>,
    templates: Vec<TextOr<Mapping>>,
    scenario: &Source<'_>,
) -> Result<Manifests, InputError> {
    let mut found = Vec::new();
    let canary = match canary {
        TextOr::Map(mapping) => {
            let json = to_json(mapping).map_err(|error| error.told(scenario, "canary"))?;
            Canary { json, outside: None }
        }
        TextOr::Text(name) => {
            let (path, text, documents) = documents(&name, "canary", scenario)?;
            let (canaries, beside) = documents.into_iter().partition(|(_, json)| kind(json) == "Canary");
            found.extend::<Vec<_>>(beside);
            let (object, json) =
                only(canaries).map_err(|what| scenario.fault("canary", format!("`{name}` {what}")))?;
            Canary { json, outside: Some(Outside { path, text, object, places: Places::default() }) }
        }
    };
    let mut others: Vec<Value> = found.into_iter().map(|(_, json)| json).collect();
    for (i, template) in templates.into_iter().enumerate() {
        let field = format!("templates[{i}]");
        match template {
            TextOr::Map(mapping) => {
                let json = to_json(mapping).map_err(|error| error.told(scenario, &field))?;
                if kind(&json) != "MetricTemplate" {
                    return Err(scenario.fault(field + ".kind", "must be MetricTemplate").into());
                }
                others.push(json);
            }
            TextOr::Text(name) => {
                let (_, _, documents) = documents(&name, &field, scenario)?;
                others.extend(documents.into_iter().map(|(_, json)| json));
            }
        }
    }
    let namespace = or(text(&canary.json, "/metadata/namespace"), "default");
    let templates = others.iter().filter(|json| kind(json) == "MetricTemplate");
    let templates = templates.map(|json| {
        let name =
            (or(text(json, "/metadata/namespace"), namespace).into(), text(json, "/metadata/name").into());
        (name, text(json, "/spec/query").to_owned())
    });
    let templates = templates.collect();
    Ok(Manifests { canary, templates, others })
}

/// The Canary in a file that a scenario names, and the other manifests there.
pub(super) fn inline(
    name: &str,
    scenario: &Source<'_>,
) -> Result<(serde_yaml::Value, Vec<serde_yaml::Value>), InputError> {
    let (_, _, documents) = documents(name, "canary", scenario)?;
    let (canaries, others): (Documents, Documents) =
        documents.into_iter().partition(|(_, json)| kind(json) == "Canary");
    let fault = |what: String| scenario.fault("canary", format!("`{name}` {what}"));
    let (_, canary) = only(canaries).map_err(|what| fault(what.into()))?;
    let yaml = |json: Value| serde_yaml::to_value(json).map_err(|error| fault(error.to_string()));
    let templates = others.into_iter().filter(|(_, json)| kind(json) == "MetricTemplate");
    let templates = templates.map(|(_, json)| yaml(json)).collect::<Result<_, _>>()?;
    Ok((yaml(canary)?, templates))
}

/// A YAML mapping as JSON, as an API server stores it.
pub fn to_json(mapping: Mapping) -> Result<Value, NoJson> {
    let mut value = serde_yaml::Value::Mapping(mapping);
    // Merge keys that cannot be merged are kept.
    let _ = value.apply_merge();
    if let Some(field) = no_key(&value) {
        return Err(NoJson { field, what: "a key must be a text".into() });
    }
    if let Some((field, number)) = no_number(&value) {
        return Err(NoJson { field, what: format!("{number} is not a number that Kubernetes accepts") });
    }
    serde_json::to_value(value).map_err(|error| NoJson { field: String::new(), what: error.to_string() })
}

/// A value that an API server cannot store.
#[derive(Debug)]
pub struct NoJson {
    /// Its path; empty if it is not known.
    pub field: String,
    /// What is wrong with it.
    pub what: String,
}

impl NoJson {
    /// The fault of a file in which the mapping is in this field.
    pub fn told(self, source: &Source<'_>, parent: &str) -> Fault {
        self.broken(source, parent).fault
    }

    /// The same with its cause: a value that begins with a template and has no quotes is a mapping in YAML.
    pub fn broken(self, source: &Source<'_>, parent: &str) -> Broken {
        let gap = if parent.is_empty() || self.field.is_empty() { "" } else { "." };
        let fault = source.fault(format!("{parent}{gap}{}", self.field), self.what);
        source.template_at(&fault).unwrap_or(Broken { cause: Cause::NotYaml, fault })
    }
}

/// The path of the first mapping whose key is a mapping or a list, as `{{ name }}` is in YAML.
fn no_key(value: &serde_yaml::Value) -> Option<String> {
    match value {
        serde_yaml::Value::Sequence(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(i, item)| no_key(item).map(|below| below_of(&format!("[{i}]"), &below)))
        }
        serde_yaml::Value::Mapping(fields) => fields.iter().find_map(|(key, value)| {
            if key.is_mapping() || key.is_sequence() || key.is_null() {
                return Some(String::new());
            }
            no_key(value).map(|below| below_of(key.as_str().unwrap_or_default(), &below))
        }),
        serde_yaml::Value::Tagged(tagged) => no_key(&tagged.value),
        serde_yaml::Value::Null
        | serde_yaml::Value::Bool(_)
        | serde_yaml::Value::Number(_)
        | serde_yaml::Value::String(_) => None,
    }
}

/// The path of the first number that JSON cannot represent, and the number.
fn no_number(value: &serde_yaml::Value) -> Option<(String, f64)> {
    match value {
        serde_yaml::Value::Number(number) => {
            number.as_f64().filter(|number| !number.is_finite()).map(|number| (String::new(), number))
        }
        serde_yaml::Value::Sequence(items) => items.iter().enumerate().find_map(|(i, item)| {
            no_number(item).map(|(below, number)| (below_of(&format!("[{i}]"), &below), number))
        }),
        serde_yaml::Value::Mapping(fields) => fields.iter().find_map(|(key, value)| {
            no_number(value)
                .map(|(below, number)| (below_of(key.as_str().unwrap_or_default(), &below), number))
        }),
        serde_yaml::Value::Tagged(tagged) => no_number(&tagged.value),
        serde_yaml::Value::Null | serde_yaml::Value::Bool(_) | serde_yaml::Value::String(_) => None,
    }
}

/// The path of a key or an index.
fn below_of(step: &str, below: &str) -> String {
    let gap = if below.is_empty() || below.starts_with('[') { "" } else { "." };
    format!("{step}{gap}{below}")
}

type Documents = Vec<(InFile, Value)>;

/// The objects in a file that the scenario names.
fn documents(
    name: &str,
    field: &str,
    scenario: &Source<'_>,
) -> Result<(PathBuf, Rc<str>, Documents), InputError> {
    let path = scenario.path.parent().unwrap_or(Path::new("")).join(name);
    let text = input::read_named(&path).map_err(|error| named(error, field, scenario))?;
    let source = Source::new(&text, &path);
    let mut found = Vec::new();
    for (document, mapping) in source.all_documents()? {
        let json = to_json(mapping).map_err(|error| error.told(&source.nth(document), ""))?;
        let objects = input::objects(json).into_iter();
        found.extend(objects.map(|(at, json)| (InFile { document, at }, json)));
    }
    let text = source.text;
    Ok((path, text, found))
}

/// A file that cannot be read, reported at the field that names it.
fn named(error: InputError, field: &str, scenario: &Source<'_>) -> InputError {
    let faults = error.faults.into_iter();
    let faults =
        faults.map(|fault| scenario.fault(field, format!("`{}` {}", fault.file.display(), fault.what)));
    InputError { faults: faults.collect() }
}

fn only(canaries: Documents) -> Result<(InFile, Value), &'static str> {
    let mut canaries = canaries.into_iter();
    match (canaries.next(), canaries.next()) {
        (Some(canary), None) => Ok(canary),
        (None, _) => Err("contains no Canary"),
        (Some(_), Some(_)) => Err("contains more than one Canary"),
    }
}

fn kind(json: &Value) -> &str {
    text(json, "/kind")
}

fn text<'a>(json: &'a Value, pointer: &str) -> &'a str {
    json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}

/// Merges `patch` into `json` as JSON merge patch does: `null` removes a field.
pub(crate) fn merge(json: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *json = patch.clone();
        return;
    };
    if !json.is_object() {
        *json = Value::Object(Map::new());
    }
    let Value::Object(fields) = json else { return };
    for (name, patch) in patch {
        if patch.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.as_str()).or_insert(Value::Null), patch);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_sets_and_removes() {
        let mut spec = json!({"analysis": {"threshold": 2, "interval": "1m"}, "suspend": true});
        merge(
            &mut spec,
            &json!({"analysis": {"threshold": 3, "interval": null}, "provider": {"a": {"b": null}}}),
        );
        assert_eq!(spec, json!({"analysis": {"threshold": 3}, "suspend": true, "provider": {"a": {}}}));
    }

    #[test]
    fn a_patch_that_is_not_a_mapping_replaces() {
        let mut value = json!({"a": 1});
        merge(&mut value, &json!([1]));
        assert_eq!(value, json!([1]));
    }

    #[test]
    fn merge_keys_are_merged() {
        let mapping: Mapping = serde_yaml::from_str("{base: &b {x: 1}, spec: {<<: *b, y: 2}}").unwrap();
        assert_eq!(to_json(mapping).unwrap()["spec"], json!({"x": 1, "y": 2}));
    }
}
