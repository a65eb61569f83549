//! The parts of a policy that a change can apply to: bounds, leniency, gates and hooks.

use serin_core::{
    decision::{Finding, Measured, Reading, Verdict},
    revision::Text,
};

use super::{
    change::{End, Widened},
    chapter::Chapter,
    checks::metric,
};

/// The gate that was last found closed.
pub(super) fn closed_gate(chapter: &Chapter<'_>) -> Option<Text> {
    let hooks = chapter.moments.iter().rev().filter_map(|moment| moment.decision.hook.as_ref());
    hooks.clone().find(|(_, passed)| !passed).map(|(hook, _)| hook.clone())
}

pub(super) fn failing_hook(finding: &Finding) -> Option<Text> {
    match finding {
        Finding::Hook { hook, .. } => Some(hook.clone()),
        Finding::Below { .. }
        | Finding::Above { .. }
        | Finding::NoData { .. }
        | Finding::MetricError { .. } => None,
    }
}

/// The metrics without a value or with an error, each with the field that defines what that means.
pub(super) fn lenient(findings: &[Finding]) -> Vec<(Text, &'static str)> {
    let mut found: Vec<(Text, &'static str)> = Vec::new();
    for finding in findings {
        let field = match finding {
            Finding::NoData { .. } => "onNoData",
            Finding::MetricError { .. } => "onError",
            Finding::Below { .. } | Finding::Above { .. } | Finding::Hook { .. } => continue,
        };
        if let Some(metric) = metric(finding)
            && !found.iter().any(|(known, of)| known == metric && *of == field)
        {
            found.push((metric.clone(), field));
        }
    }
    found
}

/// The bounds that did not hold, each widened to the nearest value that failed.
pub(super) fn widened<'a>(measured: impl Iterator<Item = &'a Measured>) -> Vec<Widened> {
    let mut found: Vec<Widened> = Vec::new();
    for measured in measured.filter(|measured| measured.verdict == Verdict::Failed) {
        let Reading::Value(value) = measured.reading else { continue };
        let (end, from) = match (measured.min, measured.max) {
            (Some(min), _) if value < min => (End::Min, min),
            (_, Some(max)) if value > max => (End::Max, max),
            _ => continue,
        };
        // JSON has no number for it.
        if !value.is_finite() {
            continue;
        }
        match found.iter_mut().find(|bound| bound.metric == measured.metric && bound.end == end) {
            Some(bound) if end == End::Min => bound.to = bound.to.max(value),
            Some(bound) => bound.to = bound.to.min(value),
            None => found.push(Widened { metric: measured.metric.clone(), end, from, to: value }),
        }
    }
    found
}
