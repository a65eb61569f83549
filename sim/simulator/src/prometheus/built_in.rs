//! The two built-in metrics, as Flagger queries them.
//!
//! `request-success-rate` is `sum(rate(good)) / sum(rate(all)) * 100` for every router. Good is every response except
//! those with a code of 5xx; for Linkerd, every response not classified as a failure. The counts have these
//! consequences:
//!
//! - Counters have a series for each code, which begins with its first response. The responses before the first scrape of
//!   a series are never counted, so a single error is not visible.
//! - If every response so far had a code of 5xx there is no good series: that is no value, not a success rate of 0.
//! - Without traffic the rates are 0, and 0/0 is `NaN`, which is no value either.
//! - Skipper and Traefik count with the last bucket of their histogram, which is the same arithmetic.
//!
//! `request-duration` is a 99th percentile or an average, see [`serin_core::provider::Statistic`].

use serin_core::provider::Unit;

use super::{
    histogram::{Bucket, histogram_quantile},
    vector::ratio,
};

/// `request-success-rate` in percent, of the sums of the rates of good and of all responses.
#[inline]
#[must_use]
pub fn success_rate(good: Option<f64>, all: Option<f64>) -> Option<f64> {
    ratio(good, all).map(|share| share * 100.0)
}

/// `request-duration` as a 99th percentile in milliseconds, of the sums of the rates by bucket.
#[inline]
#[must_use]
pub fn p99_ms(unit: Unit, buckets: &mut [Bucket]) -> Option<f64> {
    histogram_quantile(0.99, buckets).map(|latency| latency * unit.millis())
}

/// `request-duration` as an average in milliseconds, of the sums of the rates of the histogram's sum and count.
#[inline]
#[must_use]
pub fn average_ms(unit: Unit, total: Option<f64>, count: Option<f64>) -> Option<f64> {
    ratio(total, count).map(|latency| latency * unit.millis())
}

/// A value as Flagger reads it: `NaN` is no value.
#[inline]
#[must_use]
pub fn found(answer: Option<f64>) -> Option<f64> {
    answer.filter(|value| !value.is_nan())
}

#[cfg(test)]
mod tests {
    use serin_core::provider::RequestMetrics;

    use super::*;

    #[test]
    fn only_errors_are_no_value() {
        assert_eq!(success_rate(None, Some(3.0)), None);
        assert_eq!(found(success_rate(Some(0.0), Some(0.0))), None);
        assert_eq!(found(success_rate(Some(0.0), Some(3.0))), Some(0.0));
        assert_eq!(found(success_rate(Some(3.0), Some(4.0))), Some(75.0));
    }

    #[test]
    fn seconds_are_converted_to_milliseconds() {
        assert_eq!(average_ms(Unit::Seconds, Some(0.5), Some(2.0)), Some(250.0));
        let mut buckets: Vec<Bucket> =
            Bucket::all_of(&RequestMetrics::of("traefik", "Deployment").latency.layout).collect();
        buckets[2..].iter_mut().for_each(|bucket| bucket.count = 1.0);
        assert_eq!(p99_ms(Unit::Seconds, &mut buckets), Some((0.3 + (1.2 - 0.3) * 0.99) * 1000.0));
    }
}
