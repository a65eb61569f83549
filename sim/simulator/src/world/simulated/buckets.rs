//! The buckets of a latency histogram, and the share of requests in each.

use std::{borrow::Cow, iter::Sum};

use serin_core::{Rollout, provider::RequestMetrics, spec::Metric};
use statrs::distribution::{ContinuousCDF as _, Normal};

use super::{
    measure,
    points::{self, Point},
};
use crate::scenario::{Measure, Simulated};

/// Upper edges of the buckets in milliseconds; the last bucket has none. A single bucket if no latency is needed.
///
/// Requests are counted in cells: a cell is a bucket, or a part of one if an average is needed, see [`points`].
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    ends: Box<[f64]>,
    /// The cells, if they are not the buckets.
    points: Box<[Point]>,
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

impl Buckets {
    /// The buckets that the metrics of this Canary need; `is_edited`: it may later use other metrics.
    pub fn asked_for(simulated: &Simulated, canary: &Rollout, is_edited: bool) -> Self {
        let duration = Measure::duration(canary);
        let asked = canary.metrics().iter().filter_map(|metric| measure(simulated, metric, duration));
        let later = [duration].into_iter().chain(simulated.measures.values().copied());
        let mut latencies = asked.chain(later.filter(|_| is_edited)).filter(|measure| measure.is_latency());
        let Some(first) = latencies.next() else { return Self::none() };
        let mut buckets = Self::of(canary.topology().request_metrics());
        if first == Measure::LatencyAverage || latencies.any(|measure| measure == Measure::LatencyAverage) {
            buckets.points = points::of(&buckets.ends);
        }
        buckets
    }

    /// The same with only those edges that affect a decision: a bucket is kept apart if the bounds of a metric can be
    /// crossed inside it. A value is on the same side of every bound with these buckets as with all.
    pub(crate) fn decisive(&self, simulated: &Simulated, canary: &Rollout) -> Self {
        if !self.points.is_empty() {
            return self.clone();
        }
        let duration = Measure::duration(canary);
        let is_latency = |metric: &&Metric| {
            measure(simulated, metric, duration).is_some_and(|measure| measure.quantile().is_some())
        };
        let metrics: Vec<&Metric> = canary.metrics().iter().filter(is_latency).collect();
        let is_crossed = |(low, high): (f64, f64)| {
            let side = |metric: &Metric, end: f64| {
                metric.bounds.side(metric.compared(end * simulated.form(metric).scale))
            };
            metrics.iter().any(|metric| side(metric, low) != side(metric, high))
        };
        let last = self.ends.len() - 1;
        let lows = [0.0].iter().chain(&*self.ends);
        let crossed: Vec<bool> =
            lows.zip(&self.ends[..last]).map(|(low, high)| is_crossed((*low, *high))).collect();
        // A histogram without a finite edge has no quantiles.
        let is_any = crossed.contains(&true);
        let is_kept = |end: &usize| {
            let is_read = |end: usize| crossed.get(end).copied().unwrap_or(false);
            *end == last || is_read(*end) || is_read(*end + 1) || (!is_any && *end + 1 == last)
        };
        Self { ends: (0..=last).filter(is_kept).map(|end| self.ends[end]).collect(), points: [].into() }
    }

    /// For each cell of these buckets, the end of its cells among `finer` ones, as an index.
    pub(super) fn ends_among(&self, finer: &Self) -> Box<[usize]> {
        self.ends.iter().map(|end| finer.ends.partition_point(|finer| finer <= end)).collect()
    }

    /// The buckets of a router's histogram, for its buckets or its average.
    pub(super) fn of(metrics: &RequestMetrics) -> Self {
        let layout = metrics.latency.layout;
        let ends = layout.bounds.iter().map(|end| end * layout.unit.millis());
        Self { ends: ends.chain([f64::INFINITY]).collect(), points: [].into() }
    }

    /// Buckets with these upper edges in milliseconds.
    #[cfg(test)]
    pub(super) fn with_ends(ends: &[f64]) -> Self {
        Self { ends: ends.into(), points: [].into() }
    }

    /// A single bucket.
    pub(crate) fn none() -> Self {
        Self { ends: [f64::INFINITY].into(), points: [].into() }
    }

    /// The number of cells.
    pub fn count(&self) -> usize {
        if self.points.is_empty() { self.ends.len() } else { self.points.len() }
    }

    /// Their upper edges, in milliseconds.
    pub fn ends(&self) -> &[f64] {
        &self.ends
    }

    /// The latency of each cell, in milliseconds; nothing if no average is needed.
    pub fn points(&self) -> impl Iterator<Item = f64> {
        self.points.iter().map(|point| point.millis)
    }

    /// The counts by bucket, from the counts by cell.
    pub fn by_bucket<'a, T: Copy + Sum>(&self, cells: &'a [T]) -> Cow<'a, [T]> {
        if self.points.is_empty() {
            return Cow::Borrowed(cells);
        }
        let of = |bucket| {
            let within = self.points.iter().zip(cells).filter(move |(point, _)| point.bucket == bucket);
            within.map(|(_, count)| *count).sum()
        };
        (0..self.ends.len()).map(of).collect()
    }

    /// The total latency of the requests that are counted by cell, in milliseconds.
    pub(super) fn millis(&self, cells: &[u64]) -> f64 {
        self.points().zip(cells).map(|(millis, count)| millis * *count as f64).sum()
    }

    /// The share in each cell of a log-normal latency with these percentiles, in seconds.
    pub(super) fn shares(&self, p50: f64, p99: f64) -> Box<[f64]> {
        if self.ends.len() == 1 {
            return [1.0].into();
        }
        let middle = (p50 * 1000.0).ln();
        let spread = ((p99 * 1000.0).ln() - middle) / Z99;
        let mut shares = if self.points.is_empty() {
            let mut below = 0.0;
            let shares = self.ends.iter().map(|end| {
                let until = if end.is_infinite() { 1.0 } else { share_below(end.ln(), middle, spread) };
                let share = until - below;
                below = until;
                share
            });
            shares.collect()
        } else {
            let average = (middle + spread * spread / 2.0).exp();
            points::shares(&self.points, |end| {
                let longer = share_below(end.ln() - spread * spread, middle, spread);
                (share_below(end.ln(), middle, spread), average * longer)
            })
        };
        // Too rare for any simulation to show, and each would cost a random number.
        shares.iter_mut().filter(|share| **share < 1e-12).for_each(|share| *share = 0.0);
        shares
    }
}

/// The average of the log-normal latency with these percentiles.
pub(super) fn average(p50: f64, p99: f64) -> f64 {
    let spread = (p99.ln() - p50.ln()) / Z99;
    (p50.ln() + spread * spread / 2.0).exp()
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
    use std::path::Path;

    use super::{
        super::chance::{Chance, Stream},
        *,
    };
    use crate::{
        prometheus::{Bucket, histogram_quantile},
        scenario,
    };

    #[test]
    fn shares_add_up_and_meet_the_percentiles() {
        let buckets = Buckets::of(RequestMetrics::of("istio", "Deployment"));
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
    fn points_change_nothing_but_the_average() {
        let buckets = Buckets::of(RequestMetrics::of("nginx", "Deployment"));
        let points = Buckets { points: points::of(&buckets.ends), ..buckets.clone() };
        for (p50, p99) in [(0.020, 0.120), (0.3, 2.0), (0.040, 0.040)] {
            let shares = points.shares(p50, p99);
            for (one, other) in points.by_bucket(&shares).iter().zip(&buckets.shares(p50, p99)) {
                assert!((one - other).abs() < 1e-9, "{one} {other}");
            }
            let mean: f64 = points.points().zip(&shares).map(|(millis, share)| millis * share).sum();
            let exact = average(p50, p99) * 1000.0;
            assert!((mean / exact - 1.0).abs() < 1e-9, "{mean} {exact}");
            let square: f64 =
                points.points().zip(&shares).map(|(millis, share)| millis * millis * share).sum();
            let spread = (p99.ln() - p50.ln()) / Z99;
            let most = 1.01 * (exact * exact * (spread * spread).exp());
            assert!(square < most, "{square} {most}");
        }
    }

    /// The 99th percentile of counts by bucket.
    fn p99(buckets: &Buckets, counts: &[u64]) -> f64 {
        let mut below = 0;
        let cumulative = buckets.ends.iter().zip(counts).map(|(le, count)| {
            below += count;
            Bucket { le: *le, count: below as f64 / 60.0 }
        });
        histogram_quantile(0.99, &mut cumulative.collect::<Vec<_>>()).expect("there are buckets")
    }

    #[test]
    fn a_latency_is_on_the_same_side_of_its_bounds_with_the_decisive_buckets() {
        let text = include_str!("../../../../../scenarios/simulated/checkout.yaml");
        for bounds in
            ["max: 500", "max: 320", "min: 30, max: 240", "min: 300, max: 310", "max: 0", "max: 99999999"]
        {
            let text = text.replace("max: 500", bounds);
            let scenario = scenario::parse(&text, Path::new("checkout.yaml")).unwrap();
            let (canary, simulated) = (&scenario.canary, scenario.setting.simulated.as_ref().unwrap());
            let all = Buckets::asked_for(simulated, canary, false);
            let few = all.decisive(simulated, canary);
            assert!(few.count() < 6, "{bounds}: {few:?}");
            let (metric, ends) = (&canary.metrics()[1], few.ends_among(&all));
            let mut chance = Chance::of(1, Stream::Requests);
            for _ in 0..3_000 {
                let counts: Vec<u64> = (0..all.count())
                    .map(|_| {
                        let mean = 200.0 * chance.place();
                        if chance.happens(0.7) { 0 } else { chance.poisson(mean) }
                    })
                    .collect();
                let begins = [0].iter().chain(&*ends);
                let cells: Vec<u64> =
                    begins.zip(&*ends).map(|(from, to)| counts[*from..*to].iter().sum()).collect();
                let side = |value: f64| (!value.is_nan()).then(|| metric.bounds.side(metric.compared(value)));
                let (seen, decided) = (p99(&all, &counts), p99(&few, &cells));
                assert_eq!(side(seen), side(decided), "{bounds}: {seen} {decided} {counts:?}");
            }
        }
    }

    #[test]
    fn a_latency_without_spread_is_in_one_bucket() {
        let shares = Buckets::of(RequestMetrics::of("istio", "Deployment")).shares(0.020, 0.020);
        assert_eq!(shares.iter().filter(|share| **share > 0.0).count(), 1);
    }
}
