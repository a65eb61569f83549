//! The two built-in metrics, `request-success-rate` and `request-duration`: what the core asks of a router's series, with the
//! names of a Canary.

use serin_core::provider::{CanaryNames, DurationQuery, RequestMetrics};

use super::names::Names;

/// A router's series about one canary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Series<'a> {
    metrics: &'static RequestMetrics,
    names: CanaryNames<'a>,
}

impl<'a> Series<'a> {
    /// The series of a provider.
    pub(super) fn of(provider: &str, names: &'a Names) -> Self {
        Self { metrics: RequestMetrics::of(provider, &names.kind), names: names.of_canary() }
    }

    /// `request-success-rate`, in percent.
    pub(super) fn success_rate(&self, interval: &str) -> String {
        self.metrics.success_rate(&self.names, interval)
    }

    /// `request-duration`, and by what its value is multiplied to be milliseconds.
    pub(super) fn duration(&self, interval: &str) -> (String, f64) {
        let DurationQuery { query, millis } = self.metrics.duration(&self.names, interval);
        (query, millis)
    }

    /// A quantile of the latency, in milliseconds.
    pub(super) fn quantile(&self, quantile: f64, interval: &str) -> String {
        self.metrics.quantile(quantile, &self.names, interval)
    }
}
