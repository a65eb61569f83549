//! The value of a metric that is not defined: one that clearly passes.

use serin_core::spec::{Bounds, Metric, MetricSource};

/// A value well within the bounds of a metric. It is on a bound only if there is no value within, or if the bound is
/// the best possible value (no errors).
///
/// The built-in success rate is 100 % and the built-in latency 100 ms, if the bounds allow it. Any other value is in
/// the middle: between two bounds, between 0 and a `max`, between a `min` and 1 (for a share), 100 (for a percentage)
/// or its double. Without bounds it is 0, and every value passes.
pub fn healthy(metric: &Metric) -> f64 {
    let built_in = match metric.source {
        MetricSource::SuccessRate => Some(ALL).filter(|all| metric.bounds.max.is_none_or(|max| max > *all)),
        MetricSource::Duration => Some(QUICK).filter(|quick| has_room(metric.bounds, *quick)),
        MetricSource::Query(_) | MetricSource::Template { .. } | MetricSource::Shipped(_) => None,
    };
    built_in.filter(|value| metric.bounds.hold(*value)).unwrap_or_else(|| within(metric.bounds))
}

/// Percent.
const ALL: f64 = 100.0;
/// Milliseconds.
const QUICK: f64 = 100.0;

/// Whether a value is at most half of `max` and at least twice `min`.
fn has_room(bounds: Bounds, value: f64) -> bool {
    bounds.max.is_none_or(|max| value * 2.0 <= max) && bounds.min.is_none_or(|min| value >= min * 2.0)
}

fn within(bounds: Bounds) -> f64 {
    match bounds {
        Bounds { min: None, max: None } => 0.0,
        Bounds { min: Some(min), max: Some(max) } => short(f64::midpoint(min, max), bounds),
        Bounds { min: None, max: Some(max) } if max > 0.0 => short(max / 2.0, bounds),
        // The best value is no errors.
        Bounds { min: None, max: Some(0.0) } => 0.0,
        Bounds { min: None, max: Some(max) } => max * 2.0,
        Bounds { min: Some(min), max: None } => short(above(min), bounds),
    }
}

/// A value well above a minimum: half way to 1 or 100 for shares and percentages.
fn above(min: f64) -> f64 {
    if min < 0.0 {
        min / 2.0
    } else if min < 1.0 {
        f64::midpoint(min, 1.0)
    } else if min < ALL {
        f64::midpoint(min, ALL)
    } else {
        min * 2.0
    }
}

/// The value without rounding errors, if that is still within the bounds.
fn short(value: f64, bounds: Bounds) -> f64 {
    const DIGITS: f64 = 1e9;
    let short = (value * DIGITS).round() / DIGITS;
    let is_inside = bounds.min.is_none_or(|min| short > min) && bounds.max.is_none_or(|max| short < max);
    if is_inside { short } else { value }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use serin_core::{Rollout, spec::Defaults};
    use serin_input::manifest::read_raw;

    use super::*;

    fn of(metric: serde_json::Value) -> f64 {
        let canary = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop"},
            "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
                "analysis": {"metrics": [metric]},
            },
        });
        healthy(&Rollout::parse(&read_raw(&canary).unwrap(), &Defaults::default()).unwrap().metrics()[0])
    }

    #[test]
    fn built_in_metrics_are_as_good_as_their_bounds_allow() {
        let of = |name: &str, range: serde_json::Value| of(json!({"name": name, "thresholdRange": range}));
        let rates =
            [json!({"min": 99}), json!({"min": 100}), json!({"max": 50}), json!({"min": 99, "max": 100})];
        assert_eq!(rates.map(|range| of("request-success-rate", range)), [100.0, 100.0, 25.0, 99.5]);
        let latencies =
            [json!({"max": 500}), json!({"max": 100}), json!({"min": 80}), json!({"min": 10, "max": 300})];
        assert_eq!(latencies.map(|range| of("request-duration", range)), [100.0, 50.0, 90.0, 100.0]);
    }

    #[test]
    fn other_metrics_are_in_the_middle() {
        let of = |range: serde_json::Value| of(json!({"name": "a", "query": "q", "thresholdRange": range}));
        let maxima = [json!({"max": 500}), json!({"max": 1}), json!({"max": 0}), json!({"max": -4})];
        assert_eq!(maxima.map(of), [250.0, 0.5, 0.0, -8.0]);
        let minima = [
            json!({"min": 99.9}),
            json!({"min": 0.95}),
            json!({"min": 0}),
            json!({"min": 100}),
            json!({"min": -4}),
        ];
        assert_eq!(minima.map(of), [99.95, 0.975, 0.5, 200.0, -2.0]);
        let both = [
            json!({"min": 3, "max": 5}),
            json!({"min": 0.1, "max": 0.2}),
            json!({"min": 7, "max": 7}),
            json!({}),
        ];
        assert_eq!(both.map(of), [4.0, 0.15, 7.0, 0.0]);
    }

    proptest! {
        #[test]
        fn prop_a_healthy_value_is_within_the_bounds_and_not_on_one(
            min in proptest::option::of(-1e6..1e6_f64),
            above in proptest::option::of(1e-3..1e6_f64),
            name in prop::sample::select(vec!["request-success-rate", "request-duration", "a"]),
        ) {
            let max = above.map(|above| min.unwrap_or(0.0) + above);
            let mut metric = json!({"name": name, "thresholdRange": {"min": min, "max": max}});
            if name == "a" {
                metric["query"] = "q".into();
            }
            let value = of(metric);
            // The best success rate.
            let is_best = name == "request-success-rate" && value == 100.0;
            let inside = min.is_none_or(|min| value > min || is_best && value >= min)
                && max.is_none_or(|max| value < max);
            prop_assert!(inside, "{value} is not within {min:?}..{max:?}");
        }
    }
}
