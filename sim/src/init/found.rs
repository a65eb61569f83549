//! Finds the Canary in the given files, and its templates.

use std::path::Path;

use serde_json::Value;
use serin_core::spec::Defaults;
use serin_lint::{self as lint, InFile, Input, Missing, Settings};
use serin_output::finding::relative;

use super::InitInput;

/// A manifest in a scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// In a file, with its path relative to the folder of the scenario.
    Path(String),
    /// In the scenario itself, because its file has several Canaries, or there is no file.
    Manifest(Value),
}

/// The only Canary in the files, or the one that is `wanted` (`name` or `name.namespace`). Relative paths of inputs
/// begin at `working`, and those of a scenario at `folder`; both are absolute.
///
/// # Errors
/// There is none, or more than one.
pub fn find(
    inputs: &[Input],
    settings: &Settings,
    wanted: Option<&str>,
    working: &Path,
    folder: &Path,
) -> Result<InitInput, Missing> {
    let objects = lint::objects(inputs, settings);
    let canaries: Vec<&InFile> = objects.iter().filter(|object| object.kind == "Canary").collect();
    let canary = lint::choose(&canaries, |object| object.title.clone(), wanted)?;
    let path_of = |file: usize| {
        let path = &inputs[file].path;
        if path == Path::new("-") { None } else { from(&working.join(path).display().to_string(), folder) }
    };
    let is_alone = canaries.iter().filter(|other| other.file == canary.file).count() == 1;
    let written = match path_of(canary.file) {
        Some(path) if is_alone && !canary.in_list => Written::Path(path),
        Some(_) | None => Written::Manifest(canary.json.clone()),
    };
    let mut templates = Vec::new();
    for template in objects.iter().filter(|object| object.kind == "MetricTemplate") {
        let path = path_of(template.file).filter(|_| !template.in_list).map(Written::Path);
        let template = path.unwrap_or_else(|| Written::Manifest(template.json.clone()));
        if template != written && !templates.contains(&template) {
            templates.push(template);
        }
    }
    let names_one =
        canary.json.pointer("/spec/provider").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    let provider = (!names_one).then(|| settings.provider.to_string());
    let name = canary.title.split('.').next().unwrap_or_default().to_owned();
    let namespace =
        Some(settings.namespace.to_string()).filter(|name| **name != *Defaults::default().namespace);
    Ok(InitInput { name, canary: written, templates, provider, namespace })
}

/// The path of a file relative to a folder, both absolute. `None`: it is not a file.
fn from(file: &str, folder: &Path) -> Option<String> {
    let mut up = String::new();
    for base in folder.ancestors() {
        let path = relative(file, base)?;
        if !path.starts_with('/') {
            return Some(up + &path);
        }
        up += "../";
    }
    relative(file, folder)
}
