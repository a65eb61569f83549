//! `world.measures`: what a metric measures whose query the world does not know.

use schemars::JsonSchema;
use serde::Deserialize;
use serin_core::{
    Rollout,
    provider::Statistic,
    spec::{Metric, MetricSource},
};

use crate::query::{self, ValueWhen};

/// What can be measured in a simulated world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Percentage of requests that did not end in a server error.
    SuccessRate,
    /// Percentage of requests that did; no value before the first of them, as a query that counts those alone answers.
    ErrorRate,
    /// Percentage of requests that did, 0 where none did, as `(…) or vector(0)` answers.
    ErrorRateOrZero,
    /// 100 less the success rate: 0 where no request failed.
    LackOfSuccess,
    /// Half of the requests took at most so long, in milliseconds.
    LatencyP50,
    /// 95 of 100 requests took at most so long, in milliseconds.
    LatencyP95,
    /// 99 of 100 requests took at most so long, in milliseconds.
    LatencyP99,
    /// How long requests took on average, in milliseconds.
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

    /// What a metric measures, as far as its own name or source tells; `duration`: what the built-in one does.
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

    /// Whether it grows with the requests that fail.
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

    /// The same as the query of the metric asks for it: one for errors may answer 0 while nothing fails. One that cannot
    /// be read is taken to answer no value, as a query does that counts failed requests: their series begin with the
    /// first of them.
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

    /// Whether it is about how long requests take.
    #[must_use]
    pub fn is_latency(self) -> bool {
        match self {
            Self::SuccessRate | Self::ErrorRate | Self::ErrorRateOrZero | Self::LackOfSuccess => false,
            Self::LatencyP50 | Self::LatencyP95 | Self::LatencyP99 | Self::LatencyAverage => true,
        }
    }

    /// The quantile of a latency, from 0 to 1; `None` for what is none.
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

    use super::*;
    use crate::scenario::read_raw;

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
    fn the_built_in_duration_is_what_the_controller_asks_for() {
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
