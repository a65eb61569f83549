//! The remedy of a finding: the sentence, and the edits of the manifest that implement it.

use std::fmt;

use serde_json::Value;

use crate::edit::Edit;

/// A remedy. The sentence and the edits mean the same; a remedy without edits needs a decision of the user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remedy {
    /// The sentence; empty if nothing helps.
    pub text: String,
    /// The edits, in order.
    pub edits: Vec<Edit>,
}

impl Remedy {
    /// A remedy without edits.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), edits: Vec::new() }
    }

    /// Also sets a field.
    pub fn setting(mut self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        self.edits.push(Edit::set(path, value));
        self
    }

    /// Also removes a field.
    pub fn removing(mut self, path: impl Into<String>) -> Self {
        self.edits.push(Edit::remove(path));
        self
    }

    /// Changes every path.
    pub fn moved(mut self, to: impl Fn(&str) -> String) -> Self {
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
