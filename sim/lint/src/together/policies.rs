//! NetworkPolicies that select the target's pods and not the primary's.

use serde_json::{Value, json};
use serin_input::manifest::{
    Remedy,
    fields::{list, text},
    typed::pointer,
};

use super::{Neighbour, Pods, labels::matches};
use crate::{Draft, code::Code, manifests::Object};

pub(super) fn look(policy: &Neighbour, canary: &Object, pods: &Pods) -> Vec<Draft> {
    let mut told = Vec::new();
    let Some((label, value)) = &pods.differ else { return told };
    let mut add = |field: String, what: String| {
        let selector = policy.json.pointer(&pointer(&field)).unwrap_or(&Value::Null);
        let remedy = Remedy::new(format!(
            "select a label that both have, or add `{}` to the values of an expression",
            pods.primary_label()
        ));
        let own = pods.canary.get(label).map_or("", String::as_str);
        let remedy = remedy.setting(field.as_str(), of_both(selector, label, [own, value]));
        told.push(Draft { code: Code::PolicyWithoutPrimary, field, what, remedy, offset: None });
    };
    let title = canary.title();
    let primary = format!("those of the primary have `{label}: {value}`");
    let empty = Value::Null;
    let selects = policy.json.pointer("/spec/podSelector").unwrap_or(&empty);
    if matches(selects, &pods.canary) && !matches(selects, &pods.primary) {
        add(
            "spec.podSelector".into(),
            format!(
                "applies to the target's pods of Canary {title}, but {primary}: its rules do not apply to the primary"
            ),
        );
    }
    for (rules, peers, towards) in [("ingress", "from", "from"), ("egress", "to", "to")] {
        let rules_of = list(&policy.json, &format!("/spec/{rules}"));
        let Some((rule, peer)) = first(rules_of, peers, |selector| matches(selector, &pods.canary)) else {
            continue;
        };
        if admits_all(rules_of, peers)
            || first(rules_of, peers, |selector| matches(selector, &pods.primary)).is_some()
        {
            continue;
        }
        add(
            format!("spec.{rules}[{rule}].{peers}[{peer}].podSelector"),
            format!(
                "allows requests {towards} the target's pods of Canary {title}, but {primary}: requests {towards} the \
                 primary are refused"
            ),
        );
    }
    told
}

/// A selector that accepts both values of a label, and otherwise selects the same.
fn of_both(selector: &Value, label: &str, values: [&str; 2]) -> Value {
    let mut selector = selector.as_object().cloned().unwrap_or_default();
    if let Some(Value::Object(equal)) = selector.get_mut("matchLabels") {
        equal.remove(label);
    }
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).cloned().unwrap_or_default();
    let others = expressions
        .iter()
        .filter(|one| (text(one, "/key"), text(one, "/operator")) != (label, "In"))
        .cloned();
    let both = json!({"key": label, "operator": "In", "values": values});
    selector.insert("matchExpressions".into(), others.chain([both]).collect());
    selector.into()
}

/// The first peer whose pods are selected.
fn first(rules: &[Value], peers: &str, is: impl Fn(&Value) -> bool) -> Option<(usize, usize)> {
    rules.iter().enumerate().find_map(|(i, rule)| {
        let peers = list(rule, &format!("/{peers}")).iter();
        let found = peers.enumerate().find(|(_, peer)| peer.get("podSelector").is_some_and(&is));
        found.map(|(peer, _)| (i, peer))
    })
}

/// Whether a rule has no peers, or a whole namespace or addresses as peers: these may include the primary.
fn admits_all(rules: &[Value], peers: &str) -> bool {
    rules.iter().any(|rule| {
        let peers = list(rule, &format!("/{peers}"));
        peers.is_empty() || peers.iter().any(|peer| peer.get("podSelector").is_none())
    })
}
