//! Forms that several fields share: a text or a mapping, a list or `{exactly: list}`, a duration.

use std::{borrow::Cow, fmt, marker::PhantomData, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{
        Error as _, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use serin_core::time::parse_duration;

/// A duration such as 30s, 1m30s or 2h.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(
    rename = "Duration",
    extend("type" = ["string", "integer"], "pattern" = format!("^({SPAN}|0)$"), "minimum" = 0, "maximum" = 0)
)]
pub(super) struct Lasting(#[schemars(with = "String")] pub(super) Duration);

impl<'de> Deserialize<'de> for Lasting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_duration(&text).map(Self).map_err(D::Error::custom)
    }
}

/// A whole percentage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Percentage(pub(super) u8);

impl<'de> Deserialize<'de> for Percentage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer) {
            Ok(value @ 0..=100) => Ok(Self(value)),
            Ok(value) => Err(D::Error::invalid_value(Unexpected::Unsigned(value.into()), &"0 to 100")),
            Err(error) => Err(error),
        }
    }
}

impl JsonSchema for Percentage {
    fn schema_name() -> Cow<'static, str> {
        "Percentage".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 0, "maximum": 100})
    }
}

/// The format of a duration: numbers, each with its unit.
pub(super) const SPAN: &str = r"([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+";

/// A text that can look like a number: a revision, the content of a file.
pub(super) fn scalar(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "number", "boolean"]})
}

/// Either a text or a mapping.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged, inline, description = "")]
pub(super) enum TextOr<T> {
    Text(String),
    Map(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for TextOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = TextOr<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a mapping")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<TextOr<T>, E> {
                Ok(TextOr::Text(text.into()))
            }
            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<TextOr<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(entries)).map(TextOr::Map)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<T> TextOr<T> {
    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Map(_) => None,
        }
    }
}

/// Either a list or `{exactly: list}`.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged, inline, description = "")]
pub(super) enum ListOrExactly<T> {
    List(Vec<T>),
    Exactly(Exactly<T>),
}

/// These and no others.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct Exactly<T> {
    pub(super) exactly: Vec<T>,
}

impl<T> ListOrExactly<T> {
    /// Whether every sequence contains it.
    pub(super) fn holds_of_anything(&self) -> bool {
        match self {
            Self::List(items) => items.is_empty(),
            Self::Exactly(_) => false,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ListOrExactly<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = ListOrExactly<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or {exactly: […]}")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<ListOrExactly<T>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(ListOrExactly::List)
            }
            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<ListOrExactly<T>, A::Error> {
                Exactly::deserialize(MapAccessDeserializer::new(entries)).map(ListOrExactly::Exactly)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}
