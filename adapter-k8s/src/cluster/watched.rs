//! An object as the API server sends it: read straight into JSON, within bounds, and without what nobody here reads.
//!
//! Every object can be read, whatever is in it: one that cannot be decoded would make a whole list fail, and with it the
//! objects of everybody else. What lies too deep or is too large is left out, and the object says so ([`Cut`]).
//!
//! Who wrote which field takes half of an object's text, and is not even taken in. Neither is what is known: a watch shows
//! every write of our own once more, after its answer, and to read an object takes ten times as long as to find its end.

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

use super::known;
use crate::object::{Cut, Kind, Object};

/// How many levels of values an object may have below one of its fields.
pub(super) const MOST_LEVELS: usize = 64;
/// How much a field of an object may hold: the bytes of its texts, and [`VALUE`] for each value.
pub(super) const MOST_IN_FIELD: usize = 512 * 1024;
/// The same for the contents of ConfigMaps and Secrets: more than the API server takes.
const MOST_IN_CONTENTS: usize = 2 * 1024 * 1024;
/// What a value takes beside its text.
const VALUE: usize = 16;
/// How much of a path is told.
const LONGEST_PATH: usize = 120;

/// An object of any kind.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    /// The object, without what could not be taken in; of one that is [known] nothing behind its metadata.
    value: Value,
    /// What of it was left out.
    cut: Option<Cut>,
    /// Whether this version is known.
    is_known: bool,
    /// What kube asks for: the version alone.
    metadata: ObjectMeta,
}

impl Watched {
    /// The object.
    pub(super) fn object(self, kind: Kind) -> Object {
        Object::read(kind, self.value).with_cut(self.cut)
    }

    /// Whether this version is known, and so was not read.
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

/// Reads a whole object, field by field: each has room of its own, so that none takes that of the others.
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
            // It stands before everything that takes time to read.
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

/// Where something stands in an object.
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
        crate::http::one_line(&path, LONGEST_PATH)
    }

    fn is(&self, path: [&str; 2]) -> bool {
        let is =
            |place: &Place<'_>, wanted: &str| matches!(place.name, PathStep::Field(name) if name == wanted);
        is(self, path[1]) && self.above.is_some_and(|above| above.above.is_none() && is(above, path[0]))
    }
}

/// Reads one value, and what lies below it.
#[derive(Clone, Copy)]
struct BoundedValue<'a> {
    cut: &'a RefCell<Option<Cut>>,
    /// What its field may still hold.
    room: &'a RefCell<usize>,
    most: usize,
    place: &'a Place<'a>,
    /// How many levels may lie below it.
    levels: usize,
}

impl BoundedValue<'_> {
    /// Takes room for a value with a text of that many bytes; false if there is none left.
    fn takes(&self, text: usize) -> bool {
        let mut room = self.room.borrow_mut();
        let left = room.checked_sub(text + VALUE);
        *room = left.unwrap_or(0);
        left.is_some()
    }

    /// Notes that something was left out; the first is told.
    fn leaves_out(&self, why: impl FnOnce() -> String) -> Value {
        let mut cut = self.cut.borrow_mut();
        cut.get_or_insert_with(|| Cut { path: self.place.path().into(), why: why().into() });
        Value::Null
    }

    fn is_too_large(&self) -> Value {
        self.leaves_out(|| format!("is beyond the {} KiB that are read of a field", self.most / 1024))
    }

    fn is_too_deep(&self) -> Value {
        self.leaves_out(|| format!("lies deeper than the {MOST_LEVELS} levels that are read"))
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
    fn everything_is_taken_in_but_who_wrote_it() {
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
    fn what_lies_too_deep_is_left_out_and_its_neighbours_are_read() {
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
                    && said.ends_with("lies deeper than the 64 levels that are read")
            );
            assert!(said.len() < 200, "{said}");
        }
    }

    #[test]
    fn a_field_that_is_too_large_takes_no_room_of_the_others() {
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
        assert_eq!(
            cut.cut().unwrap().to_string(),
            "spec.a.b[0] is beyond the 512 KiB that are read of a field"
        );
        let many = format!(r#"{{"spec": [{}1]}}"#, "1,".repeat(MOST_IN_FIELD));
        assert!(read(&many).value().to_string().len() < MOST_IN_FIELD, "numbers take room, too");
    }

    #[test]
    fn contents_may_be_as_large_as_the_server_takes_them() {
        let data = "x".repeat(1024 * 1024);
        let text = json!({"data": {"a": data}}).to_string();
        assert_eq!(read(&text).cut(), None);
    }
}
