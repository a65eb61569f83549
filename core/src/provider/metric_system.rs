//! Which metric systems the controller asks.

use crate::spec::MetricSystem;

impl MetricSystem {
    /// Whether this version of the controller asks it.
    #[must_use]
    pub const fn is_driven(self) -> bool {
        match self {
            Self::Prometheus => true,
            Self::CloudWatch
            | Self::Datadog
            | Self::Dynatrace
            | Self::ExternalMetrics
            | Self::Graphite
            | Self::InfluxDb
            | Self::Keptn
            | Self::NewRelic
            | Self::Splunk
            | Self::Stackdriver => false,
        }
    }
}
