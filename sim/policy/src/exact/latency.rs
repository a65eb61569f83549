//! The chance that a quantile or the average of latencies stays within its bounds.
//!
//! `histogram_quantile` compares with a bound like a linear sum of three counts: the requests below the bucket that
//! contains the bound, those in it and those above it. These are independent Poisson counts.

use serin_simulator::world::Offered;

use super::{NotExact, average, check::Check, counts::Counts};

/// While a counter is young, the rate of each bucket is reduced by a slightly different amount, and latencies and
/// errors are counted from the same requests. If the latencies are almost certain, this is too small to matter.
const ALL_BUT_DECIDED: f64 = 5e-4;

/// The chance that all latencies stay within their bounds over the samples of a window that ends at `at`.
pub(super) fn kept(check: &Check, offered: &Offered, at: f64) -> Result<f64, NotExact> {
    if check.latencies.is_empty() {
        return Ok(1.0);
    }
    let scrape = check.scrape.as_secs_f64();
    let samples = (check.range.as_secs_f64() / scrape).floor().max(2.0);
    let buckets = &check.buckets;
    let cells = by_cell(offered, buckets.count(), (at - (samples - 1.0) * scrape, at));
    let counts = buckets.by_bucket(&cells);
    let mut kept = 1.0;
    for late in &check.latencies {
        let below = |bound: f64| match late.quantile {
            Some(quantile) => below(&counts, buckets.ends(), quantile, bound),
            None => average::below(buckets.points().zip(cells.iter().copied()), bound),
        };
        let below = |bound: Option<f64>| bound.map(below);
        let passes = below(late.max).unwrap_or(1.0) - below(late.min).unwrap_or(0.0);
        if passes.min(1.0 - passes) > ALL_BUT_DECIDED {
            let passes = format!("{:.1}", 100.0 * passes);
            return Err(NotExact::Latency { metric: late.name.clone(), passes });
        }
        kept *= passes.clamp(0.0, 1.0);
    }
    Ok(kept)
}

/// The average number of requests in each cell.
fn by_cell(offered: &Offered, cells: usize, (from, to): (f64, f64)) -> Vec<f64> {
    let mut counts = vec![0.0; cells];
    for span in &offered.even {
        let lasts = (span.to.min(to) - span.from.max(from)).max(0.0);
        for (kind, rate) in span.rates.iter().enumerate() {
            counts[kind % cells] += rate * lasts;
        }
    }
    counts
}

/// The chance that the quantile is below a bound, if there is a request at all.
fn below(counts: &[f64], ends: &[f64], quantile: f64, bound: f64) -> f64 {
    let bucket = ends.partition_point(|end| *end < bound);
    // A value in the last bucket, which has no upper edge, is reported as the upper edge of the bucket before.
    if bucket + 1 >= ends.len() {
        return 1.0;
    }
    let start = if bucket == 0 { 0.0 } else { ends[bucket - 1] };
    let share = (bound - start) / (ends[bucket] - start);
    let below = Counts::of(counts[..bucket].iter().sum());
    let (within, above) = (Counts::of(counts[bucket]), Counts::of(counts[bucket + 1..].iter().sum()));
    let all: f64 = counts.iter().sum();
    if all <= 0.0 {
        return 1.0;
    }
    let mut chance = 0.0;
    for (above, of_above) in above.iter() {
        for (within, of_within) in within.iter() {
            let missing = quantile * above as f64 - (share - quantile) * within as f64;
            let needed = (missing / (1.0 - quantile) - 1e-9).ceil().max(0.0) as u64;
            let none = if above + within == 0 { below.at(0) } else { 0.0 };
            chance += of_above * of_within * (below.at_least(needed) - none);
        }
    }
    chance / (1.0 - (-all).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_request_of_few_decides() {
        // Of 50 requests, one above the bound is more than one percent; on average one in a hundred requests is above
        // it.
        let chance = below(&[50.0, 0.0, 0.01, 0.0], &[100.0, 250.0, 500.0, f64::INFINITY], 0.99, 250.0);
        assert!((chance - (-0.01_f64).exp()).abs() < 1e-9, "{chance}");
    }

    #[test]
    fn a_median_is_as_often_below_as_above() {
        let chance = below(&[0.0, 500.0, 0.0], &[100.0, 200.0, f64::INFINITY], 0.5, 150.0);
        assert!(chance > 0.999, "{chance}");
        let chance = below(&[250.0, 0.0, 250.0, 0.0], &[100.0, 200.0, 400.0, f64::INFINITY], 0.5, 200.0);
        assert!((chance - 0.5).abs() < 0.02, "{chance}");
    }
}
