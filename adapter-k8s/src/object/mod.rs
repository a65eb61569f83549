//! Kubernetes objects as JSON: read, changed in the fields that Serin owns, and written back completely.
//!
//! Unknown fields stay unchanged; typed objects would drop them.

pub mod change;
pub(crate) mod checksum;
mod kind;
pub(crate) mod metadata;
pub(crate) mod owners;
pub mod reader;
pub(crate) mod saved;

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use serin_core::revision::Text;

pub use self::kind::{Kind, Names};

/// It repeats the whole object, so it is not kept for objects whose contents are not kept.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Identifies one object in the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; empty if the kind has none.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl Key {
    /// The object of that name.
    #[must_use]
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        let namespace = if kind.namespaced { namespace } else { "" };
        Self { kind, namespace: namespace.into(), name: name.into() }
    }

    /// A key that sorts before all others.
    pub(crate) fn first() -> Self {
        const NONE: Kind = Kind::of(&Kind::names("", "", "", ""));
        Self::new(NONE, "", "")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.kind, self.name)?;
        if self.namespace.is_empty() { Ok(()) } else { write!(f, ".{}", self.namespace) }
    }
}

/// An object. Equal objects need no write between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    kind: Kind,
    value: Value,
    cut: Option<Cut>,
    /// The checksum of its contents, if they are not here.
    checksum: Option<Text>,
}

/// The part of an object that could not be read; it is null in the object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cut {
    /// The first place.
    pub path: Text,
    /// Why it was not read.
    pub why: Text,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.why)
    }
}

impl Object {
    /// An object that has only its name.
    #[must_use]
    pub fn new(key: &Key) -> Self {
        let mut metadata = json!({"name": &*key.name});
        if key.kind.namespaced {
            metadata["namespace"] = Value::from(&*key.namespace);
        }
        let value =
            json!({"apiVersion": key.kind.api_version(), "kind": key.kind.kind, "metadata": metadata});
        Self { kind: key.kind, value, cut: None, checksum: None }
    }

    /// An object of that kind as the API server sent it. Lists leave out `apiVersion` and `kind`; they are added.
    #[must_use]
    pub fn read(kind: Kind, mut value: Value) -> Self {
        if !value.is_object() {
            value = json!({});
        }
        value["apiVersion"] = Value::from(kind.api_version());
        value["kind"] = Value::from(kind.kind);
        Self { kind, value, cut: None, checksum: None }
    }

    /// The same object, with a part that was not read.
    #[must_use]
    pub fn with_cut(self, cut: Option<Cut>) -> Self {
        Self { cut, ..self }
    }

    /// The same object, with the checksum of contents that are not here.
    #[must_use]
    pub(crate) fn with_checksum(self, checksum: Option<Text>) -> Self {
        Self { checksum, ..self }
    }

    /// The checksum of its contents, if they are not here.
    #[must_use]
    pub(crate) fn checksum(&self) -> Option<&Text> {
        self.checksum.as_ref()
    }

    /// The part that was not read; `None` if it is complete.
    #[must_use]
    pub fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::new(self.kind, self.namespace(), self.name())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// Its namespace; empty if the kind has none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    /// Set by the cluster, and never reused; empty before it is created.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    /// Its version in the cluster; empty before it is created.
    #[must_use]
    pub fn resource_version(&self) -> &str {
        self.text("/metadata/resourceVersion")
    }

    /// Whether its deletion was requested.
    #[must_use]
    pub fn is_being_deleted(&self) -> bool {
        self.at("/metadata/deletionTimestamp").is_some_and(|value| !value.is_null())
    }

    /// The whole object.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The whole object as text.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        text_of(&self.value)
    }

    /// The whole object, to be sent.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.value
    }

    /// The whole object, as a type with fields.
    ///
    /// # Errors
    /// It does not fit the type.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.value)
    }

    /// The value at a JSON pointer such as `/spec/replicas`.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        // `Value::pointer` allocates a text for every part; this is called in every look at the cluster.
        pointer.split('/').skip(1).try_fold(&self.value, |place, part| match place {
            Value::Object(fields) => fields.get(&*unescape(part)),
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
    }

    /// The text at a pointer; empty if there is none.
    #[must_use]
    pub fn text(&self, pointer: &str) -> &str {
        self.at(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The whole number at a pointer.
    #[must_use]
    pub fn number(&self, pointer: &str) -> Option<i64> {
        self.at(pointer).and_then(Value::as_i64)
    }

    /// Sets the value at a pointer, and creates missing maps on the way. It does not change items of lists.
    pub fn set(&mut self, pointer: &str, value: impl Into<Value>) {
        *self.entry(pointer) = value.into();
    }

    /// Sets the value at a pointer, or removes it.
    pub fn set_or_remove(&mut self, pointer: &str, value: Option<Value>) {
        match value {
            Some(value) => self.set(pointer, value),
            None => {
                self.remove(pointer);
            }
        }
    }

    /// Removes the value at a pointer.
    pub fn remove(&mut self, pointer: &str) -> Option<Value> {
        let (parent, last) = pointer.rsplit_once('/')?;
        self.value.pointer_mut(parent)?.as_object_mut()?.remove(&*unescape(last))
    }

    fn entry(&mut self, pointer: &str) -> &mut Value {
        let mut place = &mut self.value;
        for part in pointer.split('/').skip(1) {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[&*unescape(part)];
        }
        place
    }

    /// Its labels.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        texts(self.at("/metadata/labels"))
    }

    /// One label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.at("/metadata/labels")?.get(key)?.as_str()
    }

    /// Sets one label.
    pub fn set_label(&mut self, key: &str, value: &str) {
        self.entry("/metadata/labels")[key] = value.into();
    }

    /// Its annotations.
    pub fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        texts(self.at("/metadata/annotations"))
    }

    /// One annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.at("/metadata/annotations")?.get(key)?.as_str()
    }

    /// Sets one annotation.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        self.entry("/metadata/annotations")[key] = value.into();
    }

    /// Removes one annotation.
    pub fn remove_annotation(&mut self, key: &str) {
        if let Some(Value::Object(annotations)) = self.value.pointer_mut("/metadata/annotations") {
            annotations.remove(key);
        }
    }
}

/// A value as JSON, with sorted keys. `Display` gives the same in twice the time.
pub(crate) fn text_of(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| value.to_string().into_bytes())
}

/// The texts of a map, sorted by key.
fn texts(map: Option<&Value>) -> impl Iterator<Item = (&str, &str)> {
    map.and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

/// A map of texts as JSON.
#[must_use]
pub fn map_of<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    Value::Object(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
}

/// A map of texts; it can be missing, or have another type.
#[must_use]
pub fn text_map(value: Option<&Value>) -> BTreeMap<String, String> {
    texts(value).map(|(key, value)| (key.into(), value.into())).collect()
}

/// A part of a JSON pointer, unescaped.
fn unescape(part: &str) -> Cow<'_, str> {
    if part.contains('~') { part.replace("~1", "/").replace("~0", "~").into() } else { part.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::CONFIG_MAP;

    fn object() -> Object {
        Object::new(&Key::new(CONFIG_MAP, "test", "settings"))
    }

    #[test]
    fn setting_a_value_creates_missing_maps() {
        let mut object = object();
        object.set("/spec/template/metadata/annotations/a~1b", "c");
        assert_eq!(object.at("/spec/template/metadata/annotations"), Some(&json!({"a/b": "c"})));
        assert_eq!(object.remove("/spec/template/metadata/annotations/a~1b"), Some("c".into()));
        assert_eq!(object.remove("/spec/none/such"), None);
    }

    #[test]
    fn fields_that_a_list_leaves_out_are_added() {
        let read = Object::read(CONFIG_MAP, json!({"metadata": {"name": "settings", "namespace": "test"}}));
        assert_eq!(read, object());
        assert_eq!(read.key().to_string(), "ConfigMap settings.test");
    }
}
