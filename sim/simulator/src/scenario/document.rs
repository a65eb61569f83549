//! A scenario as a tree, whose fields can be set before it is parsed.

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};
use serin_input::{self as input, InputError, Source, manifest::read_raw};

use super::{Scenario, check, file::File, manifest};

/// A scenario file, including the Canary that it names.
#[derive(Clone, Debug)]
pub struct Document {
    path: PathBuf,
    text: String,
    tree: Value,
}

/// One field of a scenario and its new value, such as `analysis.threshold=3`.
///
/// Paths begin at the scenario (`world.versions.v2.errors`, `until`), at the Canary (`canary.spec…`, `spec…`) or at its
/// analysis (`analysis.threshold`). A list item has its index or its name: `metrics[0]`, `metrics[request-duration]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// The path as it was given.
    pub path: String,
    /// The value as it was given.
    pub value: String,
}

impl Document {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn load(path: &Path) -> Result<Self, InputError> {
        let text = input::read(path)?;
        Self::parse(&text, path)
    }

    /// Reads a scenario from `text`; the paths in it are relative to `path`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn parse(text: &str, path: &Path) -> Result<Self, InputError> {
        let source = Source::new(text, path);
        let mut tree: Value = source.parse()?;
        // Merge keys that cannot be merged are kept.
        let _ = tree.apply_merge();
        if let Some(Value::String(name)) = tree.get("canary").cloned() {
            let (canary, others) = manifest::inline(&name, &source)?;
            let tree = as_mapping(&mut tree);
            tree.insert("canary".into(), canary);
            let templates = tree.entry("templates".into()).or_insert(Value::Sequence(Vec::new()));
            if let Value::Sequence(templates) = templates {
                templates.extend(others);
            }
        }
        Ok(Self { path: path.into(), text: text.into(), tree })
    }

    /// The scenario with these fields set.
    ///
    /// # Errors
    /// A path that does not exist, and all faults of the scenario with these values.
    pub fn with(&self, sets: &[Set]) -> Result<Scenario, InputError> {
        let source = Source::new(&self.text, &self.path);
        let mut tree = self.tree.clone();
        for setting in sets {
            self.set(&mut tree, setting).map_err(|what| source.fault(&*setting.path, what))?;
        }
        let file: File = serde_path_to_error::deserialize(tree).map_err(|error| {
            let field = error.path().to_string();
            source.fault(field, input::reword(&error.inner().to_string()))
        })?;
        let scenario = check::check(file, &source)?;
        for setting in sets {
            if let Some(what) = has_no_effect(&scenario, &setting.path) {
                return Err(source.fault(&*setting.path, what).into());
            }
        }
        Ok(scenario)
    }

    /// A fault of a field.
    pub fn fault(&self, field: &str, what: &str) -> InputError {
        Source::new(&self.text, &self.path).fault(field, what).into()
    }

    /// The value of a field in the file; `None` if it is not set.
    #[must_use]
    pub fn written(&self, path: &str) -> Option<String> {
        let mut at = &self.tree;
        for step in steps(&self.full(path)) {
            at = match &step {
                PathStep::Key(key) => at.get(key.as_str())?,
                PathStep::Item(name) if at.is_mapping() => at.get(name.as_str())?,
                PathStep::Item(name) => item(at.as_sequence()?, name)?,
            };
        }
        Some(serde_yaml::to_string(at).ok()?.trim().into())
    }

    fn set(&self, tree: &mut Value, setting: &Set) -> Result<(), String> {
        let source = Source::new(&setting.value, &self.path);
        let value: Value = source.parse().map_err(|_| format!("`{}` is not a value", setting.value))?;
        let mut at = tree;
        for step in steps(&self.full(&setting.path)) {
            at = match step {
                PathStep::Key(key) if at.is_null() || at.is_mapping() => {
                    as_mapping(at).entry(key.into()).or_insert(Value::Null)
                }
                PathStep::Key(key) => return Err(format!("`{key}` cannot be set below a list or a value")),
                PathStep::Item(name) if at.is_mapping() => {
                    as_mapping(at).entry(name.into()).or_insert(Value::Null)
                }
                PathStep::Item(name) => {
                    let items = at.as_sequence_mut().ok_or("is not a list")?;
                    let place = place(items, &name).ok_or_else(|| format!("has no item `{name}`"))?;
                    &mut items[place]
                }
            };
        }
        *at = value;
        Ok(())
    }

    /// The path from the top of the file.
    fn full(&self, path: &str) -> String {
        let first = path.split(['.', '[']).next().unwrap_or_default();
        match first {
            "analysis" | "canaryAnalysis" => {
                let older =
                    self.tree.get("canary").and_then(|canary| canary.get("spec")?.get("canaryAnalysis"));
                let rest = path.strip_prefix(first).unwrap_or_default();
                let name = if older.is_some() { "canaryAnalysis" } else { "analysis" };
                format!("canary.spec.{name}{rest}")
            }
            "spec" | "metadata" => format!("canary.{path}"),
            _ => path.into(),
        }
    }
}

/// The lines to paste into a Canary's `spec`, for the fields that are below it.
#[must_use]
pub fn manifest_lines<'a>(sets: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut spec = Value::Null;
    for (path, value) in sets {
        let first = path.split(['.', '[']).next().unwrap_or_default();
        let inside = match first {
            "analysis" | "canaryAnalysis" => path,
            _ => path.strip_prefix("canary.").unwrap_or(path).strip_prefix("spec.").unwrap_or_default(),
        };
        let Ok(value) = serde_yaml::from_str::<Value>(value) else { continue };
        if inside.is_empty() {
            continue;
        }
        let mut at = &mut spec;
        for step in steps(inside) {
            at = match step {
                PathStep::Key(key) => as_mapping(at).entry(key.into()).or_insert(Value::Null),
                PathStep::Item(name) => named_item(at, &name),
            };
        }
        *at = value;
    }
    if spec.is_null() { String::new() } else { serde_yaml::to_string(&spec).unwrap_or_default() }
}

/// The item of that name in a list, which is added if it does not exist.
fn named_item<'a>(value: &'a mut Value, name: &str) -> &'a mut Value {
    if !value.is_sequence() {
        *value = Value::Sequence(Vec::new());
    }
    let items = value.as_sequence_mut().expect("it was made a list above");
    let place = place(items, name).unwrap_or_else(|| {
        items.push(Value::Mapping([("name".into(), name.into())].into_iter().collect()));
        items.len() - 1
    });
    &mut items[place]
}

/// A field of the Canary that is not known: a cluster would drop it.
fn has_no_effect(scenario: &Scenario, path: &str) -> Option<String> {
    let first = path.split(['.', '[']).next().unwrap_or_default();
    let inside = match first {
        "analysis" | "spec" => path.strip_prefix("spec.").unwrap_or(path),
        _ => path.strip_prefix("canary.spec.")?,
    };
    let raw: serin_core::spec::raw::Canary = read_raw(&scenario.manifest).ok()?;
    let known = serde_json::to_value(&raw.spec).ok()?;
    let mut at = &known;
    for step in steps(inside) {
        at = match &step {
            PathStep::Key(key) => match at.get(key) {
                Some(below) => below,
                None => {
                    let names: Vec<&str> = at
                        .as_object()
                        .into_iter()
                        .flat_map(|fields| fields.keys().map(String::as_str))
                        .collect();
                    return Some(input::unknown("field", key, &names));
                }
            },
            PathStep::Item(name) => {
                let items = at.as_array()?;
                let named =
                    |item: &serde_json::Value| item.get("name").and_then(|n| n.as_str()) == Some(name);
                items.iter().find(|item| named(item)).or_else(|| items.get(name.parse::<usize>().ok()?))?
            }
        };
    }
    None
}

enum PathStep {
    Key(String),
    Item(String),
}

/// Splits `metrics[request-duration].interval` into metrics, the item request-duration, interval.
fn steps(path: &str) -> Vec<PathStep> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some((item, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            steps.push(PathStep::Item(item.into()));
            rest = behind;
        } else {
            let key = rest.trim_start_matches(['.', '[', ']']);
            let end = key.find(['.', '[']).unwrap_or(key.len());
            steps.extend((end > 0).then(|| PathStep::Key(key[..end].into())));
            rest = &key[end..];
        }
    }
    steps
}

fn item<'a>(items: &'a [Value], name: &str) -> Option<&'a Value> {
    place(items, name).map(|place| &items[place])
}

fn place(items: &[Value], name: &str) -> Option<usize> {
    let named = |item: &Value| item.get("name").and_then(Value::as_str) == Some(name);
    items.iter().position(named).or_else(|| name.parse().ok().filter(|place| *place < items.len()))
}

/// The fields of the value; a value that is not a mapping becomes an empty one.
fn as_mapping(value: &mut Value) -> &mut Mapping {
    if !value.is_mapping() {
        *value = Value::Mapping(Mapping::new());
    }
    value.as_mapping_mut().expect("it was made a mapping above")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
scenario: a release
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {name: shop}
  spec:
    targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
    analysis:
      threshold: 2
      metrics: [{name: request-success-rate, thresholdRange: {min: 99}}]
world: {versions: {v1.2: {errors: 1%}}}
events: [{at: 1m, deploy: v1.2}]
expect: [{phase: Failed}]
";

    fn document() -> Document {
        Document { path: "a.yaml".into(), text: TEXT.into(), tree: serde_yaml::from_str(TEXT).unwrap() }
    }

    fn with(path: &str, value: &str) -> Result<Scenario, String> {
        let setting = Set { path: path.into(), value: value.into() };
        document().with(&[setting]).map_err(|error| error.to_string())
    }

    #[test]
    fn fields_are_set_at_every_level() {
        assert_eq!(with("analysis.threshold", "7").unwrap().canary.policy().threshold, 7);
        assert_eq!(with("spec.analysis.threshold", "7").unwrap().canary.policy().threshold, 7);
        let bounds = |path| with(path, "90").unwrap().canary.metrics()[0].bounds.min;
        assert_eq!(bounds("analysis.metrics[0].thresholdRange.min"), Some(90.0));
        assert_eq!(bounds("analysis.metrics[request-success-rate].thresholdRange.min"), Some(90.0));
        let errors = |path| with(path, "5%").unwrap().setting.simulated.unwrap().version("v1.2").errors.max;
        assert_eq!(errors("world.versions[v1.2].errors"), 0.05);
        assert_eq!(with("until", "5m").unwrap().until.as_secs(), 300);
    }

    #[test]
    fn lines_to_paste_have_the_structure_of_a_canary() {
        let lines = manifest_lines([
            ("analysis.interval", "30s"),
            ("world.versions.v2.errors", "1%"),
            ("spec.analysis.metrics[request-success-rate].thresholdRange.min", "98.5"),
            ("spec.skipAnalysis", "false"),
        ]);
        let expected = "\
analysis:
  interval: 30s
  metrics:
  - name: request-success-rate
    thresholdRange:
      min: 98.5
skipAnalysis: false
";
        assert_eq!(lines, expected);
        assert_eq!(manifest_lines([("world.seed", "1")]), "");
    }

    #[test]
    fn a_written_value_is_returned() {
        assert_eq!(document().written("analysis.threshold").as_deref(), Some("2"));
        assert_eq!(document().written("world.versions[v1.2].errors").as_deref(), Some("1%"));
        assert_eq!(document().written("analysis.interval"), None);
    }

    #[test]
    fn a_path_that_does_not_exist_is_refused() {
        for (path, value, why) in [
            ("analysis.treshold", "7", "did you mean `threshold`?"),
            ("world.trafic", "{rps: 1}", "did you mean `traffic`?"),
            ("analysis.metrics[other].interval", "1m", "has no item `other`"),
            ("analysis.threshold.more", "1", "`more` cannot be set"),
            ("analysis.threshold", "many", "expected a number"),
            ("analysis.threshold", "[1", "is not a value"),
        ] {
            let error = with(path, value).unwrap_err();
            assert!(error.contains(why), "{path}: {error}");
        }
    }
}
