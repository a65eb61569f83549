//! Discrete latencies, used if an average is needed: the `_sum` of a histogram is the total of the latencies, which is
//! known if every latency is one of these points.
//!
//! A request between two points is assigned to one of them, with chances that keep the mean exact for any distribution.
//! Sixteen points per decade add less than one hundredth to the variance of a log-normal latency. The edge of each
//! bucket has two points, one on each side, so that the buckets contain the same counts as without points.

/// A latency and the bucket that counts it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) millis: f64,
    pub(super) bucket: usize,
}

const A_DECADE: i32 = 16;
/// From a hundredth of a millisecond.
const SHORTEST: i32 = -2 * A_DECADE;
/// To almost three hours; longer latencies are counted as this.
const LONGEST: i32 = 7 * A_DECADE;

/// The points for buckets with these edges in milliseconds; the last bucket has no edge, and no request takes zero
/// time.
pub(super) fn of(ends: &[f64]) -> Box<[Point]> {
    let finite = ends.iter().copied().filter(|end| end.is_finite());
    let grid = (SHORTEST..=LONGEST).map(|step| 10_f64.powf(f64::from(step) / f64::from(A_DECADE)));
    let mut latencies: Vec<f64> = [0.0].into_iter().chain(grid).chain(finite).collect();
    latencies.sort_by(f64::total_cmp);
    latencies.dedup();
    let point = |millis: f64| {
        let bucket = ends.partition_point(|end| *end < millis);
        let below = Point { millis, bucket };
        let above = Point { millis, bucket: bucket + 1 };
        [Some(below), (ends[bucket] == millis).then_some(above)]
    };
    latencies.into_iter().flat_map(point).flatten().collect()
}

/// The share of requests at each point; `below` returns the share that takes at most this long, and its part of the
/// average.
pub(super) fn shares(points: &[Point], below: impl Fn(f64) -> (f64, f64)) -> Box<[f64]> {
    let mut shares = vec![0.0; points.len()];
    let mut before = (0.0, 0.0);
    for (place, pair) in points.windows(2).enumerate() {
        let (low, high) = (pair[0].millis, pair[1].millis);
        if low == high {
            continue;
        }
        let until = below(high);
        let (share, took) = (until.0 - before.0, until.1 - before.1);
        let at_high = ((took - low * share) / (high - low)).clamp(0.0, share.max(0.0));
        shares[place] += share - at_high;
        shares[place + 1] += at_high;
        before = until;
    }
    if let Some(last) = shares.last_mut() {
        *last += 1.0 - before.0;
    }
    shares.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: [f64; 4] = [5.0, 10.0, 250.0, f64::INFINITY];

    #[test]
    fn an_edge_has_points_on_both_sides() {
        let points = of(&ENDS);
        let at = |millis: f64| {
            let found = points.iter().filter(|point| point.millis == millis);
            found.map(|point| point.bucket).collect::<Vec<_>>()
        };
        assert_eq!((at(0.0), at(5.0), at(10.0), at(1000.0)), (vec![0], vec![0, 1], vec![1, 2], vec![3]));
        let within = |pair: &[Point]| pair[0].millis == pair[1].millis || pair[0].bucket == pair[1].bucket;
        assert!(points.windows(2).all(within), "a request between two points may change its bucket");
    }

    #[test]
    fn the_mean_is_exact_and_so_are_the_buckets() {
        let points = of(&ENDS);
        // Uniform from 0 to 20 ms.
        let below = |millis: f64| {
            let share = (millis / 20.0).min(1.0);
            (share, share * millis.min(20.0) / 2.0)
        };
        let shares = shares(&points, below);
        let mean: f64 = points.iter().zip(&shares).map(|(point, share)| point.millis * share).sum();
        assert!((mean - 10.0).abs() < 1e-9, "{mean}");
        let of = |bucket| {
            let within = points.iter().zip(&shares).filter(|(point, _)| point.bucket == bucket);
            within.map(|(_, share)| share).sum::<f64>()
        };
        for (bucket, share) in [0.25, 0.25, 0.5, 0.0].into_iter().enumerate() {
            assert!((of(bucket) - share).abs() < 1e-9, "{bucket}: {}", of(bucket));
        }
    }
}
