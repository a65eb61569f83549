//! The labels of the pods of a target and of its primary, and selectors.

use std::collections::BTreeMap;

use serde_json::Value;
use serin_input::manifest::fields::{list, text};

use crate::manifests::Object;

/// Labels that a controller changes in the primary: the first of these that the target's selector uses.
const SELECTOR_LABELS: [&str; 3] = ["app", "name", "app.kubernetes.io/name"];

/// The labels of both versions' pods.
#[derive(Debug)]
pub(super) struct Pods {
    pub(super) canary: BTreeMap<String, String>,
    pub(super) primary: BTreeMap<String, String>,
    /// The label by which they differ, with its value in the primary; unknown if the target is not given.
    pub(super) differ: Option<(String, String)>,
}

impl Pods {
    /// From the target's template. If the target is not given, the usual labels with its name.
    pub(super) fn of(canary: &Object, target: Option<&Value>) -> Self {
        let own = match target {
            Some(target) => labels(target.pointer("/spec/template/metadata/labels")),
            None => {
                let name = text(&canary.json, "/spec/targetRef/name");
                SELECTOR_LABELS.map(|label| (label.to_owned(), name.to_owned())).into()
            }
        };
        let selects = target.map(|target| labels(target.pointer("/spec/selector/matchLabels")));
        let mut primary = own.clone();
        let mut differ = None;
        for label in SELECTOR_LABELS {
            let is_changed = match &selects {
                Some(selects) => differ.is_none() && selects.contains_key(label),
                None => true,
            };
            if let Some(value) = primary.get_mut(label).filter(|_| is_changed) {
                *value += "-primary";
                differ = differ.or(Some((label.to_owned(), value.clone())));
            }
        }
        Self { canary: own, primary, differ }
    }

    /// `app: shop-primary`.
    pub(super) fn primary_label(&self) -> String {
        self.differ.as_ref().map_or(String::new(), |(label, value)| format!("{label}: {value}"))
    }
}

fn labels(value: Option<&Value>) -> BTreeMap<String, String> {
    let labels = value.and_then(Value::as_object).into_iter().flatten();
    labels.filter_map(|(label, value)| Some((label.clone(), value.as_str()?.to_owned()))).collect()
}

/// Whether a Service's selector selects pods with these labels; an empty one selects none.
pub(super) fn picks(selector: Option<&Value>, of: &BTreeMap<String, String>) -> bool {
    let selector = labels(selector);
    !selector.is_empty() && selector.iter().all(|(label, value)| of.get(label) == Some(value))
}

/// Whether a label selector matches these labels; an empty one matches all.
pub(super) fn matches(selector: &Value, of: &BTreeMap<String, String>) -> bool {
    let equal = labels(selector.get("matchLabels"));
    equal.iter().all(|(label, value)| of.get(label) == Some(value))
        && list(selector, "/matchExpressions").iter().all(|expression| {
            let value = of.get(text(expression, "/key"));
            let listed =
                || list(expression, "/values").iter().any(|one| one.as_str() == value.map(String::as_str));
            match text(expression, "/operator") {
                "In" => value.is_some() && listed(),
                "NotIn" => value.is_none() || !listed(),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        })
}
