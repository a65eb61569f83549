//! `histogram_quantile` over classic buckets.

use serin_core::provider::Layout;

/// A cumulative bucket: how many observations, or how many per second, were at most `le`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// The upper bound; the last one's is infinite.
    pub le: f64,
    /// Observations up to the bound.
    pub count: f64,
}

impl Bucket {
    /// All buckets of a histogram without observations, the infinite one last.
    pub fn all_of(layout: &Layout) -> impl Iterator<Item = Self> + use<> {
        layout.bounds.iter().chain(&[f64::INFINITY]).map(|&le| Self { le, count: 0.0 })
    }
}

/// `histogram_quantile(q, …)` in the unit of the bounds; the buckets are put in order and made to grow.
///
/// `None` without buckets. `NaN` where nothing was observed, the last bucket has a bound, or it is the only one.
#[must_use]
pub fn histogram_quantile(q: f64, buckets: &mut [Bucket]) -> Option<f64> {
    if buckets.is_empty() {
        return None;
    }
    if q.is_nan() {
        return Some(f64::NAN);
    }
    if !(0.0..=1.0).contains(&q) {
        return Some(if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    let buckets = in_order(buckets);
    grow(buckets);
    Some(within(q, buckets))
}

/// Sorted by their bounds, each bound once; equal bounds are added up.
fn in_order(buckets: &mut [Bucket]) -> &mut [Bucket] {
    if !buckets.is_sorted_by(|one, next| one.le < next.le) {
        buckets.sort_by(|one, other| one.le.total_cmp(&other.le));
        let mut last = 0;
        for place in 1..buckets.len() {
            let bucket = buckets[place];
            if bucket.le == buckets[last].le {
                buckets[last].count += bucket.count;
            } else {
                last += 1;
                buckets[last] = bucket;
            }
        }
        return &mut buckets[..=last];
    }
    buckets
}

/// Differences between neighbours below this share of their sum are noise.
const NOISE: f64 = 1e-12;

/// No bucket counts less than the one before it: what falls is lifted, and noise is levelled in either direction.
#[inline]
fn grow(buckets: &mut [Bucket]) {
    let mut below = buckets[0].count;
    for bucket in &mut buckets[1..] {
        if bucket.count < below || is_noise(below, bucket.count) {
            bucket.count = below;
        }
        below = bucket.count;
    }
}

#[inline]
fn is_noise(one: f64, other: f64) -> bool {
    let (apart, both) = ((one - other).abs(), one.abs() + other.abs());
    if one == 0.0 || other == 0.0 || both < f64::MIN_POSITIVE {
        return apart < NOISE * f64::MIN_POSITIVE;
    }
    apart / both.min(f64::MAX) < NOISE
}

/// The quantile, on the assumption that observations are spread evenly within a bucket, the first of which begins at zero.
///
/// In the last bucket, which has no end, it is the highest bound there is.
#[inline]
fn within(q: f64, buckets: &[Bucket]) -> f64 {
    let [finite @ .., last] = buckets else { return f64::NAN };
    let Some(highest) = finite.last() else { return f64::NAN };
    if last.le != f64::INFINITY || last.count == 0.0 {
        return f64::NAN;
    }
    let rank = q * last.count;
    let place = finite.partition_point(|bucket| bucket.count < rank);
    let Some(bucket) = finite.get(place) else { return highest.le };
    match place.checked_sub(1).map(|before| finite[before]) {
        None if bucket.le <= 0.0 => bucket.le,
        None => bucket.le * (rank / bucket.count),
        Some(before) => {
            before.le + (bucket.le - before.le) * ((rank - before.count) / (bucket.count - before.count))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    fn quantile(q: f64, buckets: &[(f64, f64)]) -> Option<f64> {
        let mut buckets: Vec<Bucket> = buckets.iter().map(|&(le, count)| Bucket { le, count }).collect();
        histogram_quantile(q, &mut buckets)
    }

    #[test]
    fn it_is_interpolated_within_its_bucket() {
        let buckets = [(10.0, 50.0), (20.0, 90.0), (40.0, 100.0), (INF, 100.0)];
        assert_eq!(
            [0.0, 0.25, 0.5, 0.7, 0.95, 1.0].map(|q| quantile(q, &buckets).unwrap()),
            [0.0, 5.0, 10.0, 15.0, 30.0, 40.0]
        );
    }

    #[test]
    fn behind_the_last_bound_it_is_that_bound() {
        assert_eq!(quantile(0.99, &[(10.0, 50.0), (20.0, 90.0), (INF, 100.0)]), Some(20.0));
    }

    #[test]
    fn a_first_bound_below_zero_is_the_answer() {
        assert_eq!(quantile(0.2, &[(-1.0, 50.0), (20.0, 90.0), (INF, 100.0)]), Some(-1.0));
    }

    #[test]
    fn order_and_repetition_do_not_matter() {
        let buckets = [(INF, 60.0), (20.0, 90.0), (10.0, 50.0), (INF, 40.0)];
        assert_eq!(quantile(0.7, &buckets), Some(15.0));
    }

    #[test]
    fn what_falls_is_lifted() {
        let buckets = [(10.0, 50.0), (20.0, 40.0), (30.0, 90.0), (INF, 80.0)];
        assert_eq!(
            quantile(0.8, &buckets),
            quantile(0.8, &[(10.0, 50.0), (20.0, 50.0), (30.0, 90.0), (INF, 90.0)])
        );
    }

    #[test]
    fn noise_is_no_observation() {
        let more = 100.0 * (1.0 + 1e-13);
        assert_eq!(quantile(1.0, &[(10.0, 100.0), (20.0, more), (INF, more)]), Some(10.0));
    }

    #[test]
    fn nothing_and_not_a_number_differ() {
        assert_eq!(quantile(0.99, &[]), None);
        for none in [
            &[(10.0, 0.0), (INF, 0.0)][..],
            &[(10.0, 5.0), (20.0, 6.0)],
            &[(INF, 5.0)],
            &[(INF, 5.0), (INF, 6.0)],
        ] {
            assert!(quantile(0.99, none).unwrap().is_nan(), "{none:?}");
        }
        assert!(quantile(f64::NAN, &[(INF, 5.0)]).unwrap().is_nan());
    }

    #[test]
    fn quantiles_outside_are_infinite() {
        assert_eq!(quantile(-0.1, &[(INF, 5.0)]), Some(-INF));
        assert_eq!(quantile(1.1, &[(INF, 5.0)]), Some(INF));
    }
}
