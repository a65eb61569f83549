//! Statistical bounds.

use std::ops::RangeInclusive;

use statrs::distribution::{Binomial, DiscreteCDF as _};

/// How many times an event of this probability happens in this many trials, in 999 of 1,000 cases: the binomial
/// distribution without its two tails of 0.05 % each.
pub(crate) fn likely(trials: u64, probability: f64) -> RangeInclusive<u64> {
    let of = Binomial::new(probability, trials).unwrap();
    of.inverse_cdf(0.000_5)..=of.inverse_cdf(0.999_5)
}

#[test]
fn likely_counts_of_coins() {
    // Half of 1,000 with a standard deviation of 15.8, 3.29 of them on each side.
    assert_eq!(likely(1_000, 0.5), 448..=552);
    assert_eq!((likely(1_000, 0.0), likely(1_000, 1.0)), (0..=0, 1_000..=1_000));
}
