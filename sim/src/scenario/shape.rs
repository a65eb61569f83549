//! The forms that several fields share: a text or a mapping, a list or `{exactly: list}`, a duration.

use std::{fmt, marker::PhantomData, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{
        Error as _, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use serin_core::time::parse_duration;

/// A duration such as `1m30s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lasting(pub(super) Duration);

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

/// Either a text or a mapping.
#[derive(Clone, Debug)]
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

/// Either a list or `{exactly: list}`.
#[derive(Clone, Debug)]
pub(super) struct ListOrExactly<T> {
    pub(super) items: Vec<T>,
    pub(super) exactly: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exactly<T> {
    exactly: Vec<T>,
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
                let items = Vec::deserialize(SeqAccessDeserializer::new(items))?;
                Ok(ListOrExactly { items, exactly: false })
            }
            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<ListOrExactly<T>, A::Error> {
                let Exactly { exactly } = Exactly::deserialize(MapAccessDeserializer::new(entries))?;
                Ok(ListOrExactly { items: exactly, exactly: true })
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}
