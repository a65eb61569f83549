//! Misspelt fields without which a release would not be judged: a cluster drops `anaylsis`, and then every revision is
//! promoted.

use serde_json::{Value, json};

use super::{
    fields::CANARY,
    known::{Unknown, siblings, walk},
    typed::pointer,
};
use crate::nearest;

/// Unknown fields of a Canary, and the fields that were meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misspelt {
    /// Their paths; at least one.
    pub fields: Vec<String>,
    /// The paths of the fields that were meant, in the same order.
    pub meant: Vec<String>,
    /// What happens without those fields.
    pub what: String,
    /// What the user can do.
    pub remedy: String,
}

impl Misspelt {
    /// The path of the first.
    pub fn field(&self) -> &str {
        self.fields.first().map_or("", String::as_str)
    }

    /// The path that was meant by the first.
    pub fn meant(&self) -> &str {
        self.meant.first().map_or("", String::as_str)
    }
}

/// A field that decides how a release is judged.
struct Deciding {
    parent: &'static str,
    name: &'static str,
    /// Other fields of the same parent that also decide it.
    instead: &'static [&'static str],
    without: &'static str,
}

#[rustfmt::skip]
const DECIDING: [Deciding; 7] = [
    Deciding { parent: "spec", name: "analysis", instead: &["canaryAnalysis"], without: "a release would not be analysed, and every revision would be promoted" },
    Deciding { parent: "spec.analysis", name: "metrics", instead: &[], without: "a release would not be measured" },
    Deciding { parent: "spec.analysis", name: "webhooks", instead: &[], without: "no hooks and no gates would be called" },
    Deciding { parent: "spec.analysis", name: "match", instead: &[], without: "any user could be sent to the canary, not the matched ones only" },
    Deciding { parent: "spec.analysis.metrics[]", name: "thresholdRange", instead: &["threshold"], without: "the metric would have no bounds and never fail" },
    Deciding { parent: "spec.analysis.metrics[].thresholdRange", name: "min", instead: &["max"], without: "the metric would have no bounds and never fail" },
    Deciding { parent: "spec.analysis.metrics[].thresholdRange", name: "max", instead: &["min"], without: "the metric would have no bounds and never fail" },
];

/// Every misspelt field of a Canary without which a release would not be judged. `canary` has its analysis under
/// `spec.analysis`.
pub fn look(canary: &Value) -> Vec<Misspelt> {
    let unknown = walk(CANARY, canary).unknown;
    let mut found: Vec<Misspelt> = unknown.iter().filter_map(|unknown| of(unknown, canary)).collect();
    if !has_analysis(canary) && !found.iter().any(|found| found.meant() == "spec.analysis") {
        found.extend(lost_indentation(&unknown, canary));
    }
    found
}

/// The name of the field in `spec` that is a misspelt `analysis`; `None` if there is an analysis, or no such field.
pub fn analysis(canary: &Value) -> Option<String> {
    let meant = look(canary).into_iter().find(|found| found.meant() == "spec.analysis")?;
    let name = meant.field().strip_prefix("spec.").filter(|name| !name.contains(['.', '[']))?;
    canary["spec"][name].is_object().then(|| name.to_owned())
}

/// The message about the analysis under this name.
pub fn of_analysis(name: &str) -> Option<Misspelt> {
    look(&json!({"spec": {name: {"interval": "", "threshold": ""}}})).into_iter().next()
}

fn of(unknown: &Unknown, canary: &Value) -> Option<Misspelt> {
    let near = nearest(unknown.name(), siblings(CANARY, unknown.parent()));
    let value = canary.pointer(&pointer(unknown.path()));
    let deciding = DECIDING.iter().find(|deciding| {
        let is_near = unknown.parent() == deciding.parent
            && near.is_some_and(|near| near == deciding.name || deciding.instead.contains(&near));
        let is_above =
            deciding.parent == "spec" || (unknown.parent() == "spec" && deciding.parent == "spec.analysis");
        let is_elsewhere = near.is_none() && unknown.name() == deciding.name && is_above;
        let is_like_it = near.is_none() && deciding.name == "analysis" && value.is_some_and(is_analysis);
        is_near || is_elsewhere || is_like_it
    })?;
    let parent = if unknown.parent() == deciding.parent {
        unknown.path().rsplit_once('.').map_or("", |(parent, _)| parent)
    } else {
        deciding.parent
    };
    let siblings = canary.pointer(&pointer(parent));
    // If the analysis is empty, all its fields are missing.
    if parent == "spec.analysis" && !siblings.is_some_and(Value::is_object) {
        return None;
    }
    let is_set =
        |name: &&str| siblings.and_then(|fields| fields.get(*name)).is_some_and(|set| !set.is_null());
    let skips =
        deciding.name == "analysis" && canary.pointer("/spec/skipAnalysis") == Some(&Value::Bool(true));
    if skips || is_set(&deciding.name) || deciding.instead.iter().any(is_set) {
        return None;
    }
    let near = near.filter(|near| deciding.instead.contains(near)).unwrap_or(deciding.name);
    let what = format!("is unknown and `{near}` is missing: {}", deciding.without);
    let meant = format!("{parent}.{near}");
    let is_beside = unknown.parent() == deciding.parent;
    let remedy = format!("did you mean `{}`?", if is_beside { near } else { &meant });
    Some(Misspelt { fields: vec![unknown.path().into()], meant: vec![meant], what, remedy })
}

/// Fields of the analysis that are its siblings: they are not indented.
fn lost_indentation(unknown: &[Unknown], canary: &Value) -> Option<Misspelt> {
    let lost: Vec<&Unknown> = unknown
        .iter()
        .filter(|unknown| {
            unknown.parent() == "spec" && siblings(CANARY, "spec.analysis").any(|name| name == unknown.name())
        })
        .collect();
    if canary.pointer("/spec/skipAnalysis") == Some(&Value::Bool(true)) {
        return None;
    }
    let names: Vec<String> = lost.iter().map(|unknown| format!("`{}`", unknown.name())).collect();
    lost.first()?;
    let verb = if names.len() == 1 { "is" } else { "are" };
    let what = format!(
        "{} {verb} in `spec` and `spec.analysis` is empty: a release would not be analysed, and every revision would be \
         promoted",
        names.join(", ")
    );
    let fields = lost.iter().map(|unknown| unknown.path().to_owned()).collect();
    let meant = lost.iter().map(|unknown| format!("spec.analysis.{}", unknown.name())).collect();
    Some(Misspelt { fields, meant, what, remedy: "indent them further, below `analysis:`".into() })
}

fn has_analysis(canary: &Value) -> bool {
    ["analysis", "canaryAnalysis"]
        .iter()
        .any(|name| canary.pointer(&format!("/spec/{name}")).is_some_and(|set| !set.is_null()))
}

/// Whether a value has at least two fields that only an analysis has.
fn is_analysis(value: &Value) -> bool {
    const OWN: [&str; 7] =
        ["interval", "threshold", "metrics", "webhooks", "stepWeight", "stepWeights", "maxWeight"];
    OWN.iter().filter(|name| value.get(**name).is_some()).count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(spec: Value) -> Vec<(String, String)> {
        let found = look(&json!({"kind": "Canary", "metadata": {"name": "a"}, "spec": spec}));
        found.iter().map(|found| (found.field().to_owned(), found.meant().to_owned())).collect()
    }

    #[test]
    fn a_field_without_which_a_release_is_not_judged_is_found() {
        let metric = |field: &str| json!({"analysis": {"metrics": [{"name": "a", field: {"min": 1}}]}});
        for (spec, field, meant) in [
            (json!({"anaylsis": {}}), "spec.anaylsis", "spec.analysis"),
            (json!({"Analysis": {}}), "spec.Analysis", "spec.analysis"),
            (json!({"canaryAnalisys": {}}), "spec.canaryAnalisys", "spec.canaryAnalysis"),
            (json!({"strategy": {"interval": "1m", "threshold": 1}}), "spec.strategy", "spec.analysis"),
            (json!({"service": {"analysis": {}}}), "spec.service.analysis", "spec.analysis"),
            (
                json!({"analysis": null, "interval": "1m", "metrics": []}),
                "spec.interval",
                "spec.analysis.interval",
            ),
            (json!({"analysis": {"metrcis": []}}), "spec.analysis.metrcis", "spec.analysis.metrics"),
            (json!({"analysis": {"interval": "1m"}, "metrics": []}), "spec.metrics", "spec.analysis.metrics"),
            (json!({"analysis": {"webhook": []}}), "spec.analysis.webhook", "spec.analysis.webhooks"),
            (json!({"analysis": {"matches": []}}), "spec.analysis.matches", "spec.analysis.match"),
            (
                metric("thresholdRnage"),
                "spec.analysis.metrics[0].thresholdRnage",
                "spec.analysis.metrics[0].thresholdRange",
            ),
            (
                json!({"analysis": {"metrics": [{"thresholdRange": {"mni": 1}}]}}),
                "spec.analysis.metrics[0].thresholdRange.mni",
                "spec.analysis.metrics[0].thresholdRange.min",
            ),
        ] {
            assert_eq!(told(spec.clone()), [(field.into(), meant.into())], "{spec}");
        }
    }

    #[test]
    fn a_field_that_is_only_unknown_is_not() {
        for spec in [
            json!({"anaylsis": {}, "analysis": {"interval": "1m"}}),
            json!({"anaylsis": {}, "skipAnalysis": true}),
            json!({"analysis": {"treshold": 1}, "provdier": "istio"}),
            json!({"analysis": {"metrics": [{"name": "a", "threshold": 1, "thresholdRnage": {}}]}}),
            json!({"anything": {"interval": "1m"}}),
        ] {
            assert_eq!(told(spec.clone()), [], "{spec}");
        }
    }

    #[test]
    fn the_field_that_was_meant_to_be_the_analysis_has_a_name() {
        let canary = json!({"spec": {"anaylsis": {"interval": "1m"}}});
        assert_eq!(analysis(&canary).as_deref(), Some("anaylsis"));
        assert_eq!(analysis(&json!({"spec": {"analysis": {}}})), None);
    }
}
