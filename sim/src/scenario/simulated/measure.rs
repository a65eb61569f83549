//! `world.measures`: what a metric measures whose query the world does not know.

use schemars::JsonSchema;
use serde::Deserialize;
use serin_core::spec::{Metric, MetricSource};

use crate::prometheus::Latency;

/// What can be measured in a simulated world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Percentage of requests that did not end in a server error.
    SuccessRate,
    /// Percentage of requests that did.
    ErrorRate,
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
    /// What `request-duration` measures where this router counts: an average where the query divides sum by count.
    #[must_use]
    pub fn duration(provider: &str) -> Self {
        match Latency::of(provider) {
            Latency::P99(_) => Self::LatencyP99,
            Latency::Average(_) => Self::LatencyAverage,
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
                "error-rate" => Some(Self::ErrorRate),
                "latency-p50" => Some(Self::LatencyP50),
                "latency-p95" => Some(Self::LatencyP95),
                "latency-p99" => Some(Self::LatencyP99),
                _ => None,
            },
            MetricSource::Query(_) | MetricSource::Template { .. } => None,
        }
    }

    /// Whether it is about how long requests take.
    #[must_use]
    pub fn is_latency(self) -> bool {
        match self {
            Self::SuccessRate | Self::ErrorRate => false,
            Self::LatencyP50 | Self::LatencyP95 | Self::LatencyP99 | Self::LatencyAverage => true,
        }
    }

    /// The quantile of a latency, from 0 to 1; `None` for what is none.
    #[must_use]
    pub fn quantile(self) -> Option<f64> {
        match self {
            Self::SuccessRate | Self::ErrorRate | Self::LatencyAverage => None,
            Self::LatencyP50 => Some(0.5),
            Self::LatencyP95 => Some(0.95),
            Self::LatencyP99 => Some(0.99),
        }
    }
}
