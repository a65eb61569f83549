//! One change of a manifest, for remedies and tools.

use serde::Serialize;
use serde_json::{Map, Value};

/// A field of an object, and its new value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edit {
    /// Path of the field, as findings write it: `spec.analysis.metrics[0].interval`.
    pub path: String,
    /// The new value; if it is not set, the field is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

impl Edit {
    /// Sets a field.
    #[must_use]
    pub fn set(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { path: path.into(), value: Some(value.into()) }
    }

    /// Removes a field, or an item of a list.
    #[must_use]
    pub fn remove(path: impl Into<String>) -> Self {
        Self { path: path.into(), value: None }
    }

    /// Makes the change; missing mappings on the path are added. `None` if the path contains a list without such an
    /// item, or a value that is not a mapping; then nothing is changed.
    pub fn apply(&self, object: &mut Value) -> Option<()> {
        let mut steps = steps(&self.path);
        let last = steps.pop()?;
        let mut at = object;
        for step in steps {
            at = match step {
                PathStep::Item(place) => at.as_array_mut()?.get_mut(place)?,
                PathStep::Key(key) => mapping(at)?.entry(key).or_insert(Value::Null),
            };
        }
        match (last, &self.value) {
            (PathStep::Key(key), Some(value)) => {
                mapping(at)?.insert(key, value.clone());
            }
            (PathStep::Key(key), None) => {
                at.as_object_mut()?.remove(&key)?;
            }
            (PathStep::Item(place), Some(value)) => *at.as_array_mut()?.get_mut(place)? = value.clone(),
            (PathStep::Item(place), None) => {
                let items = at.as_array_mut().filter(|items| place < items.len())?;
                items.remove(place);
            }
        }
        Some(())
    }
}

fn mapping(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

enum PathStep {
    Key(String),
    Item(usize),
}

/// Splits `a.b[0]["c.d"]` into a, b, the first item, c.d.
fn steps(path: &str) -> Vec<PathStep> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some((name, behind)) = rest.strip_prefix("[\"").and_then(|rest| rest.split_once("\"]")) {
            steps.push(PathStep::Key(name.into()));
            rest = behind;
        } else if let Some((place, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            steps.extend(place.parse().ok().map(PathStep::Item));
            rest = behind;
        } else {
            let key = rest.trim_start_matches('.');
            let end = key.find(['.', '[']).unwrap_or(key.len());
            steps.extend((end > 0).then(|| PathStep::Key(key[..end].into())));
            rest = if end == 0 && key.len() == rest.len() { "" } else { &key[end..] };
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn edited(edit: &Edit) -> Option<Value> {
        let mut object = json!({"a": {"b": [{"c": 1}, {"c": 2}]}, "x": {"y.z/w": 1}, "text": "t"});
        edit.apply(&mut object).map(|()| object)
    }

    #[test]
    fn fields_are_set_and_removed_by_path() {
        let set = |path: &str, pointer: &str| {
            edited(&Edit::set(path, 7)).and_then(|object| object.pointer(pointer).cloned())
        };
        assert_eq!(set("a.b[1].c", "/a/b/1/c"), Some(json!(7)));
        assert_eq!(set("new.field", "/new/field"), Some(json!(7)));
        assert_eq!(set("x[\"y.z/w\"]", "/x/y.z~1w"), Some(json!(7)));
        let removed = |path: &str| edited(&Edit::remove(path));
        assert_eq!(removed("a.b[0]").unwrap()["a"]["b"], json!([{"c": 2}]));
        assert_eq!(removed("x[\"y.z/w\"]").unwrap()["x"], json!({}));
    }

    #[test]
    fn a_path_that_does_not_exist_changes_nothing() {
        for path in ["a.b[2].c", "text.more", "a.b[2]", "", "[", "a[0]"] {
            assert_eq!(edited(&Edit::set(path, 7)), None, "{path}");
        }
        assert_eq!(edited(&Edit::remove("a.z")), None);
    }
}
