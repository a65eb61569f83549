//! Words as Go's `flag` package reads them, for the flags of `hey`.

use std::str::FromStr;

use super::{HeyError, wrong};

/// Flags with a value.
const WITH_VALUE: [&str; 17] =
    ["m", "d", "D", "A", "T", "a", "H", "host", "U", "o", "c", "n", "q", "t", "z", "x", "cpus"];
/// Flags that are set or not.
const SWITCHES: [&str; 4] = ["h2", "disable-compression", "disable-keepalive", "disable-redirects"];

/// The flags that were given, in their order, and the URL after them.
#[derive(Debug, Default)]
pub(super) struct Flags {
    given: Vec<(&'static str, String)>,
    pub(super) url: Option<String>,
}

impl Flags {
    pub(super) fn read(words: impl IntoIterator<Item = String>) -> Result<Self, HeyError> {
        let mut flags = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if word == "--" {
                flags.url = words.next();
                break;
            }
            let Some(flag) = word.strip_prefix('-').filter(|flag| !flag.is_empty()) else {
                flags.url = Some(word);
                break;
            };
            let flag = flag.strip_prefix('-').unwrap_or(flag);
            let (name, joined) =
                flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value.to_owned())));
            let known = |names: &[&'static str]| names.iter().find(|known| **known == name).copied();
            if let Some(name) = known(&SWITCHES) {
                flags.given.push((name, joined.unwrap_or_else(|| "true".into())));
            } else if let Some(name) = known(&WITH_VALUE) {
                let value = joined.or_else(|| words.next()).ok_or_else(|| HeyError::NoValue(word.clone()))?;
                flags.given.push((name, value));
            } else {
                return Err(HeyError::UnknownFlag(word));
            }
        }
        Ok(flags)
    }

    /// The values of a flag, in their order.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.given.iter().filter(move |(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// The value that counts, which is the last one.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.given.iter().rev().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, HeyError> {
        let number = |text: &str| text.parse().map_err(|_| wrong(name, text, expected));
        self.value(name).map(number).transpose()
    }

    pub(super) fn is_set(&self, name: &'static str) -> Result<bool, HeyError> {
        match self.value(name) {
            None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            Some(other) => Err(wrong(name, other, "true or false")),
        }
    }
}
