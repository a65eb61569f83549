//! Bounds of latencies inside buckets of a histogram.
//!
//! A quantile is known only to within its bucket: Prometheus interpolates between the bucket's edges. So a bound inside
//! a bucket fails releases that meet it.

use serde_json::Value;
use serin_core::{
    provider::{Latency, Layout, ROUTERS, Statistic, Unit},
    spec::{Metric, MetricSource},
};
use serin_input::manifest::Remedy;
use serin_simulator::query::{self, Quantile};

use super::{Case, Code, Findings};
use crate::query::{Use, asked_for};

/// The buckets of a router's histogram, or the default buckets of a client library.
fn layout_of(histogram: &str) -> Option<Layout> {
    let mut all = ROUTERS.iter().map(|router| router.metrics.latency);
    let is_one = |latency: &Latency| latency.histogram == histogram || latency.others.contains(&histogram);
    all.find(is_one).map(|latency| latency.layout)
}

pub(super) fn look(case: &Case<'_>, metric: &Metric, item: &Value, at: &str, told: &mut Findings) {
    let Some(max) = metric.bounds.max.filter(|max| *max > 0.0 && max.is_finite()) else { return };
    let Some(measured) = Measured::of(case, metric, item) else { return };
    // In the unit of the histogram.
    let bound = max / measured.factor;
    let bounds = measured.layout.bounds;
    let above = bounds.partition_point(|edge| *edge < bound * (1.0 - TINY));
    let Some(upper) = bounds.get(above) else { return };
    if *upper <= bound * (1.0 + TINY) {
        return;
    }
    let unit = match measured.layout.unit {
        Unit::Millis => "ms",
        Unit::Seconds => "s",
    };
    let lower = above.checked_sub(1).map_or(0.0, |below| bounds[below]);
    let shown = |edge: f64| (edge * measured.factor * 1e6).round() / 1e6;
    let lower_edge = Some(lower).filter(|edge| *edge > 0.0);
    let stricter = lower_edge.map(|edge| format!(", or its lower one, `max: {}`", shown(edge)));
    let remedy = format!(
        "write `max: {}`, the upper edge of the bucket{}",
        shown(*upper),
        stricter.unwrap_or_default()
    );
    let is_older = item.pointer("/thresholdRange/max").is_none_or(Value::is_null);
    let bound_at = if is_older { format!("{at}.threshold") } else { format!("{at}.thresholdRange.max") };
    told.add(
        Code::BoundInsideBucket,
        format!("{at}.thresholdRange"),
        format!(
            "max {max} is inside a bucket of {}, {lower} to {upper} {unit}: {} in it is read as somewhere between, \
             often above the bound, and a release that keeps to the bound is rolled back",
            measured.histogram,
            measured.what(),
        ),
        Remedy::new(remedy).setting(bound_at, shown(*upper)),
    );
}

/// Bounds this close to an edge count as on it.
const TINY: f64 = 1e-9;

/// A metric that is measured with a histogram.
struct Measured {
    quantile: f64,
    layout: Layout,
    /// The factor from the histogram's unit.
    factor: f64,
    histogram: String,
}

impl Measured {
    fn of(case: &Case<'_>, metric: &Metric, item: &Value) -> Option<Self> {
        let shape = case.rollout.topology();
        let Latency { layout, duration, .. } = shape.request_metrics().latency;
        let own = |quantile| {
            let histogram = format!("the histogram of {}", shape.provider);
            Some(Self { quantile, layout, factor: layout.unit.millis(), histogram })
        };
        match &metric.source {
            MetricSource::Duration => match duration {
                Statistic::P99 | Statistic::P99AsCounted => own(0.99),
                Statistic::Average => None,
            },
            MetricSource::Shipped(name) => {
                let quantile = match &**name {
                    "latency-p50" => 0.5,
                    "latency-p95" => 0.95,
                    "latency-p99" => 0.99,
                    _ => return None,
                };
                own(quantile)
            }
            MetricSource::Query(_) | MetricSource::Template { .. } => {
                let text = asked_for(metric, case.files)?;
                let query = serin_template::render(text, &Use::of(case.json, item).scope(text)).ok()?;
                case.files.budget.parses(&query).then(|| Self::asked(&query))?
            }
            MetricSource::SuccessRate => None,
        }
    }

    fn asked(query: &str) -> Option<Self> {
        let Quantile { quantile, buckets, factor } = query::quantile(&query::parse(query).ok()?)?;
        let histogram = buckets.strip_suffix("_bucket")?;
        let layout = layout_of(histogram)?;
        let histogram = format!("`{histogram}`");
        (factor > 0.0 && factor.is_finite()).then_some(Self { quantile, layout, factor, histogram })
    }

    /// The quantile, in words.
    fn what(&self) -> String {
        format!("a {} percentile", ordinal(self.quantile * 100.0))
    }
}

/// `99th`, `99.9th`, `50th`.
fn ordinal(number: f64) -> String {
    let number = (number * 1e6).round() / 1e6;
    let ending = match number {
        _ if number.fract() != 0.0 => "th",
        _ if (number % 100.0 - 12.0).abs() < 2.0 => "th",
        _ if number % 10.0 == 1.0 => "st",
        _ if number % 10.0 == 2.0 => "nd",
        _ if number % 10.0 == 3.0 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
