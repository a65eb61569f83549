//! What a Kubernetes Secret holds: read where it is used, shown nowhere.

use std::{collections::BTreeMap, fmt};

/// A text that is sent, and shown as `***`.
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
        // A file's last line break gets into many Secrets, and is in no credential.
        Self(
            keys.into_iter()
                .map(|(key, value)| (key, Hidden::new(value.trim_end_matches(['\r', '\n']))))
                .collect(),
        )
    }

    /// What stands under a key, unless it is empty.
    #[must_use]
    pub fn at(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(Hidden::reveal).filter(|value| !value.is_empty())
    }
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
    fn a_secret_is_used_and_never_shown() {
        let secret = Secret::new([("token".into(), "abc\n".into()), ("none".into(), String::new())]);
        assert_eq!((secret.at("token"), secret.at("none")), (Some("abc"), None));
        assert_eq!(format!("{secret:?}"), r#"{"none": ***, "token": ***}"#);
    }
}
