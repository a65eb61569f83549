//! Numbers as they are written.

use alloc::string::String;
use core::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected, Visitor},
};

/// A number that should be whole.
///
/// The schema allows every number, so every number is read. Parsing refuses numbers that are not whole, with their
/// field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number, however it is written: `5` or `5.0`.
    Whole(i64),
    /// Any other.
    Fraction(f64),
}

impl Number {
    /// The number, if it is a whole one.
    #[must_use]
    pub const fn whole(self) -> Option<i64> {
        match self {
            Self::Whole(number) => Some(number),
            Self::Fraction(_) => None,
        }
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        // Beyond 2^53 not every whole number is an f64.
        let is_exact = (-9.0e15..9.0e15).contains(&number) && (number as i64) as f64 == number;
        if is_exact { Self::Whole(number as i64) } else { Self::Fraction(number) }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => fmt::Display::fmt(number, f),
            Self::Fraction(number) => fmt::Display::fmt(number, f),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Whole(number) => serializer.serialize_i64(number),
            Self::Fraction(number) => serializer.serialize_f64(number),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl Visitor<'_> for Visit {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(Number::Whole(number))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
                Ok(i64::try_from(number).map_or(Number::Fraction(number as f64), Number::Whole))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
                Ok(number.into())
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

/// Either a number or a name, such as a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntOrString {
    /// A number.
    Int(i64),
    /// A name.
    String(String),
}

impl Serialize for IntOrString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::String(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for IntOrString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl Visitor<'_> for Visit {
            type Value = IntOrString;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number or a text")
            }
            fn visit_i64<E>(self, number: i64) -> Result<IntOrString, E> {
                Ok(IntOrString::Int(number))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<IntOrString, E> {
                let refuse = |_| E::invalid_value(Unexpected::Unsigned(number), &self);
                i64::try_from(number).map(IntOrString::Int).map_err(refuse)
            }
            fn visit_str<E>(self, text: &str) -> Result<IntOrString, E> {
                Ok(IntOrString::String(text.into()))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

/// Any number; a whole one is written without `.0`.
pub(super) mod plain {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Number;

    #[expect(clippy::ref_option, reason = "serde requires this signature")]
    pub(in crate::spec::raw) fn serialize<S: Serializer>(
        number: &Option<f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        number.map(Number::from).serialize(serializer)
    }

    pub(in crate::spec::raw) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        Option::deserialize(deserializer)
    }
}
