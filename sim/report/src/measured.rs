//! Measured values and their bounds.

use std::time::Duration;

use serin_core::{
    Rollout,
    decision::{Measured, Reading, Verdict, in_series},
    spec::MetricSource,
    time::Human,
};
use serin_output::{
    span::Span,
    terminal::{BAD, GOOD, Terminal, WARNING},
};

/// One metric of a check: `request-success-rate 50.00 < 99 ✗`.
pub(super) fn span(measured: &Measured, canary: &Rollout, terminal: &Terminal) -> Span {
    let signs = terminal.signs;
    let reading = match &measured.reading {
        Reading::Value(value) => {
            let compared = compared(measured, *value, is_latency(&measured.metric, canary), terminal);
            format!("{compared}{}", in_series(measured.series.as_ref()))
        }
        Reading::NoData => "no value".into(),
        Reading::Error(error) => error.to_string(),
    };
    let (style, mark) = match measured.verdict {
        Verdict::Passed => (GOOD, signs.passed),
        Verdict::Failed => (BAD, signs.failed),
        Verdict::Held => (WARNING, "(held)"),
        Verdict::Waived => (WARNING, "(counts as passed)"),
        Verdict::Void => (WARNING, "(not counted)"),
    };
    Span::new(style, format!("{} {reading} {mark}", measured.metric))
}

/// Whether a metric is in milliseconds. A metric that an edit added is known only by its name.
pub(super) fn is_latency(name: &str, canary: &Rollout) -> bool {
    let known = canary.metrics().iter().find(|metric| *metric.name == *name);
    known.map_or(name == "request-duration", |metric| metric.source == MetricSource::Duration)
}

fn compared(measured: &Measured, value: f64, in_ms: bool, terminal: &Terminal) -> String {
    let signs = terminal.signs;
    // Flagger truncates latencies to whole milliseconds before it compares them.
    let value = if in_ms { value.trunc() } else { value };
    let show = |bound: f64| if in_ms { millis(bound) } else { bound.to_string() };
    let against = |bound: f64| if in_ms { millis(value) } else { precise(value, bound) };
    match (measured.min, measured.max) {
        (Some(min), _) if value < min => format!("{} < {}", against(min), show(min)),
        (_, Some(max)) if value > max => format!("{} > {}", against(max), show(max)),
        (Some(min), None) => format!("{} {} {}", against(min), signs.at_least, show(min)),
        (None, Some(max)) => format!("{} {} {}", against(max), signs.at_most, show(max)),
        (Some(min), Some(max)) => {
            format!("{} {} {} {} {}", show(min), signs.at_most, against(max), signs.at_most, show(max))
        }
        (None, None) => against(f64::INFINITY),
    }
}

fn millis(value: f64) -> String {
    // Above 2^53 a float cannot represent single milliseconds.
    if (1.0..9.0e15).contains(&value) {
        Human(Duration::from_millis(value as u64)).to_string()
    } else {
        format!("{value}ms")
    }
}

/// Two decimals, or more if the value would otherwise appear on the other side of its bound.
fn precise(value: f64, bound: f64) -> String {
    let shown = |decimals: usize| format!("{value:.decimals$}");
    let tells = |text: &String| {
        text.parse::<f64>().is_ok_and(|shown| shown.partial_cmp(&bound) == value.partial_cmp(&bound))
    };
    (2..9).map(shown).find(tells).unwrap_or_else(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_two_decimals_or_as_many_as_distinguish_them_from_their_bound() {
        assert_eq!(precise(99.9, 99.0), "99.90");
        assert_eq!(precise(99.0, 99.0), "99.00");
        assert_eq!(precise(0.012, 0.01), "0.012");
        assert_eq!(precise(98.999_6, 99.0), "98.9996");
        assert_eq!(precise(f64::INFINITY, 99.0), "inf");
    }

    #[test]
    fn latencies_are_durations() {
        assert_eq!(millis(0.0), "0ms");
        assert_eq!(millis(500.0), "500ms");
        assert_eq!(millis(1500.0), "1s500ms");
        assert_eq!(millis(-1.0), "-1ms");
    }
}
