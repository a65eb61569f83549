//! Texts of an expectation that have a format.

use std::str::FromStr;

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use serin_core::{command::Routes, strategy::Weight};

use super::Wanted;

/// A regular expression.
#[derive(JsonSchema)]
#[schemars(inline, description = "", extend("format" = "regex"))]
pub(super) struct WrittenRegex(#[schemars(with = "String")] Regex);

impl WrittenRegex {
    pub(super) fn wanted(self) -> Wanted {
        Wanted::Matches(self.0)
    }
}

impl<'de> Deserialize<'de> for WrittenRegex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Regex::new(&text).map(Self).map_err(|error| {
            let lines = error.to_string();
            let why = lines.lines().last().unwrap_or_default().trim_start_matches("error: ");
            D::Error::custom(format!("`{text}` is not a regular expression: {why}"))
        })
    }
}

/// Where requests go: 90/10, 100/0 mirror 50 or 0/100 matched.
#[derive(JsonSchema)]
#[schemars(rename = "Division", extend("pattern" = "^[0-9]{1,3}/[0-9]{1,3}( mirror [0-9]{1,3})?( matched)?$"))]
pub(super) struct WrittenRoute(#[schemars(with = "String")] pub(super) Routes);

impl<'de> Deserialize<'de> for WrittenRoute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl FromStr for WrittenRoute {
    type Err = String;

    /// Parses the format of [`Routes`].
    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (rest, matched) = match text.strip_suffix(" matched") {
                Some(rest) => (rest, true),
                None => (text, false),
            };
            let (split, mirror) = match rest.split_once(" mirror ") {
                Some((split, mirror)) => (split, Some(mirror.parse().ok()?)),
                None => (rest, None),
            };
            let (primary, canary) = split.split_once('/')?;
            let (primary, canary): (Weight, Weight) = (primary.parse().ok()?, canary.parse().ok()?);
            (primary.checked_add(canary)? == 100).then_some(Routes { primary, canary, mirror, matched })
        };
        let refuse = || {
            format!("`{text}` is not a division of requests such as 90/10, 100/0 mirror 50 or 0/100 matched")
        };
        read().map(Self).ok_or_else(refuse)
    }
}
