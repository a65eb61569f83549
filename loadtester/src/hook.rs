//! What a hook sends: which Canary it belongs to, and what it asks for.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The body of a hook's request, as the controller sends it. Fields that are not listed are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Hook {
    /// The Canary.
    #[serde(default)]
    pub name: String,
    /// Its namespace.
    #[serde(default)]
    pub namespace: String,
    /// Changes with every revision of the target.
    #[serde(default)]
    pub checksum: String,
    /// What the Canary's manifest says about the hook.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// A body that is no hook's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not what a hook sends: {0}")]
pub struct NotAHook(String);

impl Hook {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// It is not a JSON object, or a field has another type.
    pub fn read(body: &[u8]) -> Result<Self, NotAHook> {
        serde_json::from_slice(body).map_err(|error| NotAHook(error.to_string()))
    }

    /// The Canary as messages name it: `name.namespace`.
    #[must_use]
    pub fn canary(&self) -> String {
        format!("{}.{}", self.name, self.namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_read_and_fields_of_others_are_ignored() {
        let body = br#"{"name": "web", "namespace": "prod", "phase": "Progressing", "checksum": "1",
            "metadata": {"cmd": "true"}, "canaryWeight": 10}"#;
        let hook = Hook::read(body).unwrap();
        assert_eq!((hook.canary().as_str(), hook.metadata["cmd"].as_str()), ("web.prod", "true"));
    }

    #[test]
    fn what_no_hook_sends_is_refused() {
        for body in
            [&b""[..], b"null", b"[]", b"{", b"{\"name\": 1}", b"{\"metadata\": {\"cmd\": {}}}", b"\xff"]
        {
            assert!(Hook::read(body).is_err(), "{}", String::from_utf8_lossy(body));
        }
    }
}
