//! An object as the API server sends it: parsed straight into JSON, within limits, and without the parts that are never
//! read here.
//!
//! Every object can be parsed, whatever it contains: one that cannot be decoded would make a whole list fail, and with
//! it all other objects of its kind. Parts that are nested too deeply or are too large are left out, and the object
//! says so ([`Cut`]).
//!
//! `managedFields` take half of an object's text, and are not parsed. Neither are known objects: a watch repeats every
//! write of our own after its answer, and parsing an object takes ten times as long as finding its end.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    fmt,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, api::ApiResource, core::DynamicResourceScope};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use serin_core::revision::one_line;

use super::known;
use crate::object::{Cut, Kind, Object};

/// Maximum nesting below a field of an object.
pub(super) const MOST_LEVELS: usize = 64;
/// Maximum size of a field: the bytes of its texts, and [`VALUE`] for each value.
pub(super) const MOST_IN_FIELD: usize = 512 * 1024;
/// The same for the contents of ConfigMaps and Secrets: more than the API server allows.
const MOST_IN_CONTENTS: usize = 2 * 1024 * 1024;
/// The size of a value without its text.
const VALUE: usize = 16;
/// Maximum length of a path in a message.
const LONGEST_PATH: usize = 120;

/// An object of any kind.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    /// The object, without the parts that were left out; of one that is [known], only the metadata.
    value: Value,
    /// The part that was left out.
    cut: Option<Cut>,
    /// Whether this version is known.
    is_known: bool,
    /// The metadata that kube needs: only the version.
    metadata: ObjectMeta,
}

impl Watched {
    /// The object.
    pub(super) fn object(self, kind: Kind) -> Object {
        Object::read(kind, self.value).with_cut(self.cut)
    }

    /// Whether this version is known, and so was not parsed.
    pub(super) fn is_known(&self) -> bool {
        self.is_known
    }
}

impl<'de> Deserialize<'de> for Watched {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (cut, is_known) = (RefCell::default(), Cell::default());
        let value = from.deserialize_any(Whole { cut: &cut, is_known: &is_known })?;
        let resource_version = value["metadata"]["resourceVersion"].as_str().map(Into::into);
        let metadata = ObjectMeta { resource_version, ..ObjectMeta::default() };
        Ok(Self { value, cut: cut.into_inner(), is_known: is_known.get(), metadata })
    }
}

impl Resource for Watched {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(of: &ApiResource) -> Cow<'_, str> {
        of.kind.as_str().into()
    }

    fn group(of: &ApiResource) -> Cow<'_, str> {
        of.group.as_str().into()
    }

    fn version(of: &ApiResource) -> Cow<'_, str> {
        of.version.as_str().into()
    }

    fn plural(of: &ApiResource) -> Cow<'_, str> {
        of.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// Parses a whole object, field by field: each field has its own limit, so that none affects the others.
struct Whole<'a> {
    cut: &'a RefCell<Option<Cut>>,
    is_known: &'a Cell<bool>,
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            let most = if matches!(&*name, "data" | "binaryData") { MOST_IN_CONTENTS } else { MOST_IN_FIELD };
            let room = RefCell::new(most);
            let place = Place { above: None, name: PathStep::Field(&name) };
            let field = BoundedValue { cut: self.cut, room: &room, most, place: &place, levels: MOST_LEVELS };
            let value = from.next_value_seed(field)?;
            // It comes before everything that takes time to parse.
            let ends = name == "metadata" && known::is_known(&value);
            fields.insert(name, value);
            if ends {
                self.is_known.set(true);
                while from.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                break;
            }
        }
        Ok(Value::Object(fields))
    }
}

/// A place in an object.
#[derive(Clone, Copy)]
struct Place<'a> {
    above: Option<&'a Self>,
    name: PathStep<'a>,
}

#[derive(Clone, Copy)]
enum PathStep<'a> {
    Field(&'a str),
    Item(usize),
}

impl Place<'_> {
    fn path(&self) -> String {
        let mut path = self.above.map(Self::path).unwrap_or_default();
        if path.len() >= LONGEST_PATH {
            return path;
        }
        match self.name {
            PathStep::Item(item) => path.push_str(&format!("[{item}]")),
            PathStep::Field(name) if path.is_empty() => path.push_str(name),
            PathStep::Field(name) => path.push_str(&format!(".{name}")),
        }
        one_line(&path, LONGEST_PATH)
    }

    fn is(&self, path: [&str; 2]) -> bool {
        let is =
            |place: &Place<'_>, wanted: &str| matches!(place.name, PathStep::Field(name) if name == wanted);
        is(self, path[1]) && self.above.is_some_and(|above| above.above.is_none() && is(above, path[0]))
    }
}

/// Parses one value, and everything below it.
#[derive(Clone, Copy)]
struct BoundedValue<'a> {
    cut: &'a RefCell<Option<Cut>>,
    /// The remaining size of its field.
    room: &'a RefCell<usize>,
    most: usize,
    place: &'a Place<'a>,
    /// The remaining levels below it.
    levels: usize,
}

impl BoundedValue<'_> {
    /// Reserves space for a value with a text of that many bytes; returns false if there is none left.
    fn takes(&self, text: usize) -> bool {
        let mut room = self.room.borrow_mut();
        let left = room.checked_sub(text + VALUE);
        *room = left.unwrap_or(0);
        left.is_some()
    }

    /// Notes that a part was left out; the first one is reported.
    fn leaves_out(&self, why: impl FnOnce() -> String) -> Value {
        let mut cut = self.cut.borrow_mut();
        cut.get_or_insert_with(|| Cut { path: self.place.path().into(), why: why().into() });
        Value::Null
    }

    fn is_too_large(&self) -> Value {
        self.leaves_out(|| format!("exceeds the limit of {} KiB for a field", self.most / 1024))
    }

    fn is_too_deep(&self) -> Value {
        self.leaves_out(|| format!("is nested deeper than the limit of {MOST_LEVELS} levels"))
    }

    fn scalar(&self, value: impl Into<Value>) -> Value {
        if self.takes(0) { value.into() } else { self.is_too_large() }
    }
}

impl<'de> DeserializeSeed<'de> for BoundedValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for BoundedValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(self.scalar(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(self.scalar(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(self.scalar(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(self.scalar(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(self.scalar(Value::Null))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(if self.takes(text.len()) { text.into() } else { self.is_too_large() })
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(if self.takes(text.len()) { text.into() } else { self.is_too_large() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let Some(levels) = self.levels.checked_sub(1) else {
            while from.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(self.is_too_deep());
        };
        let mut items = Vec::new();
        loop {
            let place = Place { above: Some(self.place), name: PathStep::Item(items.len()) };
            let item = BoundedValue { place: &place, levels, ..self };
            if !self.takes(0) {
                while from.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(self.is_too_large());
            }
            let Some(item) = from.next_element_seed(item)? else { return Ok(items.into()) };
            items.push(item);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let Some(levels) = self.levels.checked_sub(1) else {
            while from.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(self.is_too_deep());
        };
        let mut fields = Map::new();
        while let Some(name) = from.next_key::<Cow<'_, str>>()? {
            let place = Place { above: Some(self.place), name: PathStep::Field(&name) };
            if place.is(["metadata", "managedFields"]) {
                from.next_value::<IgnoredAny>()?;
                continue;
            }
            if !self.takes(name.len()) {
                from.next_value::<IgnoredAny>()?;
                while from.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(self.is_too_large());
            }
            let value = from.next_value_seed(BoundedValue { place: &place, levels, ..self })?;
            fields.insert(name.into_owned(), value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::CANARY;

    fn read(text: &str) -> Object {
        serde_json::from_str::<Watched>(text).unwrap().object(CANARY)
    }

    fn nested(levels: usize) -> String {
        format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels))
    }

    #[test]
    fn everything_is_parsed_except_managed_fields() {
        let text = r#"{"kind": "Web", "metadata": {"name": "a", "managedFields": [{"manager": "b"}], "resourceVersion": "7"},
            "spec": {"managedFields": [1], "share": 0.1, "less": -1, "is": [true, null, "\u00e9"]}}"#;
        let watched: Watched = serde_json::from_str(text).unwrap();
        assert_eq!(watched.meta().resource_version.as_deref(), Some("7"));
        let wanted = json!({
            "kind": "Web", "metadata": {"name": "a", "resourceVersion": "7"},
            "spec": {"managedFields": [1], "share": 0.1, "less": -1, "is": [true, null, "é"]},
        });
        assert_eq!((watched.value, watched.cut), (wanted, None));
    }

    #[test]
    fn too_deeply_nested_values_are_left_out_and_others_are_read() {
        let deepest = |levels: usize| {
            let spec = format!(r#"{{"deep": {}, "provider": "istio"}}"#, nested(levels));
            let text =
                format!(r#"{{"metadata": {{"name": "a"}}, "spec": {spec}, "status": {{"phase": "New"}}}}"#);
            let object = read(&text);
            assert_eq!((object.text("/spec/provider"), object.text("/status/phase")), ("istio", "New"));
            object.cut().map(ToString::to_string)
        };
        // The field itself is the first level.
        assert_eq!(deepest(MOST_LEVELS - 1), None);
        for levels in [MOST_LEVELS, 130, 100_000] {
            let said = deepest(levels).unwrap();
            assert!(
                said.starts_with("spec.deep.a.a.a")
                    && said.ends_with("is nested deeper than the limit of 64 levels")
            );
            assert!(said.len() < 200, "{said}");
        }
    }

    #[test]
    fn a_field_that_is_too_large_does_not_affect_the_others() {
        let object = |length: usize| {
            let long = "x".repeat(length);
            let spec = json!({"a": {"b": [long]}, "z": 1});
            let text =
                json!({"metadata": {"name": "a"}, "spec": spec, "status": {"phase": "New"}}).to_string();
            let object = read(&text);
            assert_eq!((object.name(), object.text("/status/phase")), ("a", "New"));
            object
        };
        assert_eq!(object(MOST_IN_FIELD - 1024).cut(), None);
        let cut = object(MOST_IN_FIELD);
        assert_eq!(cut.cut().unwrap().to_string(), "spec.a.b[0] exceeds the limit of 512 KiB for a field");
        let many = format!(r#"{{"spec": [{}1]}}"#, "1,".repeat(MOST_IN_FIELD));
        assert!(read(&many).value().to_string().len() < MOST_IN_FIELD, "numbers take room, too");
    }

    #[test]
    fn contents_can_be_as_large_as_the_server_allows() {
        let data = "x".repeat(1024 * 1024);
        let text = json!({"data": {"a": data}}).to_string();
        assert_eq!(read(&text).cut(), None);
    }
}
