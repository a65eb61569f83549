//! The bounds of the latency histograms that routers and proxies keep, unless they are configured otherwise.

use super::histogram::Bucket;

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
    pub fn millis(self) -> f64 {
        match self {
            Self::Millis => 1.0,
            Self::Seconds => 1000.0,
        }
    }
}

impl Layout {
    /// The buckets of this histogram without observations, the infinite one last.
    pub fn empty(&self) -> impl Iterator<Item = Bucket> + use<> {
        self.bounds.iter().chain(&[f64::INFINITY]).map(|&le| Bucket { le, count: 0.0 })
    }
}

/// Envoy's histograms: Istio, Contour, Gloo, Kuma, OSM, App Mesh and Knative with Kourier.
///
/// Envoy, `HistogramSettingsImpl::defaultBuckets`. Istio changes them by the annotation
/// `sidecar.istio.io/statsHistogramBuckets`.
pub const ENVOY: Layout = Layout {
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

/// Linkerd's `response_latency_ms`.
///
/// linkerd2-proxy, `linkerd/metrics/src/latency.rs`.
pub const LINKERD: Layout = Layout {
    bounds: &[
        1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 100.0, 200.0, 300.0, 400.0, 500.0, 1_000.0,
        2_000.0, 3_000.0, 4_000.0, 5_000.0, 10_000.0, 20_000.0, 30_000.0, 40_000.0, 50_000.0,
    ],
    unit: Unit::Millis,
};

/// Prometheus's client libraries: `http_request_duration_seconds` of most services, of Skipper and of ingress-nginx.
///
/// client_golang, `prometheus.DefBuckets`.
pub const CLIENT: Layout =
    Layout { bounds: &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0], unit: Unit::Seconds };

/// Traefik's `traefik_service_request_duration_seconds`.
///
/// Traefik's documentation, `metrics.prometheus.buckets`.
pub const TRAEFIK: Layout = Layout { bounds: &[0.1, 0.3, 1.2, 5.0], unit: Unit::Seconds };

/// APISIX's `apisix_http_latency`.
///
/// APISIX, `apisix/plugins/prometheus/exporter.lua`.
pub const APISIX: Layout = Layout {
    bounds: &[
        1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0, 30_000.0,
        60_000.0,
    ],
    unit: Unit::Millis,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_ascend_to_infinity() {
        for layout in [ENVOY, LINKERD, CLIENT, TRAEFIK, APISIX] {
            let bounds: Vec<f64> = layout.empty().map(|bucket| bucket.le).collect();
            assert!(bounds.is_sorted_by(|one, next| one < next), "{layout:?}");
            assert_eq!((bounds[0] > 0.0, bounds.last()), (true, Some(&f64::INFINITY)), "{layout:?}");
        }
    }
}
