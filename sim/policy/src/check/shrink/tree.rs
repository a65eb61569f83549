//! A scenario file as a tree that can be changed.

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};
use serin_core::time::{Human, parse_duration};
use serin_input::{self as input, Fault, InputError};
use serin_simulator::{
    scenario::{self, Range, Scenario, Share, Trouble},
    world,
};

/// A scenario file that needs no other file: the contents of other files are included.
#[derive(Clone, Debug)]
pub struct Tree {
    pub(super) root: Value,
    /// The path of its file, or the path that it would have.
    pub(super) path: PathBuf,
}

/// A path in the tree: keys and indices.
pub(super) type Way = Vec<Value>;

/// Printed instead of a manifest that was not changed.
const UNCHANGED: &str = "…";

/// What a smaller world keeps: its name, its claim, and its seed.
const KEPT: &[&[&str]] = &[&["scenario"], &["properties"], &["world", "seed"]];

impl Tree {
    /// The tree of a scenario file.
    ///
    /// # Errors
    /// The file, or a file that it names, cannot be read.
    pub fn load(path: &Path, scenario: &Scenario) -> Result<Self, InputError> {
        let text = input::read(path)?;
        let unreadable = |error: serde_yaml::Error| Fault::of_file(path, error.to_string());
        let mut root: Value = input::Source::new(&text, path).parse()?;
        root.apply_merge().map_err(unreadable)?;
        if root.get("canary").is_some_and(Value::is_string) {
            let manifest = serde_yaml::to_value(&scenario.manifest).map_err(unreadable)?;
            set(&mut root, "canary", manifest);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        templates(&mut root, folder)?;
        if let Some(trace) =
            root.get_mut("world").and_then(|world| world.get_mut("traffic")?.get_mut("trace"))
            && let Some(name) = trace.as_str()
            && let Ok(whole) = std::path::absolute(folder.join(name))
        {
            *trace = Value::String(whole.display().to_string());
        }
        Ok(Self { root, path: path.into() })
    }

    /// The same with more faults: names of faults or presets, and whether the seed chooses among them. In a scripted
    /// world, a metric without a script gets the healthy value as its script, because faults turn the world into a
    /// simulated one, which does not know what the metric measures.
    ///
    /// # Errors
    /// A name that is not known.
    pub fn with_faults(mut self, scenario: &Scenario, names: &[String], swarm: bool) -> Result<Self, String> {
        let presets = scenario::PRESETS.iter().map(|(name, _)| *name);
        let known: Vec<&str> = presets.chain(scenario::TROUBLES.iter().map(|(name, _)| *name)).collect();
        if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(input::unknown("fault", name, &known));
        }
        let world = entry(&mut self.root, "world", Value::Mapping(Mapping::new()));
        if scenario.setting.simulated.is_none() {
            for metric in scenario::unanswered(scenario) {
                let metrics = entry(world, "metrics", Value::Mapping(Mapping::new()));
                set(metrics, &metric.key, Value::Sequence(vec![world::healthy(metric).into()]));
            }
        }
        for name in names {
            let is_preset = scenario::PRESETS.iter().any(|(preset, _)| preset == name);
            let key = if is_preset { "preset" } else { "fault" };
            let item = Mapping::from_iter([(Value::from(key), Value::from(name.as_str()))]);
            if let Value::Sequence(faults) = entry(world, "faults", Value::Sequence(Vec::new())) {
                faults.push(Value::Mapping(item));
            }
        }
        if swarm {
            set(world, "swarm", Value::Bool(true));
        }
        Ok(self)
    }

    /// The same in the world of a seed, reduced to the claim that breaks: other properties and expectations are
    /// removed.
    #[must_use]
    pub fn about(mut self, scenario: &Scenario, seed: u64, claim: &str) -> Self {
        let title = format!("{} (seed {seed})", scenario.title);
        set(&mut self.root, "scenario", Value::String(title));
        set(entry(&mut self.root, "world", Value::Mapping(Mapping::new())), "seed", Value::from(seed));
        let place = scenario.properties.iter().position(|property| property.to_string() == claim);
        if let Some(root) = self.root.as_mapping_mut() {
            root.remove("expect");
            match (place, root.get_mut("properties").and_then(Value::as_sequence_mut)) {
                (Some(place), Some(properties)) => {
                    let mut kept = properties.swap_remove(place);
                    // In this world the property does break.
                    if let Some(kept) = kept.as_mapping_mut() {
                        kept.remove("mayBreak");
                    }
                    *properties = vec![kept];
                }
                (_, _) => {
                    root.remove("properties");
                }
            }
        }
        self
    }

    /// The text of the file.
    ///
    /// # Errors
    /// The tree cannot be written as YAML.
    pub fn text(&self) -> Result<String, serde_yaml::Error> {
        serde_yaml::to_string(&self.root)
    }

    /// The text without the manifest, if the manifest is the same in another tree.
    #[must_use]
    pub fn text_beside(&self, other: &Self) -> Option<String> {
        let mut root = self.root.clone();
        if root.get("canary") == other.root.get("canary") {
            set(&mut root, "canary", Value::from(UNCHANGED));
        }
        serde_yaml::to_string(&root).ok()
    }

    /// The scenario of the tree.
    ///
    /// # Errors
    /// The faults of the scenario.
    pub fn scenario(&self) -> Result<Scenario, InputError> {
        let text = self.text().map_err(|error| Fault::of_file(&self.path, error.to_string()))?;
        scenario::parse(&text, &self.path)
    }
}

/// Includes templates from other files in the scenario.
fn templates(root: &mut Value, folder: &Path) -> Result<(), InputError> {
    let Some(Value::Sequence(templates)) = root.get_mut("templates") else { return Ok(()) };
    let mut inlined = Vec::new();
    for template in std::mem::take(templates) {
        let Some(name) = template.as_str() else {
            inlined.push(template);
            continue;
        };
        let path = folder.join(name);
        let text = input::read(&path)?;
        let source = input::Source::new(&text, &path);
        inlined.extend(source.all_documents()?.into_iter().map(|(_, mapping)| Value::Mapping(mapping)));
    }
    *templates = inlined;
    Ok(())
}

/// Replaces presets, ranges of chances and a swarm by what was drawn; whether anything changes.
pub(super) fn name_faults(root: &mut Value, drawn: &[Trouble]) -> bool {
    let Some(world) = root.get_mut("world") else { return false };
    let is_swarm = world.get("swarm").is_some();
    let is_range = |chance: &Value| chance.as_str().is_some_and(|chance| chance.contains(".."));
    let is_drawn = |fault: &Value| fault.get("preset").is_some() || fault.get("chance").is_some_and(is_range);
    let faults = world.get("faults").and_then(Value::as_sequence);
    if !is_swarm && !faults.is_some_and(|faults| faults.iter().any(is_drawn)) {
        return false;
    }
    let faults = drawn.iter().map(|trouble| Value::Mapping(fault(trouble))).collect();
    set(world, "faults", Value::Sequence(faults));
    if let Some(world) = world.as_mapping_mut() {
        world.remove("swarm");
    }
    true
}

fn fault(trouble: &Trouble) -> Mapping {
    let mut item = Mapping::new();
    let mut add = |key: &str, value: String| item.insert(key.into(), Value::String(value));
    add("fault", trouble.what.name().into());
    add("chance", Range::<Share>::exactly(trouble.chance.min).to_string());
    if trouble.what.size().is_some_and(|size| size != trouble.by) {
        add("by", trouble.by.to_string());
    }
    if !trouble.from.is_zero() {
        add("from", Human(trouble.from).to_string());
    }
    if trouble.lasts != std::time::Duration::MAX {
        add("for", Human(trouble.lasts).to_string());
    }
    item
}

/// Whether the author of a scenario leaves it open: faults, and events that deploy nothing.
pub(super) fn is_open(root: &Value, way: &[Value]) -> bool {
    let keys: Vec<&str> = way.iter().filter_map(Value::as_str).collect();
    let is_event = keys == ["events"] && way.len() == 2;
    let deploys = |event: &Value| event.get("deploy").is_some() || event.get("config").is_some();
    let is_fault = keys.starts_with(&["world", "faults"]) && way.len() > 2 || keys == ["world", "swarm"];
    is_fault || is_event && !at(root, way).is_some_and(deploys)
}

/// Whether it is a hook or an alert of the Canary.
pub(super) fn is_receiver(way: &[Value]) -> bool {
    let keys: Vec<&str> = way.iter().filter_map(Value::as_str).collect();
    let is_list =
        matches!(keys.as_slice(), ["canary", "spec", "analysis" | "canaryAnalysis", "webhooks" | "alerts"]);
    is_list && way.len() == keys.len() + 1
}

/// Removes a hook or an alert, and its answers in the world.
pub(super) fn remove_receiver(root: &mut Value, way: &[Value]) {
    let name = at(root, way).and_then(|item| item.get("name")).cloned();
    remove(root, way);
    let list = &way[..way.len().saturating_sub(1)];
    if at(root, list).and_then(Value::as_sequence).is_some_and(Vec::is_empty) {
        remove(root, list);
    }
    let Some(name) = name else { return };
    for answers in ["hooks", "receivers"] {
        remove(root, &["world".into(), answers.into(), name.clone()]);
    }
}

/// Replaces another shape of traffic by constant traffic; whether there was one.
pub(super) fn steady_traffic(root: &mut Value, rps: u64) -> bool {
    let Some(traffic) = root.get_mut("world").and_then(|world| world.get_mut("traffic")) else {
        return false;
    };
    let Some(mapping) = traffic.as_mapping_mut() else { return false };
    let before = mapping.len();
    mapping.retain(|key, _| matches!(key.as_str(), Some("rps" | "matched")));
    if mapping.len() == before {
        return false;
    }
    mapping.insert("rps".into(), rps.into());
    true
}

/// Whether the story lasts longer than this many seconds.
pub(super) fn ends_later(root: &Value, seconds: u64) -> bool {
    let until = root.get("until").and_then(Value::as_str).and_then(|text| parse_duration(text).ok());
    until.is_none_or(|until| until.as_secs() > seconds)
}

/// Every key and item that can be removed or changed: whole branches before their contents, later items first.
pub(super) fn places(root: &Value) -> Vec<Way> {
    let mut found = Vec::new();
    below(root, &mut Vec::new(), &mut found);
    found
}

fn below(value: &Value, way: &mut Way, found: &mut Vec<Way>) {
    let children: Vec<(Value, &Value)> = match value {
        Value::Mapping(mapping) => mapping.iter().map(|(key, child)| (key.clone(), child)).collect(),
        Value::Sequence(items) => {
            items.iter().enumerate().rev().map(|(i, child)| (i.into(), child)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Tagged(_) => Vec::new(),
    };
    for (key, child) in children {
        way.push(key);
        let keys: Vec<&str> = way.iter().filter_map(Value::as_str).collect();
        if !KEPT.contains(&&*keys) {
            found.push(way.clone());
            below(child, way, found);
        }
        way.pop();
    }
}

/// The value at the end of a path.
pub(super) fn at<'a>(root: &'a Value, way: &[Value]) -> Option<&'a Value> {
    way.iter().try_fold(root, |value, key| child(value, key))
}

fn child<'a>(value: &'a Value, key: &Value) -> Option<&'a Value> {
    if let Value::Sequence(items) = value {
        return items.get(usize::try_from(key.as_u64()?).ok()?);
    }
    value.as_mapping()?.get(key)
}

fn at_mut<'a>(root: &'a mut Value, way: &[Value]) -> Option<&'a mut Value> {
    way.iter().try_fold(root, |value, key| {
        if let Value::Sequence(items) = value {
            return items.get_mut(usize::try_from(key.as_u64()?).ok()?);
        }
        value.as_mapping_mut()?.get_mut(key)
    })
}

/// Removes a key or an item.
pub(super) fn remove(root: &mut Value, way: &[Value]) {
    let Some((last, parents)) = way.split_last() else { return };
    match at_mut(root, parents) {
        Some(Value::Sequence(items)) => {
            let place = last.as_u64().and_then(|place| usize::try_from(place).ok());
            if let Some(place) = place.filter(|place| *place < items.len()) {
                items.remove(place);
            }
        }
        Some(other) => {
            if let Some(mapping) = other.as_mapping_mut() {
                mapping.remove(last);
            }
        }
        None => {}
    }
}

/// Replaces a value.
pub(super) fn replace(root: &mut Value, way: &[Value], value: Value) {
    if let Some(place) = at_mut(root, way) {
        *place = value;
    }
}

/// Sets a key of a mapping.
pub(super) fn set(mapping: &mut Value, key: &str, value: Value) {
    if let Some(mapping) = mapping.as_mapping_mut() {
        mapping.insert(key.into(), value);
    }
}

/// The value of a key of a mapping; `default` where there is none.
fn entry<'a>(value: &'a mut Value, key: &str, default: Value) -> &'a mut Value {
    if !value.is_mapping() {
        *value = Value::Mapping(Mapping::new());
    }
    if let Value::Mapping(mapping) = value { mapping.entry(key.into()).or_insert(default) } else { value }
}
