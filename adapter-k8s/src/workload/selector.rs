//! How the pods of target and primary are distinguished: by a label.
//!
//! A primary's selector never changes, and its pods serve. So the label in the primary's selector is used as long as
//! there is a primary. Flags and the target determine it only before the first primary is created.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    object::{Object, map_of, reader::BuildError, text_map},
    subject::Subject,
};

const SELECTOR: &str = "/spec/selector/matchLabels";
const POD_LABELS: &str = "/spec/template/metadata/labels";
/// The suffix of the primary's value.
const SUFFIX: &str = "-primary";
const LONGEST_LABEL: usize = 63;
const LONGEST_VALUE: usize = LONGEST_LABEL - SUFFIX.len();

/// A label and its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Label {
    /// Its key.
    pub(crate) key: String,
    /// Its value.
    pub(crate) value: String,
}

/// The labels that services select by. Their keys differ only if the target no longer has the label that the primary
/// was created with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selector {
    /// Selects the target's pods, and none of the primary's.
    pub(crate) target: Label,
    /// Selects the primary's pods, and none of the target's.
    pub(crate) primary: Label,
}

impl Label {
    /// The selector for pods that carry it.
    pub(crate) fn selects(&self) -> Value {
        map_of([(self.key.as_str(), self.value.as_str())])
    }

    fn is_in(&self, labels: &BTreeMap<String, String>) -> bool {
        labels.get(&self.key) == Some(&self.value)
    }
}

impl Selector {
    /// The current labels, with the primary, if there is one.
    ///
    /// # Errors
    /// No label distinguishes the two copies.
    pub(crate) fn of(
        subject: &Subject,
        target: &Object,
        primary: Option<&Object>,
    ) -> Result<Self, BuildError> {
        let Some(primary) = primary else { return Self::of_target(subject, target) };
        let (its_pods, live) = (text_map(target.at(POD_LABELS)), live_labels(primary));
        let keys = subject.settings.selector_labels.iter().filter(|key| live.contains_key(*key));
        let keys: Vec<&String> = keys.chain(live.keys()).collect();
        let shared = keys.iter().find_map(|key| {
            let (its_value, value) = (its_pods.get(*key)?, live.get(*key)?);
            let label = |value: &String| Label { key: (*key).clone(), value: value.clone() };
            (its_value != value).then(|| Self { target: label(its_value), primary: label(value) })
        });
        match (shared, keys.first()) {
            (Some(shared), _) => Ok(shared),
            (None, None) => Self::of_target(subject, target),
            (None, Some(key)) => {
                let of_primary = Label { key: (*key).clone(), value: live[*key].clone() };
                Self::of_two_labels(subject, target, primary, of_primary)
            }
        }
    }

    /// The labels of a Canary without a primary: the first of the configured labels that the target's selector has.
    ///
    /// # Errors
    /// It has none of them, or the value is too long.
    pub(crate) fn of_target(subject: &Subject, target: &Object) -> Result<Self, BuildError> {
        let label = first_known(subject, target).ok_or_else(|| {
            BuildError::refused(format!(
                "{}: spec.selector.matchLabels must contain one of the labels {}; add one to it and to \
                 spec.template.metadata.labels, or start the controller with -selector-labels and the label it has",
                target.key(),
                subject.settings.selector_labels.join(", "),
            ))
        })?;
        if label.value.len() > LONGEST_VALUE {
            return Err(BuildError::refused(format!(
                "{}: spec.selector.matchLabels: the value of {} must have at most {LONGEST_VALUE} characters, because \
                 the primary's pods carry `<value>{SUFFIX}` and labels can have {LONGEST_LABEL}; it has {}",
                target.key(),
                label.key,
                label.value.len(),
            )));
        }
        Ok(Self { primary: of_primary(&label), target: label })
    }

    /// The target has lost the primary's label: another label of the target is used, unless the primary's pods carry
    /// that, too.
    fn of_two_labels(
        subject: &Subject,
        target: &Object,
        primary: &Object,
        of_primary: Label,
    ) -> Result<Self, BuildError> {
        let Self { target: label, .. } = Self::of_target(subject, target)?;
        if label.is_in(&text_map(primary.at(POD_LABELS))) {
            return Err(BuildError::refused(format!(
                "{}: its pods cannot be distinguished from those of {}, which carry {}={}, too: give \
                 spec.template.metadata.labels the label {} with another value than {}",
                target.key(),
                primary.key(),
                label.key,
                label.value,
                of_primary.key,
                of_primary.value,
            )));
        }
        Ok(Self { target: label, primary: of_primary })
    }

    /// The labels of the primary's pods in place of the target's, so that no service selects the wrong ones.
    pub(crate) fn put_on_primary(&self, labels: &mut Value) {
        if self.target.key != self.primary.key {
            labels[&self.target.key] = of_primary(&self.target).value.into();
        }
        labels[&self.primary.key] = self.primary.value.as_str().into();
    }

    /// Both keys, without repeats.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        let second = (self.target.key != self.primary.key).then_some(&self.target.key);
        std::iter::once(&self.primary.key).chain(second)
    }
}

/// The hint if the primary has another label than the target and the flags require; `None` if it is the same.
pub(crate) fn outdated(subject: &Subject, target: &Object, primary: &Object) -> Option<String> {
    let wanted = of_primary(&first_known(subject, target)?);
    let live = live_labels(primary);
    let (key, value) = live.first_key_value()?;
    if wanted.is_in(&live) {
        return None;
    }
    Some(format!(
        "{} is selected by {key}={value}, and not by {}={}: a selector never changes, so services select by {key} until \
         another primary serves. To replace it without an outage, delete it with --cascade=orphan; once the new pods serve, \
         delete what it has left behind.",
        primary.key(),
        wanted.key,
        wanted.value,
    ))
}

/// The labels in the primary's selector; those of its pods if the selector has none.
fn live_labels(primary: &Object) -> BTreeMap<String, String> {
    let named = text_map(primary.at(SELECTOR));
    if named.is_empty() { text_map(primary.at(POD_LABELS)) } else { named }
}

fn first_known(subject: &Subject, target: &Object) -> Option<Label> {
    let value = |key: &String| target.at(SELECTOR)?.get(key)?.as_str();
    let mut keys = subject.settings.selector_labels.iter();
    keys.find_map(|key| Some(Label { key: key.clone(), value: value(key)?.to_owned() }))
}

fn of_primary(target: &Label) -> Label {
    Label { key: target.key.clone(), value: format!("{}{SUFFIX}", target.value) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        fixtures::{self, read_with},
        kinds::DEPLOYMENT,
        settings::Settings,
    };

    const WEB: &str = include_str!("../fixtures/deployment.yaml");

    fn subject(labels: &[&str]) -> Subject {
        let selector_labels = labels.iter().map(|label| (*label).to_owned()).collect();
        read_with(WEB, Settings { selector_labels, ..Settings::default() }).0
    }

    fn deployment(name: &str, selector: &Value, labels: &Value) -> Object {
        let template = json!({"metadata": {"labels": labels}});
        let spec = json!({"selector": {"matchLabels": selector}, "template": template});
        fixtures::object(json!({"kind": "Deployment", "metadata": {"name": name}, "spec": spec}))
    }

    /// The labels of target and primary, or the refusal.
    fn selected(flag: &str, target: (Value, Value), primary: Option<(Value, Value)>) -> String {
        let target = deployment("web", &target.0, &target.1);
        let primary = primary.map(|(selector, labels)| deployment("web-primary", &selector, &labels));
        match Selector::of(&subject(&[flag]), &target, primary.as_ref()) {
            Ok(Selector { target, primary }) => {
                format!("{}={} {}={}", target.key, target.value, primary.key, primary.value)
            }
            Err(refused) => refused.to_string(),
        }
    }

    fn both(app: &str, deploy: &str) -> Value {
        json!({"app": app, "deploy": deploy})
    }

    #[test]
    fn the_label_of_the_live_primary_is_used_whatever_flag_and_target_say() {
        let live = || Some((json!({"app": "web-primary"}), both("web-primary", "web")));
        let one = |value: Value| (value.clone(), value);
        assert_eq!(selected("app", one(json!({"app": "web"})), None), "app=web app=web-primary");
        assert_eq!(selected("deploy", one(both("web", "web")), None), "deploy=web deploy=web-primary");
        assert_eq!(selected("deploy", one(both("web", "web")), live()), "app=web app=web-primary");
        // The target was created again with another selector, and it has none of the labels in the flag.
        let renamed = || (json!({"deploy": "web"}), both("web", "web"));
        assert_eq!(selected("app", renamed(), live()), "app=web app=web-primary");
        assert_eq!(selected("app", one(json!({"app": "shop"})), live()), "app=shop app=web-primary");
    }

    #[test]
    fn a_target_without_the_primarys_label_is_selected_by_another_that_the_primary_lacks() {
        let renamed = || (json!({"deploy": "web"}), json!({"deploy": "web"}));
        let live = |labels: Value| Some((json!({"app": "web-primary"}), labels));
        let apart = selected("deploy", renamed(), live(json!({"app": "web-primary"})));
        assert_eq!(apart, "deploy=web app=web-primary");
        let refused = selected("deploy", renamed(), live(both("web-primary", "web")));
        insta::assert_snapshot!(refused, @"Deployment web.test: its pods cannot be distinguished from those of Deployment web-primary.test, which carry deploy=web, too: give spec.template.metadata.labels the label app with another value than web-primary");
        // After a promotion the primary's pods carry both labels.
        let selector = Selector {
            target: Label { key: "deploy".into(), value: "web".into() },
            primary: Label { key: "app".into(), value: "web-primary".into() },
        };
        let mut labels = json!({"deploy": "web", "tier": "front"});
        selector.put_on_primary(&mut labels);
        assert_eq!(labels, json!({"app": "web-primary", "deploy": "web-primary", "tier": "front"}));
        assert_eq!(selected("deploy", renamed(), live(labels)), "deploy=web app=web-primary");
    }

    #[test]
    fn an_existing_primary_is_selected_by_a_label_that_it_has() {
        let web = || (json!({"app": "web"}), json!({"app": "web", "role": "live"}));
        let same = json!({"app": "web"});
        assert!(selected("app", web(), Some((same.clone(), same))).contains("cannot be distinguished from"));
        let theirs = json!({"role": "stable"});
        assert_eq!(selected("app", web(), Some((theirs.clone(), theirs))), "role=live role=stable");
        // This one selects only by expressions.
        let by_expressions = Some((json!({}), json!({"app": "web-primary"})));
        assert_eq!(selected("app", web(), by_expressions), "app=web app=web-primary");
    }

    #[test]
    fn an_outdated_label_is_named_with_the_way_to_change_it() {
        let labels = both("web", "web");
        let target = deployment("web", &labels, &labels);
        let live = json!({"app": "web-primary"});
        let primary = deployment("web-primary", &live, &live);
        assert_eq!(outdated(&subject(&["app"]), &target, &primary), None);
        let said = outdated(&subject(&["deploy"]), &target, &primary).unwrap();
        insta::assert_snapshot!(said, @"Deployment web-primary.test is selected by app=web-primary, and not by deploy=web-primary: a selector never changes, so services select by app until another primary serves. To replace it without an outage, delete it with --cascade=orphan; once the new pods serve, delete what it has left behind.");
        assert_eq!(outdated(&subject(&["none"]), &target, &primary), None);
    }

    #[test]
    fn the_longest_value_leaves_space_for_the_primarys_suffix() {
        let (subject, mut cluster) = fixtures::read(WEB);
        let mut of = |length: usize| {
            fixtures::edit(&mut cluster, DEPLOYMENT, "web", |web| {
                web.set("/spec/selector/matchLabels", json!({"app": "a".repeat(length)}));
            });
            Selector::of(&subject, &fixtures::find(&cluster, DEPLOYMENT, "web"), None)
        };
        assert_eq!(of(55).unwrap().primary.value.len(), 63);
        let Err(BuildError::Refused(why)) = of(56) else { panic!("56 are too many") };
        assert!(why.contains("app must have at most 55 characters") && why.ends_with("it has 56"), "{why}");
    }
}
