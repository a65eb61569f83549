//! How a target's pods are told from the primary's: by one label.

use serde_json::{Map, Value};

use crate::{
    object::{Object, seen::Unfit},
    subject::Subject,
};

/// What the primary's value has more than the target's.
const SUFFIX: &str = "-primary";
const LONGEST_LABEL: usize = 63;
const LONGEST_VALUE: usize = LONGEST_LABEL - SUFFIX.len();

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
        if value.len() > LONGEST_VALUE {
            return Err(Unfit::refused(format!(
                "{}: spec.selector.matchLabels: the value of {label} must have at most {LONGEST_VALUE} characters, because \
                 the primary's pods carry `<value>{SUFFIX}` and labels can have {LONGEST_LABEL}; it has {}",
                target.key(),
                value.len(),
            )));
        }
        Ok(Self { label, value })
    }

    /// The label's value on the primary's pods.
    pub(crate) fn primary_value(&self) -> String {
        format!("{}{SUFFIX}", self.value)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{fixtures, kinds::DEPLOYMENT};

    const WEB: &str = include_str!("../fixtures/deployment.yaml");

    #[test]
    fn the_longest_value_leaves_room_for_that_of_the_primary() {
        let (subject, mut cluster) = fixtures::read(WEB);
        let mut of = |length: usize| {
            fixtures::edit(&mut cluster, DEPLOYMENT, "web", |web| {
                web.set("/spec/selector/matchLabels", json!({"app": "a".repeat(length)}));
            });
            Selector::of(&subject, &fixtures::find(&cluster, DEPLOYMENT, "web"))
        };
        assert_eq!(of(55).unwrap().primary_value().len(), 63);
        let Err(Unfit::Refused(why)) = of(56) else { panic!("56 are too many") };
        assert!(why.contains("app must have at most 55 characters") && why.ends_with("it has 56"), "{why}");
    }
}
