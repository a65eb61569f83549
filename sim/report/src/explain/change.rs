//! One change of a scenario, and the scenario with this change.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value, json};
use serin_core::{Rollout, decision::Workload, revision::Text, time::Human};
use serin_input::manifest::read_raw;
use serin_simulator::scenario::{Action, Delay, Fail, HookOutcome, Pods, Scenario};

use super::words::list;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// The number of failed checks that roll back.
    Threshold { from: u32, to: u32 },
    /// Bounds wide enough for a measured value.
    Bounds(Vec<Widened>),
    /// `progressDeadlineSeconds`.
    Deadline { from: Duration, to: Duration },
    /// A warm-up.
    Delay { from: Duration, to: Duration },
    /// `thresholdMode: consecutive`.
    Consecutive,
    /// `onNoData` or `onError` of a metric.
    Lenient { field: &'static str, metric: Text, to: &'static str },
    /// These hooks always pass, or always deny.
    Hooks { what: &'static str, names: Vec<Text>, pass: bool },
    /// The pods of a copy get ready at once and stay ready.
    Ready(Workload),
    /// Something does not happen.
    Without(Without),
}

/// A bound, widened to a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Widened {
    pub(super) metric: Text,
    pub(super) end: End,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// An end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Min,
    Max,
}

/// What does not happen.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Without {
    /// The operator's request of the event with this index.
    Request(usize),
    Deploy(String),
    Deletion,
    /// Commands do not fail.
    Failures,
    /// The Canary is not edited.
    Edits,
    /// Tracked configuration does not change.
    Config,
    /// The target is never missing.
    Absence,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

impl Change {
    /// The smallest first: numbers by their relative change, then settings, then the world.
    pub(super) fn size(&self) -> (u8, u64) {
        let moved = |from: f64, to: f64| {
            // Nothing is relative to 0; a float that is too large is truncated.
            if from == 0.0 { 1000 } else { ((to - from).abs() / from.abs() * 1000.0).ceil() as u64 }
        };
        match self {
            Self::Threshold { from, to } => (0, moved(f64::from(*from), f64::from(*to))),
            Self::Bounds(bounds) => (0, bounds.iter().map(|bound| moved(bound.from, bound.to)).sum()),
            Self::Deadline { from, to } => (0, moved(from.as_secs_f64(), to.as_secs_f64())),
            Self::Consecutive => (1, 0),
            Self::Delay { .. } => (1, 1),
            Self::Lenient { to, .. } => (1, if *to == "hold" { 2 } else { 3 }),
            Self::Hooks { .. } => (2, 0),
            Self::Ready(_) => (2, 1),
            Self::Without(_) => (2, 2),
        }
    }

    /// Whether it only gives more time or more tries.
    pub(super) fn only_puts_off(&self) -> bool {
        match self {
            Self::Threshold { .. } | Self::Deadline { .. } | Self::Delay { .. } => true,
            Self::Bounds(_)
            | Self::Consecutive
            | Self::Lenient { .. }
            | Self::Hooks { .. }
            | Self::Ready(_)
            | Self::Without(_) => false,
        }
    }

    /// As a clause: `with threshold: 3 instead of 2`.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Threshold { from, to } => format!("with `threshold: {to}` instead of {from}"),
            Self::Bounds(bounds) => {
                let told = bounds.iter().map(|Widened { metric, end, from, to }| {
                    format!("`{}: {to}` instead of {from} for {metric}", end.name())
                });
                format!("with {}", list(&told.collect::<Vec<_>>()))
            }
            Self::Deadline { from, to } => {
                let (from, to) = (from.as_secs(), to.as_secs());
                format!("with `progressDeadlineSeconds: {to}` instead of {from}")
            }
            Self::Delay { from, to } if from.is_zero() => format!("with `delay: {}`", Human(*to)),
            Self::Delay { from, to } => format!("with `delay: {}` instead of {}", Human(*to), Human(*from)),
            Self::Consecutive => "with `thresholdMode: consecutive`".into(),
            Self::Lenient { field, metric, to } => format!("with `{field}: {to}` for {metric}"),
            Self::Hooks { what, names, pass } => {
                let several = if names.len() > 1 { "s" } else { "" };
                let names = list(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
                format!("if {what}{several} {names} had {}", if *pass { "passed" } else { "not passed" })
            }
            Self::Ready(who) => format!("if the pods of the {who} had been ready at once"),
            Self::Without(Without::Request(_)) => "without the operator's request".into(),
            Self::Without(Without::Deploy(revision)) => format!("if {revision} had not been deployed then"),
            Self::Without(Without::Deletion) => "if nothing had been deleted".into(),
            Self::Without(Without::Failures) => "if no command had failed".into(),
            Self::Without(Without::Config) => "if its configuration had not changed then".into(),
            Self::Without(Without::Absence) => "if the target had existed".into(),
            Self::Without(Without::Edits) => "if the Canary had not been edited".into(),
        }
    }

    /// The field of the spec that it sets, and the value.
    pub(super) fn set(&self) -> Option<(String, String)> {
        let analysis = |field: &str, to: String| Some((format!("analysis.{field}"), to));
        let metric = |name: &str, field: &str| format!("metrics[{name}].{field}");
        match self {
            Self::Threshold { to, .. } => analysis("threshold", to.to_string()),
            Self::Bounds(bounds) => {
                let [Widened { metric: name, end, to, .. }] = bounds.as_slice() else { return None };
                analysis(&metric(name, &format!("thresholdRange.{}", end.name())), to.to_string())
            }
            Self::Deadline { to, .. } => Some(("progressDeadlineSeconds".into(), to.as_secs().to_string())),
            Self::Delay { to, .. } => analysis("delay", Human(*to).to_string()),
            Self::Consecutive => analysis("thresholdMode", "consecutive".into()),
            Self::Lenient { field, metric: name, to } => analysis(&metric(name, field), (*to).into()),
            Self::Hooks { .. } | Self::Ready(_) | Self::Without(_) => None,
        }
    }

    /// The scenario with this change; `None` if its Canary is invalid with it.
    pub(super) fn applied(&self, scenario: &Scenario) -> Option<Scenario> {
        let mut scenario = scenario.clone();
        self.edit(&mut scenario.manifest["spec"], true);
        for (i, event) in scenario.events.iter_mut().enumerate() {
            if let Action::Edit(patch) = &mut event.action {
                // If an edit also sets the field, the edit has to be changed too.
                self.edit(patch, false);
            }
            if let Action::Hooks(scripts) = &mut event.action {
                self.answer(scripts);
            }
            if self.is_without(i, &event.action) {
                // The events that follow this one keep their place.
                event.action = Action::Metrics(BTreeMap::new());
            }
        }
        self.change_world(&mut scenario);
        let raw = read_raw(&scenario.manifest).ok()?;
        scenario.canary = Rollout::parse(&raw, &scenario.defaults).ok()?;
        Some(scenario)
    }

    /// Sets its field in a spec; in a patch only if the patch sets it.
    fn edit(&self, spec: &mut Value, always: bool) {
        if let Self::Deadline { to, .. } = self {
            set(spec, "progressDeadlineSeconds", json!(to.as_secs()), always);
        }
        let named = if spec.get("analysis").is_some() { "analysis" } else { "canaryAnalysis" };
        let Some(analysis) = spec.get_mut(named) else { return };
        match self {
            Self::Threshold { to, .. } => set(analysis, "threshold", json!(to), always),
            Self::Delay { to, .. } => set(analysis, "delay", json!(Human(*to).to_string()), always),
            Self::Consecutive => set(analysis, "thresholdMode", json!("consecutive"), always),
            Self::Bounds(bounds) => {
                for Widened { metric, end, to, .. } in bounds {
                    for metric in metrics(analysis, metric) {
                        widen(metric, *end, *to);
                    }
                }
            }
            Self::Lenient { field, metric, to } => {
                for metric in metrics(analysis, metric) {
                    set(metric, field, json!(to), true);
                }
            }
            Self::Deadline { .. } | Self::Hooks { .. } | Self::Ready(_) | Self::Without(_) => {}
        }
    }

    /// Changes the answers of hooks.
    fn answer(&self, scripts: &mut BTreeMap<String, Vec<serin_simulator::scenario::HookAnswer>>) {
        let Self::Hooks { names, pass, .. } = self else { return };
        let answer = HookOutcome::Status(if *pass { 200 } else { 403 });
        for (name, answers) in scripts.iter_mut() {
            if names.iter().any(|other| **other == **name) {
                *answers = vec![answer.into()];
            }
        }
    }

    fn change_world(&self, scenario: &mut Scenario) {
        if *self == Self::Without(Without::Absence) {
            scenario.setting.missing = false;
        }
        if let Self::Hooks { names, .. } = self {
            for name in names {
                scenario.setting.hooks.entry(name.to_string()).or_default();
            }
            self.answer(&mut scenario.setting.hooks);
        }
        let Self::Ready(who) = self else { return };
        match who {
            Workload::Canary => scenario.setting.canary_takes = Delay::For(Duration::ZERO),
            Workload::Primary => scenario.setting.primary_takes = Delay::For(Duration::ZERO),
        }
        for event in &mut scenario.events {
            let Action::Ready(copies) = &mut event.action else { continue };
            for (_, pods) in copies.iter_mut().filter(|(copy, _)| copy == who) {
                *pods = Pods::Ready;
            }
        }
    }

    /// Whether this event is the one that does not happen.
    fn is_without(&self, i: usize, action: &Action) -> bool {
        let Self::Without(without) = self else { return false };
        match (without, action) {
            (Without::Request(place), Action::Annotate(_)) => *place == i,
            (Without::Deletion, Action::Delete(_))
            | (Without::Failures, Action::Fail(Fail::Command { .. }, _))
            | (Without::Edits, Action::Edit(_))
            | (Without::Config, Action::Config(_)) => true,
            (Without::Deploy(revision), Action::Deploy(deployed)) => revision == deployed,
            _ => false,
        }
    }
}

fn set(fields: &mut Value, name: &str, to: Value, always: bool) {
    if let Value::Object(fields) = fields
        && (always || fields.contains_key(name))
    {
        fields.insert(name.into(), to);
    }
}

fn metrics<'a>(analysis: &'a mut Value, name: &'a str) -> impl Iterator<Item = &'a mut Value> {
    let metrics = analysis.get_mut("metrics").and_then(Value::as_array_mut);
    let metrics = metrics.into_iter().flatten();
    metrics.filter(move |metric| metric.get("name").and_then(Value::as_str) == Some(name))
}

/// Sets one end of a metric's range. The other end is kept, and an older `threshold` is removed.
fn widen(metric: &mut Value, end: End, to: f64) {
    let Value::Object(metric) = metric else { return };
    metric.remove("threshold");
    let range = metric.entry("thresholdRange").or_insert_with(|| Value::Object(Map::new()));
    set(range, end.name(), json!(to), true);
}
