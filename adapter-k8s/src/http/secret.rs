//! The contents of a Kubernetes Secret: read where it is used, and never shown.

use std::{cmp::Reverse, collections::BTreeMap, fmt};

/// A text that is sent, but shown as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, to be sent.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<&str> for Hidden {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// The keys of a Secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(BTreeMap<String, Hidden>);

impl Secret {
    /// A Secret with these keys, decoded.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = (String, String)>) -> Self {
        // Many Secrets contain the last line break of a file, which is never part of a credential.
        Self(
            keys.into_iter()
                .map(|(key, value)| (key, Hidden::new(value.trim_end_matches(['\r', '\n']))))
                .collect(),
        )
    }

    /// The value of a key, unless it is empty.
    #[must_use]
    pub fn at(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(Hidden::reveal).filter(|value| !value.is_empty())
    }

    /// A text with `***` in place of each value that it repeats. Values of less than [`SHORTEST`] bytes stay, because
    /// they occur in too many words.
    #[must_use]
    pub fn hide_in(&self, text: &str) -> String {
        let mut values: Vec<&str> = self.0.values().map(Hidden::reveal).collect();
        values.retain(|value| value.len() >= SHORTEST);
        // One value can begin with another.
        values.sort_by_key(|value| Reverse(value.len()));
        values
            .into_iter()
            .fold(text.to_owned(), |text, value| without_cut(&text.replace(value, "***"), value))
    }
}

/// The shortest value that is looked for in a text, in bytes.
const SHORTEST: usize = 4;

/// A text whose end was cut off, without a partial value at its end.
fn without_cut(text: &str, value: &str) -> String {
    let Some(head) = text.strip_suffix('…') else { return text.to_owned() };
    let parts = (SHORTEST..value.len()).rev().filter_map(|end| value.get(..end));
    let whole = parts.filter_map(|part| head.strip_suffix(part)).next();
    whole.map_or_else(|| text.to_owned(), |whole| format!("{whole}***…"))
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_sent_and_never_shown() {
        let secret = Secret::new([("token".into(), "abc\n".into()), ("none".into(), String::new())]);
        assert_eq!((secret.at("token"), secret.at("none")), (Some("abc"), None));
        assert_eq!(format!("{secret:?}"), r#"{"none": ***, "token": ***}"#);
    }

    #[test]
    fn a_text_that_repeats_a_secret_is_shown_without_it() {
        let keys = [("a", "abcd"), ("b", "abcdefgh"), ("c", "no")];
        let secret = Secret::new(keys.map(|(key, value)| (key.into(), value.into())));
        assert_eq!(secret.hide_in("no abcdefgh, abcd, abc"), "no ***, ***, abc");
        assert_eq!(secret.hide_in("cut abcdef…"), "cut ***…");
        assert_eq!(secret.hide_in("cut zabcde…"), "cut z***…");
        assert_eq!(secret.hide_in("cut abc…"), "cut abc…");
    }
}
