//! Numbers of a world: exact, or a range that the seed draws from.

use std::{borrow::Cow, fmt, marker::PhantomData, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, Visitor},
};
use serin_core::time::{Human, parse_duration};

/// A number, or a range of them; `min <= max`, both finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range<U> {
    /// Smallest.
    pub min: f64,
    /// Largest; the smallest again for an exact number.
    pub max: f64,
    unit: PhantomData<U>,
}

/// The unit of a number: its format and its valid values.
pub trait Unit: Copy {
    /// Its name in the schema of scenarios.
    const NAME: &'static str;
    /// The expected format, for messages.
    const EXPECTED: &'static str;
    /// The format of one number, as a regular expression.
    const PATTERN: &'static str;
    /// The maximum of a number without a unit.
    const LARGEST: f64;
    /// Reads one number.
    fn read(text: &str) -> Option<f64>;
    /// Writes one number so that [`read`](Self::read) returns it.
    fn write(value: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// A share of requests or a chance, stored as 0 to 1, written as a percentage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share;

/// Requests per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerSecond;

/// A duration, stored in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seconds;

/// A factor, written as a number without a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor;

/// A number without a sign.
macro_rules! number {
    () => {
        r"[0-9]+(\.[0-9]+)?"
    };
}

impl Unit for Share {
    const NAME: &'static str = "Share";
    const PATTERN: &'static str = concat!("(", number!(), " *%|0)");
    const LARGEST: f64 = 0.0;
    const EXPECTED: &'static str = "a percentage from 0% to 100%, or a range such as 0%..5%";

    fn read(text: &str) -> Option<f64> {
        let percentage = match text.strip_suffix('%') {
            Some(number) => number.trim().parse::<f64>().ok()?,
            // Without a sign, only 0 is the same in both formats.
            None => text.parse::<f64>().ok().filter(|number| *number == 0.0)?,
        };
        (0.0..=100.0).contains(&percentage).then_some(percentage / 100.0)
    }

    fn write(value: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", (value * 1e10).round() / 1e8)
    }
}

impl Unit for PerSecond {
    const NAME: &'static str = "RequestsPerSecond";
    const PATTERN: &'static str = number!();
    const LARGEST: f64 = 1e6;
    const EXPECTED: &'static str = "requests per second up to 1000000, or a range such as 1..1000";

    fn read(text: &str) -> Option<f64> {
        text.parse().ok().filter(|rate| (0.0..=1e6).contains(rate))
    }

    fn write(value: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{value}")
    }
}

impl Unit for Seconds {
    const NAME: &'static str = "Span";
    const PATTERN: &'static str = r"(([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+|0)";
    const LARGEST: f64 = 0.0;
    const EXPECTED: &'static str = "a duration such as 20ms, or a range such as 5s..30s";

    fn read(text: &str) -> Option<f64> {
        parse_duration(text).ok().map(|span| span.as_secs_f64())
    }

    fn write(value: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Human(Duration::from_millis((value * 1000.0).round() as u64)))
    }
}

impl Unit for Factor {
    const NAME: &'static str = "Factor";
    const PATTERN: &'static str = number!();
    const LARGEST: f64 = 1000.0;
    const EXPECTED: &'static str = "a factor from 0 to 1000, or a range such as 1..3";

    fn read(text: &str) -> Option<f64> {
        text.parse().ok().filter(|factor| (0.0..=1000.0).contains(factor))
    }

    fn write(value: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{value}")
    }
}

impl<U: Unit> Range<U> {
    /// Exactly this number.
    #[must_use]
    pub const fn exactly(value: f64) -> Self {
        Self { min: value, max: value, unit: PhantomData }
    }

    /// Any number from the smaller to the larger one.
    #[must_use]
    pub const fn between(min: f64, max: f64) -> Self {
        Self { min, max, unit: PhantomData }
    }

    /// Whether there is nothing to draw.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self.min == self.max
    }

    /// The number at this position between the smallest (0) and the largest (1).
    #[must_use]
    pub fn at(self, place: f64) -> f64 {
        (self.min + (self.max - self.min) * place).clamp(self.min, self.max)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}` is not {}", U::EXPECTED);
        let read = |text: &str| U::read(text.trim()).ok_or_else(expected);
        let Some((min, max)) = text.split_once("..") else { return read(text).map(Self::exactly) };
        let (min, max) = (read(min)?, read(max)?);
        if min > max {
            return Err(format!("`{text}` begins with the larger value"));
        }
        Ok(Self { min, max, unit: PhantomData })
    }
}

impl<U: Unit> fmt::Display for Range<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        U::write(self.min, f)?;
        if self.is_exact() {
            return Ok(());
        }
        f.write_str("..")?;
        U::write(self.max, f)
    }
}

impl<U: Unit> JsonSchema for Range<U> {
    fn schema_name() -> Cow<'static, str> {
        U::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": format!("{}.", U::EXPECTED),
            "type": ["string", "number"],
            "pattern": format!(r"^ *{0} *(\.\. *{0} *)?$", U::PATTERN),
            "minimum": 0,
            "maximum": U::LARGEST,
        })
    }
}

impl<'de, U: Unit> Deserialize<'de> for Range<U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written<U>(PhantomData<U>);
        impl<U: Unit> Visitor<'_> for Written<U> {
            type Value = Range<U>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(U::EXPECTED)
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Range<U>, E> {
                Range::parse(text).map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Range<U>, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Range<U>, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Range<U>, E> {
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(Written(PhantomData)).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str) -> Result<Range<Share>, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_number_or_a_range_is_read_and_written() {
        assert_eq!(share("5%").unwrap(), Range::exactly(0.05));
        assert_eq!(share("0%..10%").unwrap().to_string(), "0%..10%");
        let rates: Range<PerSecond> = serde_yaml::from_str("1..1000").unwrap();
        assert_eq!((rates.at(0.0), rates.at(0.5), rates.at(1.0)), (1.0, 500.5, 1000.0));
        let span: Range<Seconds> = serde_yaml::from_str("20ms").unwrap();
        assert_eq!((span.min, span.to_string()), (0.02, "20ms".into()));
    }

    #[test]
    fn an_invalid_range_is_refused() {
        for (wrong, why) in [
            ("101%", "is not a percentage from 0% to 100%"),
            ("5", "is not a percentage"),
            ("10%..5%", "begins with the larger value"),
            ("..5%", "is not a percentage"),
            ("nan%", "is not a percentage"),
            ("[1]", "invalid type"),
        ] {
            let error = share(wrong).unwrap_err();
            assert!(error.contains(why), "{wrong}: {error}");
        }
    }
}
