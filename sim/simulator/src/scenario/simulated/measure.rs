//! `world.measures`: what a metric measures if the world does not know its query.

use schemars::JsonSchema;
use serde::Deserialize;
use serin_core::{
    Rollout,
    provider::Statistic,
    spec::{Metric, MetricSource},
};

use crate::query::{self, ValueWhen};

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
        match self {
            Self::ErrorRate if is_zero_without_failures(metric, query) => Self::ErrorRateOrZero,
            Self::SuccessRate
            | Self::ErrorRate
            | Self::ErrorRateOrZero
            | Self::LackOfSuccess
            | Self::LatencyP50
            | Self::LatencyP95
            | Self::LatencyP99
            | Self::LatencyAverage => self,
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

fn is_zero_without_failures(metric: &Metric, query: &str) -> bool {
    query::shape_of(query, metric).is_some_and(|shape| shape.healthy == ValueWhen::Number(0.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serin_core::spec::Defaults;
    use serin_input::manifest::read_raw;

    use super::*;

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
