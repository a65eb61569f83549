//! Which fields are durations.

use serin_core::spec::POLICY_DURATIONS;

/// Fields that are durations.
pub const DURATIONS: [&str; 9] = [
    "spec.analysis.interval",
    "spec.analysis.delay",
    "spec.analysis.metrics[].interval",
    "spec.analysis.webhooks[].timeout",
    "spec.analysis.webhooks[].deadline",
    "spec.service.timeout",
    "spec.service.backendTimeout",
    "spec.service.retries.perTryTimeout",
    "spec.service.corsPolicy.maxAge",
];

/// Whether a field is a duration.
pub fn is_duration(path: &str) -> bool {
    let pattern = pattern(path);
    DURATIONS.contains(&pattern.as_str()) || is_in_policy(&pattern)
}

/// Whether a field is a duration of Istio's traffic policy.
fn is_in_policy(pattern: &str) -> bool {
    pattern.starts_with("spec.service.trafficPolicy.") && {
        let mut names = pattern.rsplit('.');
        let (name, parent) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        POLICY_DURATIONS.contains(&(parent, name))
    }
}

/// A path without the indices of items, and with the newer name of the analysis.
pub fn pattern(path: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in path.chars() {
        inside = inside && c != ']';
        if !inside {
            text.push(c);
        }
        inside = inside || c == '[';
    }
    match text.strip_prefix("spec.canaryAnalysis.") {
        Some(rest) => format!("spec.analysis.{rest}"),
        None => text,
    }
}
