//! How a target's pods are told from the primary's: by one label.

use serde_json::{Map, Value};

use crate::{
    object::{Object, seen::Unfit},
    subject::Subject,
};

/// The label that both copies carry, and the target's value of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selector {
    /// Its key.
    pub(crate) label: String,
    /// Its value on the target's pods.
    pub(crate) value: String,
}

impl Selector {
    /// The first of the labels the settings name that the target's selector has.
    ///
    /// # Errors
    /// It has none of them.
    pub(crate) fn of(subject: &Subject, target: &Object) -> Result<Self, Unfit> {
        let labels = &subject.settings.selector_labels;
        let value = |label: &String| target.at("/spec/selector/matchLabels")?.get(label)?.as_str();
        let found = labels.iter().find_map(|label| Some((label.clone(), value(label)?.to_owned())));
        let (label, value) = found.ok_or_else(|| {
            Unfit::refused(format!(
                "{}: spec.selector.matchLabels must contain one of the labels {}; add one to it and to \
                 spec.template.metadata.labels, or start the controller with -selector-labels and the label it has",
                target.key(),
                labels.join(", "),
            ))
        })?;
        Ok(Self { label, value })
    }

    /// The label's value on the primary's pods.
    pub(crate) fn primary_value(&self) -> String {
        format!("{}-primary", self.value)
    }

    /// What selects the target's pods.
    pub(crate) fn target(&self) -> Value {
        self.map(&self.value)
    }

    /// What selects the primary's pods.
    pub(crate) fn primary(&self) -> Value {
        self.map(&self.primary_value())
    }

    fn map(&self, value: &str) -> Value {
        Value::Object(Map::from_iter([(self.label.clone(), value.into())]))
    }
}
