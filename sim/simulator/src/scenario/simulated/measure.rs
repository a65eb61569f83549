//! `world.measures`: what a metric measures if the world does not know its query.

use promql_parser::parser::Expr;
use schemars::JsonSchema;
use serde::Deserialize;
use serin_core::{
    Rollout,
    provider::{RequestMetrics, Statistic},
    spec::{Metric, MetricSource},
};

use crate::query::{self, Cause, Quantile, Shape, ValueWhen};

/// A measure of a simulated world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The percentage of requests without a server error.
    SuccessRate,
    /// The percentage of requests with a server error; no value before the first one, like a query that counts only
    /// those.
    ErrorRate,
    /// The percentage of requests with a server error; 0 if there are none, like a query with `or vector(0)`.
    ErrorRateOrZero,
    /// 100 minus the success rate: 0 if no request failed.
    LackOfSuccess,
    /// The median of the latency, in milliseconds.
    LatencyP50,
    /// The 95th percentile of the latency, in milliseconds.
    LatencyP95,
    /// The 99th percentile of the latency, in milliseconds.
    LatencyP99,
    /// The average latency, in milliseconds.
    LatencyAverage,
}

impl Measure {
    /// What `request-duration` measures in a Canary.
    #[must_use]
    pub fn duration(canary: &Rollout) -> Self {
        match canary.topology().request_metrics().latency.duration {
            Statistic::P99 | Statistic::P99AsCounted => Self::LatencyP99,
            Statistic::Average => Self::LatencyAverage,
        }
    }

    /// What a metric measures, as far as its name or source says; `duration` is what the built-in latency measures.
    #[must_use]
    pub fn of(metric: &Metric, duration: Self) -> Option<Self> {
        match &metric.source {
            MetricSource::SuccessRate => Some(Self::SuccessRate),
            MetricSource::Duration => Some(duration),
            MetricSource::Shipped(name) => match &**name {
                "success-rate" => Some(Self::SuccessRate),
                "error-rate" => Some(Self::LackOfSuccess),
                "latency-p50" => Some(Self::LatencyP50),
                "latency-p95" => Some(Self::LatencyP95),
                "latency-p99" => Some(Self::LatencyP99),
                _ => None,
            },
            MetricSource::Query(_) | MetricSource::Template { .. } => None,
        }
    }

    /// Whether it increases when requests fail.
    #[must_use]
    pub fn is_of_errors(self) -> bool {
        match self {
            Self::ErrorRate | Self::ErrorRateOrZero | Self::LackOfSuccess => true,
            Self::SuccessRate
            | Self::LatencyP50
            | Self::LatencyP95
            | Self::LatencyP99
            | Self::LatencyAverage => false,
        }
    }

    /// The same as the metric's query measures it: a query for errors may answer 0 as long as nothing fails. A query
    /// that cannot be parsed is assumed to have no value then, like a query that counts failed requests: their series
    /// begin with the first one.
    pub(super) fn asked_by(self, metric: &Metric, query: &str) -> Self {
        let expr = query::filled(query, metric);
        match (self, expr) {
            (Self::ErrorRate, Some(expr)) if Shape::of(&expr).healthy == ValueWhen::Number(0.0) => {
                Self::without_failures(&expr)
            }
            (measure, _) => measure,
        }
    }

    /// What a share of errors measures that is 0 if nothing fails.
    fn without_failures(expr: &Expr) -> Self {
        if query::counts_successes(expr) { Self::LackOfSuccess } else { Self::ErrorRateOrZero }
    }

    /// Its name in a scenario.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SuccessRate => "success-rate",
            Self::ErrorRate => "error-rate",
            Self::ErrorRateOrZero => "error-rate-or-zero",
            Self::LackOfSuccess => "lack-of-success",
            Self::LatencyP50 => "latency-p50",
            Self::LatencyP95 => "latency-p95",
            Self::LatencyP99 => "latency-p99",
            Self::LatencyAverage => "latency-average",
        }
    }

    /// Whether it is a latency.
    #[must_use]
    pub fn is_latency(self) -> bool {
        match self {
            Self::SuccessRate | Self::ErrorRate | Self::ErrorRateOrZero | Self::LackOfSuccess => false,
            Self::LatencyP50 | Self::LatencyP95 | Self::LatencyP99 | Self::LatencyAverage => true,
        }
    }

    /// The quantile of a latency, from 0 to 1; `None` if it is not a quantile.
    #[must_use]
    pub fn quantile(self) -> Option<f64> {
        match self {
            Self::SuccessRate
            | Self::ErrorRate
            | Self::ErrorRateOrZero
            | Self::LackOfSuccess
            | Self::LatencyAverage => None,
            Self::LatencyP50 => Some(0.5),
            Self::LatencyP95 => Some(0.95),
            Self::LatencyP99 => Some(0.99),
        }
    }
}

/// What a query measures, derived from its tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Derived {
    /// What it measures.
    pub measure: Measure,
    /// How the query writes it.
    pub form: Form,
}

/// How a query writes a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Form {
    /// The factor from percent or milliseconds to the query's unit.
    pub scale: f64,
    /// The value where there would be none, such as that of `or vector(0)` behind the whole query.
    pub otherwise: Option<f64>,
}

impl Default for Form {
    /// Percent or milliseconds, or no value.
    fn default() -> Self {
        Self { scale: 1.0, otherwise: None }
    }
}

impl Derived {
    /// What the query of a metric measures of a canary's requests; `None` if its tree does not say it: it selects
    /// neither the target nor the canary, it is no share of requests that fail or succeed, or no quantile of the
    /// router's histogram.
    #[must_use]
    pub fn of(canary: &Rollout, metric: &Metric, query: &str) -> Option<Self> {
        let topology = canary.topology();
        let selects = ["target", "canary", &*topology.target].iter().any(|name| query.contains(name));
        if !selects || query.contains("primary") {
            return None;
        }
        let expr = query::filled(query, metric)?;
        let (expr, otherwise) = query::otherwise(&expr);
        let (measure, scale) = share(expr).or_else(|| quantile(expr, topology.request_metrics()))?;
        Some(Self { measure, form: Form { scale, otherwise } })
    }
}

/// A share of requests that fail or succeed, and its factor.
fn share(expr: &Expr) -> Option<(Measure, f64)> {
    let Shape { healthy, failing, idle, .. } = &Shape::of(expr);
    let is_share = *idle == ValueWhen::Nothing(Cause::NoRequests);
    let whole = |number: f64| is_share && (number == 1.0 || number == 100.0);
    match (healthy, failing) {
        (ValueWhen::Number(all), ValueWhen::Number(0.0)) if whole(*all) => {
            Some((Measure::SuccessRate, all / 100.0))
        }
        (ValueWhen::Nothing(Cause::Failures(_)), ValueWhen::Number(all)) if *all == 1.0 || *all == 100.0 => {
            Some((Measure::ErrorRate, all / 100.0))
        }
        (ValueWhen::Number(0.0), ValueWhen::Number(all)) if whole(*all) => {
            Some((Measure::without_failures(expr), all / 100.0))
        }
        _ => None,
    }
}

/// A quantile of the router's histogram, and its factor.
fn quantile(expr: &Expr, metrics: &RequestMetrics) -> Option<(Measure, f64)> {
    let Quantile { quantile, buckets, factor } = query::quantile(expr)?;
    let latency = &metrics.latency;
    let mut histograms = latency.others.iter().chain([&latency.histogram]);
    if !histograms.any(|histogram| buckets.strip_suffix("_bucket") == Some(histogram)) {
        return None;
    }
    let quantiles = [Measure::LatencyP50, Measure::LatencyP95, Measure::LatencyP99].into_iter();
    let measure = quantiles.into_iter().find(|measure| measure.quantile() == Some(quantile))?;
    Some((measure, factor / latency.layout.unit.millis()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serin_core::spec::Defaults;
    use serin_input::manifest::read_raw;

    use super::*;

    #[test]
    fn names_are_those_of_scenarios() {
        let all = [
            Measure::SuccessRate,
            Measure::ErrorRate,
            Measure::ErrorRateOrZero,
            Measure::LackOfSuccess,
            Measure::LatencyP50,
            Measure::LatencyP95,
            Measure::LatencyP99,
            Measure::LatencyAverage,
        ];
        for measure in all {
            let written: Result<Measure, _> = serde_json::from_value(measure.name().into());
            assert_eq!(written.map_err(|error| error.to_string()), Ok(measure));
        }
    }

    /// What `request-duration` measures, and the first bound of its histogram in milliseconds.
    fn measured(provider: &str, kind: &str) -> (Measure, f64) {
        let canary = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop"},
            "spec": {
                "provider": provider, "targetRef": {"kind": kind, "name": "shop"}, "ingressRef": {"name": "shop"},
                "service": {"port": 80}, "analysis": {},
            },
        });
        let canary = Rollout::parse(&read_raw(&canary).unwrap(), &Defaults::default()).unwrap();
        let layout = canary.topology().request_metrics().latency.layout;
        (Measure::duration(&canary), layout.bounds[0] * layout.unit.millis())
    }

    /// What a query measures, in percent or milliseconds.
    fn derived(query: &str) -> Option<Derived> {
        let canary = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop"},
            "spec": {
                "targetRef": {"kind": "Deployment", "name": "shop"},
                "analysis": {"metrics": [{"name": "a", "query": query}]},
            },
        });
        let canary = Rollout::parse(&read_raw(&canary).unwrap(), &Defaults::default()).unwrap();
        Derived::of(&canary, &canary.metrics()[0], query)
    }

    fn plain(measure: Measure) -> Option<Derived> {
        Some(Derived { measure, form: Form::default() })
    }

    const OF: &str = "destination_workload=\"{{ target }}\"";

    fn rate(codes: &str) -> String {
        format!("sum(rate(istio_requests_total{{{OF}{codes}}}[{{{{ interval }}}}]))")
    }

    #[test]
    fn what_a_share_measures_is_derived_from_its_query() {
        let (all, good) = (rate(""), rate(",response_code!~\"5.*\""));
        let bad = rate(",response_code=~\"5.*\"");
        for (query, measure) in [
            (format!("{good} / {all} * 100"), Measure::SuccessRate),
            (format!("100 * {bad} / {all}"), Measure::ErrorRate),
            (format!("100 * ({bad} or vector(0)) / {all}"), Measure::ErrorRateOrZero),
            (format!("100 - {good} / {all} * 100"), Measure::LackOfSuccess),
        ] {
            assert_eq!(derived(&query), plain(measure), "{query}");
        }
        let form = |scale, otherwise| Form { scale, otherwise };
        for (query, measure, form) in [
            (format!("{bad} / {all}"), Measure::ErrorRate, form(0.01, None)),
            (format!("1 - {good} / {all}"), Measure::LackOfSuccess, form(0.01, None)),
            (format!("100 * {bad} / {all} or vector(0)"), Measure::ErrorRate, form(1.0, Some(0.0))),
            (format!("({good} / {all}) or on() vector(1)"), Measure::SuccessRate, form(0.01, Some(1.0))),
        ] {
            assert_eq!(derived(&query), Some(Derived { measure, form }), "{query}");
        }
    }

    #[test]
    fn what_a_quantile_measures_is_derived_from_its_query() {
        let of = |quantile: &str, histogram: &str| {
            format!("histogram_quantile({quantile}, sum(rate({histogram}_bucket{{{OF}}}[1m])) by (le))")
        };
        let millis = "istio_request_duration_milliseconds";
        assert_eq!(derived(&of("0.95", millis)), plain(Measure::LatencyP95));
        let seconds = Derived { measure: Measure::LatencyP99, form: Form { scale: 0.001, otherwise: None } };
        assert_eq!(derived(&format!("{} / 1000", of("0.99", millis))), Some(seconds));
        assert_eq!(derived(&of("0.9", millis)), None, "no such measure");
        assert_eq!(derived(&of("0.99", "checkout_seconds")), None, "its buckets are not known");
    }

    #[test]
    fn nothing_is_derived_from_other_queries() {
        let all = rate("");
        for query in [
            all.clone(),
            format!("{all} / 2"),
            "sum(rate(a{code=~\"5..\"}[1m])) / sum(rate(a[1m]))".into(),
            format!("{} / {all}", rate(",response_code=~\"5.*\"").replace("{{ target }}", "shop-primary")),
            "sum(".into(),
        ] {
            assert_eq!(derived(&query), None, "{query}");
        }
    }

    #[test]
    fn the_built_in_duration_is_what_the_controller_queries() {
        assert_eq!(
            [
                measured("nginx", "Deployment"),
                measured("nginx", "Service"),
                measured("kubernetes", "DaemonSet"),
                measured("kubernetes", "Service"),
            ],
            [
                (Measure::LatencyAverage, 5.0),
                (Measure::LatencyP99, 0.5),
                (Measure::LatencyP99, 5.0),
                (Measure::LatencyP99, 0.5),
            ]
        );
    }
}
