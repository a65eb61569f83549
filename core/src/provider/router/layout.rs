//! The bounds of the latency histograms that routers and proxies keep, unless they are configured otherwise.

/// The bounds of a histogram, in a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// The bounds in ascending order, without the last, infinite one.
    pub bounds: &'static [f64],
    /// What the bounds count.
    pub unit: Unit,
}

/// The unit of a latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// How many milliseconds it has.
    #[must_use]
    pub const fn millis(self) -> f64 {
        match self {
            Self::Millis => 1.0,
            Self::Seconds => 1000.0,
        }
    }
}

impl Layout {
    /// Envoy's histograms: Istio, Contour, Gloo, Kuma, OSM, App Mesh and Knative with Kourier.
    ///
    /// Envoy, `HistogramSettingsImpl::defaultBuckets`. Istio changes them by the annotation
    /// `sidecar.istio.io/statsHistogramBuckets`.
    pub const ENVOY: Self = Self {
        bounds: &[
            0.5,
            1.0,
            5.0,
            10.0,
            25.0,
            50.0,
            100.0,
            250.0,
            500.0,
            1_000.0,
            2_500.0,
            5_000.0,
            10_000.0,
            30_000.0,
            60_000.0,
            300_000.0,
            600_000.0,
            1_800_000.0,
            3_600_000.0,
        ],
        unit: Unit::Millis,
    };

    /// Prometheus's client libraries: `http_request_duration_seconds` of most services, of Skipper and of ingress-nginx.
    ///
    /// client_golang, `prometheus.DefBuckets`.
    pub const CLIENT: Self = Self {
        bounds: &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0],
        unit: Unit::Seconds,
    };
}
