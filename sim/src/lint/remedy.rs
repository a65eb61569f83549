//! What can be done about a finding: the sentence that people read, and the edit of the manifest that does it.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// What can be done. The sentence and the edits say the same; a remedy without edits is advice that needs a person.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Remedy {
    pub(super) text: String,
    pub(super) edits: Vec<Edit>,
}

/// One change of a manifest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edit {
    /// Path of the field.
    pub path: String,
    /// What it becomes; left out: the field is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

impl Remedy {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), edits: Vec::new() }
    }

    /// With a field that is set.
    pub(super) fn setting(mut self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        self.edits.push(Edit { path: path.into(), value: Some(value.into()) });
        self
    }

    /// With a field that is removed.
    pub(super) fn removing(mut self, path: impl Into<String>) -> Self {
        self.edits.push(Edit { path: path.into(), value: None });
        self
    }

    /// With every path changed.
    pub(super) fn moved(mut self, to: impl Fn(&str) -> String) -> Self {
        self.edits.iter_mut().for_each(|edit| edit.path = to(&edit.path));
        self
    }
}

impl From<String> for Remedy {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Remedy {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
