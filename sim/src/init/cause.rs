//! What makes a release bad, and values that pass.

use serin_core::{
    Rollout,
    spec::{Bounds, HookKind, Metric, MetricSource},
};

use super::yaml;

/// A cause that makes a release bad.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cause {
    /// A metric has a value outside its bounds.
    Metric { name: String, value: f64, bounds: Bounds },
    /// A hook that must pass fails.
    Hook(String),
    /// A hook asks for the rollback.
    Trigger(String),
    /// Its pods never get ready.
    NeverReady,
}

/// The causes that are possible for a Canary, the clearest first.
pub(super) fn causes(canary: &Rollout) -> Vec<Cause> {
    let metrics = canary.metrics().iter().filter_map(|metric| {
        let name = metric.key.to_string();
        Some(Cause::Metric { name, value: bad(metric)?, bounds: metric.bounds })
    });
    let hooks = [HookKind::Rollout, HookKind::PreRollout].into_iter().flat_map(|kind| canary.hooks_of(kind));
    let hooks = hooks.map(|hook| Cause::Hook(hook.key.to_string()));
    let triggers = canary.hooks_of(HookKind::RollbackTrigger);
    let triggers = triggers.map(|hook| Cause::Trigger(hook.key.to_string()));
    metrics.chain(hooks).chain(triggers).chain([Cause::NeverReady]).collect()
}

impl Cause {
    /// The cause, to follow "v3 is bad:".
    pub(super) fn what(&self) -> String {
        match self {
            Self::Metric { name, bounds, .. } => {
                format!("from now on {name} is outside its bounds ({bounds})")
            }
            Self::Hook(name) => format!("from now on the hook {name} fails"),
            Self::Trigger(name) => format!("from now on the hook {name} requests a rollback"),
            Self::NeverReady => "its pods never get ready".into(),
        }
    }

    /// The action of the event that begins it.
    pub(super) fn event(&self) -> String {
        match self {
            Self::Metric { name, value, .. } => format!("metrics: {{{}: [{value}]}}", yaml::scalar(name)),
            Self::Hook(name) => format!("hooks: {{{}: [500]}}", yaml::scalar(name)),
            Self::Trigger(name) => format!("hooks: {{{}: [200]}}", yaml::scalar(name)),
            Self::NeverReady => "ready: {canary: never}".into(),
        }
    }
}

/// A value well inside the bounds; `None` if there are none.
pub(super) fn good(metric: &Metric) -> Option<f64> {
    /// The maximum of a percentage of good requests.
    const ALL: f64 = 100.0;
    let passes = |value: &f64| metric.bounds.hold(metric.compared(*value));
    let candidates = match metric.bounds {
        Bounds { min: None, max: None } => return None,
        Bounds { min: Some(min), max: Some(max) } => [f64::midpoint(min, max), min],
        Bounds { min: Some(min), max: None } if metric.source == MetricSource::SuccessRate && min < ALL => {
            [f64::midpoint(min, ALL), ALL]
        }
        Bounds { min: Some(min), max: None } => [min + beyond(min), min],
        Bounds { min: None, max: Some(max) } if max > 0.0 => [max / 2.0, max],
        Bounds { min: None, max: Some(max) } => [max - beyond(max), max],
    };
    candidates.into_iter().flat_map(|value| [rounded(value), value]).find(passes)
}

/// A value well outside the bounds; `None` if there are none.
fn bad(metric: &Metric) -> Option<f64> {
    let fails = |value: &f64| !metric.bounds.hold(metric.compared(*value));
    let Bounds { min, max } = metric.bounds;
    let below = min.map(|min| min - beyond(min));
    let above = max.map(|max| max + beyond(max));
    let first = if metric.source == MetricSource::Duration { [above, below] } else { [below, above] };
    first.into_iter().flatten().flat_map(|value| [rounded(value), value]).find(fails)
}

/// The distance from a bound that is clear.
fn beyond(bound: f64) -> f64 {
    (bound.abs() / 10.0).max(1.0)
}

/// Rounded to two decimals, so that it is easy to read.
fn rounded(value: f64) -> f64 {
    let rounded = (value * 100.0).round() / 100.0;
    if rounded.is_finite() { rounded } else { value }
}
