//! The confidence interval of a counted share.

/// A share with its Wilson score interval at 95 %.
///
/// The interval of E. B. Wilson (1927): it stays within 0 to 1, and is also valid if the share is 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The share, 0 to 1.
    pub share: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The 97.5th percentile of the standard normal distribution.
pub(crate) const Z: f64 = 1.959_963_984_540_054;

impl Share {
    /// The share of `count` in `all`; `None` if `all` is 0.
    #[must_use]
    pub fn of(count: u64, all: u64) -> Option<Self> {
        if all == 0 {
            return None;
        }
        let (n, share) = (all as f64, count as f64 / all as f64);
        let square = Z * Z / n;
        let middle = (share + square / 2.0) / (1.0 + square);
        let half = Z / (1.0 + square) * (share * (1.0 - share) / n + square / (4.0 * n)).sqrt();
        // At the ends the formula is exact, except for rounding errors.
        let low = if count == 0 { 0.0 } else { (middle - half).max(0.0) };
        let high = if count == all { 1.0 } else { (middle + half).min(1.0) };
        Some(Self { share, low, high })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_wilson() {
        // Results of R's binom.confint(x, n, method = "wilson").
        for (count, all, low, high) in
            [(10, 100, 0.055_229_1, 0.174_366_4), (0, 20, 0.0, 0.161_130_2), (20, 20, 0.838_869_8, 1.0)]
        {
            let share = Share::of(count, all).unwrap();
            assert!((share.low - low).abs() < 1e-5 && (share.high - high).abs() < 1e-5, "{share:?}");
        }
        assert_eq!(Share::of(0, 0), None);
    }
}
