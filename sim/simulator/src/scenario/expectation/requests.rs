//! Bounds of the number of exposed or failed requests.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, Visitor},
};

use crate::{
    record::Users,
    scenario::{Range, Share},
};

/// Bounds of the requests of users, over the whole story; mirrored copies do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Requests {
    /// Requests that ended in a server error, on the canary or the primary.
    pub failed: Option<Bounds>,
    /// Requests that the canary answered.
    pub exposed: Option<Bounds>,
    /// Requests that the canary answered with a server error.
    pub exposed_failed: Option<Bounds>,
}

/// The minimum and the maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "RequestBounds")]
pub struct Bounds {
    /// At least this number.
    pub min: Option<Amount>,
    /// At most this number.
    pub max: Option<Amount>,
}

/// A number of requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// This number.
    Count(u64),
    /// This share of all requests, 0 to 1; written as a percentage.
    Share(f64),
}

impl Amount {
    fn is_none(self) -> bool {
        match self {
            Self::Count(count) => count == 0,
            Self::Share(share) => share == 0.0,
        }
    }
}

impl Requests {
    /// Each bound with its name and its kind of requests.
    pub(crate) fn each(&self, users: &Users) -> [(&'static str, Option<Bounds>, u64); 3] {
        [
            ("failed", self.failed, users.failed),
            ("exposed", self.exposed, users.canary),
            ("exposedFailed", self.exposed_failed, users.canary_failed),
        ]
    }

    /// Whether all bounds require that there are no such requests.
    pub(crate) fn wants_none(&self) -> bool {
        let bounds = [self.failed, self.exposed, self.exposed_failed];
        bounds.into_iter().flatten().all(|bounds| matches!(bounds.max, Some(max) if max.is_none()))
    }

    /// Whether a bound requires that there are such requests.
    pub(crate) fn wants_some(&self) -> bool {
        let bounds = [self.failed, self.exposed, self.exposed_failed];
        bounds.into_iter().flatten().any(|bounds| matches!(bounds.min, Some(min) if !min.is_none()))
    }

    /// Why it is invalid, if it is.
    pub(super) fn check(&self) -> Result<(), String> {
        let given =
            self.each(&Users::default()).into_iter().filter_map(|(name, bounds, _)| Some((name, bounds?)));
        let given: Vec<_> = given.collect();
        if given.is_empty() {
            return Err("`requests` needs one of failed, exposed, exposedFailed".into());
        }
        for (name, bounds) in given {
            if bounds == Bounds::default() {
                return Err(format!("`requests.{name}` needs `min` or `max`"));
            }
        }
        Ok(())
    }
}

impl Bounds {
    /// Whether this number of all requests is within the bounds.
    pub(crate) fn hold(&self, count: u64, all: u64) -> bool {
        let share = if all == 0 { 0.0 } else { count as f64 / all as f64 };
        let at_most = |max: Amount| match max {
            Amount::Count(max) => count <= max,
            Amount::Share(max) => share <= max,
        };
        let at_least = |min: Amount| match min {
            Amount::Count(min) => count >= min,
            Amount::Share(min) => share >= min,
        };
        self.max.is_none_or(at_most) && self.min.is_none_or(at_least)
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number of requests, or a percentage of all of them.",
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? *%$"},
            ],
        })
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl Visitor<'_> for Visit {
            type Value = Amount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of requests such as 500, or a part of all such as 5%")
            }
            fn visit_u64<E>(self, count: u64) -> Result<Amount, E> {
                Ok(Amount::Count(count))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
                let share = serde::de::value::StrDeserializer::<E>::new(text);
                let share = Range::<Share>::deserialize(share).ok().filter(|share| share.is_exact());
                let wrong = || E::invalid_value(serde::de::Unexpected::Str(text), &self);
                share.map(|share| Amount::Share(share.min)).ok_or_else(wrong)
            }
        }
        deserializer.deserialize_any(Visit).map_err(D::Error::custom)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Share(share) => write!(f, "{}", Range::<Share>::exactly(*share)),
        }
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (name, bounds, _) in self.each(&Users::default()) {
            let Some(Bounds { min, max }) = bounds else { continue };
            let min = min.map(|min| format!("at least {min}"));
            let max = max.map(|max| format!("at most {max}"));
            let bounds: Vec<String> = [min, max].into_iter().flatten().collect();
            parts.push(format!("{name} {}", bounds.join(", ")));
        }
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_shares_are_bounds() {
        let bounds: Bounds = serde_yaml::from_str("{min: 5, max: 10%}").unwrap();
        assert!(bounds.hold(5, 50) && !bounds.hold(4, 50) && !bounds.hold(6, 50));
        assert!(!bounds.hold(0, 0), "five of none");
    }
}
