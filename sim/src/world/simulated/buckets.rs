//! The buckets of a latency histogram, and the share of requests in each.

use statrs::distribution::{ContinuousCDF as _, Normal};

use crate::prometheus::{ENVOY, Latency};

/// Upper ends of the buckets in milliseconds, the last without an end. One bucket alone where nobody asks for latencies.
#[derive(Clone, Debug)]
pub(crate) struct Buckets(Box<[f64]>);

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

impl Buckets {
    /// Those that this provider's metrics have; where it has no histogram, Envoy's.
    pub(crate) fn of(provider: &str) -> Self {
        let layout = match Latency::of(provider) {
            Latency::P99(layout) => layout,
            Latency::Average(_) => ENVOY,
        };
        let ends = layout.bounds.iter().map(|end| end * layout.unit.millis());
        Self(ends.chain([f64::INFINITY]).collect())
    }

    /// One alone.
    pub(super) fn none() -> Self {
        Self([f64::INFINITY].into())
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn ends(&self) -> &[f64] {
        &self.0
    }

    /// The share in each bucket of a log-normal latency with these percentiles, in seconds.
    pub(super) fn shares(&self, p50: f64, p99: f64) -> Box<[f64]> {
        if self.0.len() == 1 {
            return [1.0].into();
        }
        let middle = (p50 * 1000.0).ln();
        let spread = ((p99 * 1000.0).ln() - middle) / Z99;
        let mut below = 0.0;
        let shares = self.0.iter().map(|end| {
            let until = if end.is_infinite() { 1.0 } else { share_below(end.ln(), middle, spread) };
            let share = until - below;
            below = until;
            // Rarer than any simulation can show, and every one costs a draw.
            if share < 1e-12 { 0.0 } else { share }
        });
        shares.collect()
    }
}

/// A quantile, from 0 to 1, of the log-normal latency with these percentiles.
pub(super) fn quantile(p50: f64, p99: f64, quantile: f64) -> f64 {
    let spread = (p99.ln() - p50.ln()) / Z99;
    let place = Normal::standard().inverse_cdf(quantile);
    (p50.ln() + spread * place).exp()
}

fn share_below(end: f64, middle: f64, spread: f64) -> f64 {
    match Normal::new(middle, spread) {
        Ok(normal) if spread > 0.0 => normal.cdf(end),
        // All requests take the same time.
        Ok(_) | Err(_) => f64::from(u8::from(end >= middle)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_meet_the_percentiles() {
        let buckets = Buckets::of("istio");
        let shares = buckets.shares(0.050, 0.500);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let below = |end: f64| {
            let within = buckets.ends().iter().zip(&shares).filter(|(bucket, _)| **bucket <= end);
            within.map(|(_, share)| share).sum::<f64>()
        };
        assert!((below(50.0) - 0.5).abs() < 1e-9, "{}", below(50.0));
        assert!((below(500.0) - 0.99).abs() < 1e-9);
    }

    #[test]
    fn quantiles_meet_the_percentiles() {
        let at = |place| quantile(0.050, 0.500, place);
        assert!((at(0.5) - 0.050).abs() < 1e-9 && (at(0.99) - 0.500).abs() < 1e-9);
        assert_eq!(quantile(0.05, 0.05, 0.95), 0.05_f64.ln().exp());
    }

    #[test]
    fn a_latency_without_spread_is_in_one_bucket() {
        let shares = Buckets::of("istio").shares(0.020, 0.020);
        assert_eq!(shares.iter().filter(|share| **share > 0.0).count(), 1);
    }
}
