//! Every field of the raw types is in the table of fields.

use std::{cell::RefCell, collections::BTreeSet};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
        value::{Error, StrDeserializer},
    },
};
use serin_core::spec::raw;
use serin_input::manifest::fields::{ALERT_PROVIDER, CANARY, Field, METRIC_TEMPLATE};

use crate::Support;

/// Gives every type the values that it requests, and notes their paths.
struct Probe<'a> {
    path: String,
    found: &'a RefCell<BTreeSet<String>>,
}

impl Probe<'_> {
    fn below(&self, part: &str) -> Self {
        let path = match part {
            "[]" => format!("{}[]", self.path),
            _ if self.path.is_empty() => part.into(),
            _ => format!("{}.{part}", self.path),
        };
        Self { path, ..*self }
    }

    fn note(&self) {
        self.found.borrow_mut().insert(self.path.clone());
    }
}

macro_rules! scalars {
    ($($ask:ident $visit:ident $value:expr,)*) => {
        $(fn $ask<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.note();
            visitor.$visit($value)
        })*
    };
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    scalars! {
        deserialize_any visit_u64 1,
        deserialize_bool visit_bool true,
        deserialize_i8 visit_i64 1,
        deserialize_i16 visit_i64 1,
        deserialize_i32 visit_i64 1,
        deserialize_i64 visit_i64 1,
        deserialize_u8 visit_u64 1,
        deserialize_u16 visit_u64 1,
        deserialize_u32 visit_u64 1,
        deserialize_u64 visit_u64 1,
        deserialize_f32 visit_f64 1.0,
        deserialize_f64 visit_f64 1.0,
        deserialize_char visit_char 'a',
        deserialize_str visit_str "a",
        deserialize_string visit_str "a",
        deserialize_identifier visit_str "a",
        deserialize_bytes visit_bytes b"a",
        deserialize_byte_buf visit_bytes b"a",
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note();
        visitor.visit_unit()
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.note();
        visitor.visit_unit()
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(One(Some(self.below("[]"))))
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Fields { parent: self, left: &["*"] })
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Fields { parent: self, left: fields })
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.note();
        let first: StrDeserializer<'_, Error> = variants[0].into_deserializer();
        visitor.visit_enum(first)
    }
}

struct One<'a>(Option<Probe<'a>>);

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Error;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.take().map(|probe| seed.deserialize(probe)).transpose()
    }
}

struct Fields<'a> {
    parent: Probe<'a>,
    left: &'static [&'static str],
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(name) = self.left.first() else { return Ok(None) };
        let name: StrDeserializer<'_, Error> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (name, left) = self.left.split_first().unwrap();
        self.left = left;
        seed.deserialize(self.parent.below(name))
    }
}

fn fields_of<'de, T: Deserialize<'de>>() -> BTreeSet<String> {
    let found = RefCell::default();
    T::deserialize(Probe { path: String::new(), found: &found }).map(drop).unwrap();
    found.into_inner()
}

/// Whether a table has a field, by its name or below an open field.
fn stands_in(table: &[Field], path: &str) -> bool {
    let newer = path.strip_prefix("spec.canaryAnalysis.").map(|rest| format!("spec.analysis.{rest}"));
    let path = newer.as_deref().unwrap_or(path);
    table.iter().any(|field| fits(field.path, path))
}

/// Whether a row is about a field, or about parts of a field that is read as a whole.
fn fits(row: &str, path: &str) -> bool {
    if row.ends_with(".**") && row.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')) {
        return true;
    }
    let (mut rows, mut parts) = (row.split('.'), path.split('.'));
    loop {
        match (rows.next(), parts.next()) {
            (Some("**"), _) | (None, None) => return true,
            (Some(row), Some(part)) if row == part || row == "*" => {}
            _ => return false,
        }
    }
}

/// The fields of a type that its table does not have.
fn missing<'de, T: Deserialize<'de>>(table: &[Field], known: &str) -> Vec<String> {
    let fields = fields_of::<T>();
    assert!(fields.contains(known), "the probe saw {fields:#?}");
    fields.into_iter().filter(|path| !stands_in(table, path)).collect()
}

#[test]
fn every_field_of_the_raw_types_is_in_a_table() {
    let none: Vec<String> = Vec::new();
    assert_eq!(missing::<raw::Canary>(CANARY, "spec.analysis.metrics[].thresholdRange.min"), none);
    assert_eq!(missing::<raw::MetricTemplate>(METRIC_TEMPLATE, "spec.provider.secretRef.name"), none);
    assert_eq!(missing::<raw::AlertProvider>(ALERT_PROVIDER, "spec.messageTemplate"), none);
}

/// The table has no field that is not read.
#[test]
fn every_field_of_the_table_is_read() {
    let fields = fields_of::<raw::Canary>();
    let rows = CANARY.iter().filter(|field| field.standing != Support::NotSupported);
    let rows = rows.filter(|field| field.path.starts_with("spec.") && field.path != "spec.canaryAnalysis");
    let unread: Vec<&str> =
        rows.filter(|row| !fields.iter().any(|path| fits(row.path, path))).map(|row| row.path).collect();
    assert_eq!(unread, [] as [&str; 0]);
}

#[test]
fn the_rows_of_one_field_are_consecutive() {
    let mut paths: Vec<&str> = CANARY.iter().map(|field| field.path).collect();
    paths.dedup();
    let apart: Vec<&str> = paths
        .iter()
        .enumerate()
        .filter(|(i, path)| paths[..*i].contains(path))
        .map(|(_, path)| *path)
        .collect();
    assert_eq!(apart, [] as [&str; 0]);
}
