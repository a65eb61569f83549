//! The difference of two results, and whether chance alone makes such a difference.

use crate::sweep::Z;

/// A difference, new less old, with its interval at 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The difference.
    pub new_less_old: f64,
    /// Lower end; equal to the difference if it is computed.
    pub low: f64,
    /// Upper end; equal to the difference if it is computed.
    pub high: f64,
}

/// How often something happened under one policy, the other, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crossed {
    /// Pairs of runs.
    pub pairs: u64,
    /// It happened under both policies.
    pub both: u64,
    /// It happened under the old policy only.
    pub only_old: u64,
    /// It happened under the new policy only.
    pub only_new: u64,
}

/// A number under both policies, summed up over pairs of runs. The sums are whole numbers, so that the order of the runs
/// does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Means {
    /// Pairs of runs.
    pub pairs: u64,
    old: u128,
    new: u128,
    /// The squares of the differences.
    squares: u128,
}

impl Difference {
    /// A computed difference. One that is smaller than the computation is exact counts as none.
    pub(super) fn computed(old: f64, new: f64) -> Self {
        const EXACT_TO: f64 = 1e-4;
        let difference = new - old;
        let difference = if difference.abs() <= EXACT_TO * old.abs().max(1.0) { 0.0 } else { difference };
        Self { new_less_old: difference, low: difference, high: difference }
    }

    /// Whether chance alone rarely makes such a difference: its interval does not contain 0.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

impl Crossed {
    pub(super) fn add(&mut self, old: bool, new: bool) {
        self.pairs += 1;
        self.both += u64::from(old && new);
        self.only_old += u64::from(old && !new);
        self.only_new += u64::from(new && !old);
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            pairs: self.pairs + other.pairs,
            both: self.both + other.both,
            only_old: self.only_old + other.only_old,
            only_new: self.only_new + other.only_new,
        }
    }

    /// The shares of the old and of the new policy, 0 to 1; `None` without pairs.
    #[must_use]
    pub fn shares(&self) -> Option<[f64; 2]> {
        let share = |only| (self.both + only) as f64 / self.pairs as f64;
        (self.pairs > 0).then(|| [share(self.only_old), share(self.only_new)])
    }

    /// The difference of the shares, -1 to 1; `None` without pairs.
    ///
    /// The interval is that of D. Bonett and R. Price (2012) for paired shares. It is also valid if both policies rarely or
    /// never differ.
    #[must_use]
    pub fn difference(&self) -> Option<Difference> {
        if self.pairs == 0 {
            return None;
        }
        let n = self.pairs as f64;
        let [old, new] = [self.only_old, self.only_new].map(|count| (count as f64 + 1.0) / (n + 2.0));
        let (middle, half) = (new - old, Z * ((old + new - (new - old).powi(2)) / (n + 2.0)).sqrt());
        Some(Difference {
            new_less_old: (self.only_new as f64 - self.only_old as f64) / n,
            low: (middle - half).max(-1.0),
            high: (middle + half).min(1.0),
        })
    }
}

impl Means {
    /// With fewer pairs, the interval of a mean is not valid.
    const FEWEST: u64 = 30;

    pub(super) fn add(&mut self, old: u64, new: u64) {
        self.pairs += 1;
        self.old += u128::from(old);
        self.new += u128::from(new);
        self.squares += u128::from(new.abs_diff(old)).pow(2);
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            pairs: self.pairs + other.pairs,
            old: self.old + other.old,
            new: self.new + other.new,
            squares: self.squares + other.squares,
        }
    }

    /// The means of the old and of the new policy; `None` without pairs.
    #[must_use]
    pub fn means(&self) -> Option<[f64; 2]> {
        (self.pairs > 0).then(|| [self.old, self.new].map(|sum| sum as f64 / self.pairs as f64))
    }

    /// The mean difference, with the normal interval of a mean; `None` with fewer than 30 pairs.
    #[must_use]
    pub fn difference(&self) -> Option<Difference> {
        if self.pairs < Self::FEWEST {
            return None;
        }
        let n = self.pairs as f64;
        let mean = (self.new as f64 - self.old as f64) / n;
        // Rounding may lead below 0 where all differences are the same.
        let variance = ((self.squares as f64 - n * mean * mean) / (n - 1.0)).max(0.0);
        let half = Z * (variance / n).sqrt();
        Some(Difference { new_less_old: mean, low: mean - half, high: mean + half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_difference_of_shares_is_that_of_bonett_and_price() {
        // By hand: p = 7/102 and 2/102, so the middle is -0.04902, and the half 0.05686.
        let crossed = Crossed { pairs: 100, both: 3, only_old: 6, only_new: 1 };
        let found = crossed.difference().unwrap();
        assert!((found.new_less_old + 0.05).abs() < 1e-12, "{found:?}");
        assert!((found.low + 0.105_875).abs() < 1e-5 && (found.high - 0.007_836).abs() < 1e-5, "{found:?}");
        assert!(!found.is_sure());
        assert_eq!(crossed.shares(), Some([0.09, 0.04]));
        assert!(
            Crossed { pairs: 1_000, both: 0, only_old: 60, only_new: 10 }.difference().unwrap().is_sure()
        );
        assert_eq!((Crossed::default().difference(), Crossed::default().shares()), (None, None));
    }

    #[test]
    fn policies_that_never_differ_are_not_surely_different() {
        let found = Crossed { pairs: 1_000, ..Crossed::default() }.difference().unwrap();
        assert!(found.new_less_old == 0.0 && !found.is_sure() && found.high < 0.005, "{found:?}");
    }

    fn means(pairs: impl IntoIterator<Item = (u64, u64)>) -> Means {
        let mut means = Means::default();
        pairs.into_iter().for_each(|(old, new)| means.add(old, new));
        means
    }

    #[test]
    fn the_interval_of_a_mean_difference_is_the_normal_one() {
        // 40 differences: 2, 4, -1, 3 ten times each. Mean 2, standard deviation sqrt(140 / 39) = 1.8947.
        let found = means([(10, 12), (10, 14), (10, 9), (10, 13)].repeat(10));
        assert_eq!(found.means(), Some([10.0, 12.0]));
        let found = found.difference().unwrap();
        assert!((found.new_less_old - 2.0).abs() < 1e-12, "{found:?}");
        assert!((found.high - 2.0 - 1.959_964 * 1.894_662 / 40_f64.sqrt()).abs() < 1e-5, "{found:?}");
        assert!((found.high + found.low - 4.0).abs() < 1e-12 && found.is_sure(), "{found:?}");
    }

    #[test]
    fn a_mean_of_few_pairs_has_no_interval() {
        assert_eq!(means([(1, 2); 29]).difference(), None);
        assert!(means([(1, 2); 30]).difference().unwrap().is_sure());
        assert!(!means([(2, 2); 30]).difference().unwrap().is_sure());
        assert_eq!(means([]).means(), None);
    }

    #[test]
    fn parts_may_be_added_in_any_order() {
        let (one, other) = (means([(4, 5), (4, 1)]), means([(4, 7), (9, 4)]));
        assert_eq!(one.and(other), other.and(one));
        assert_eq!(one.and(other), means([(4, 5), (4, 1), (4, 7), (9, 4)]));
    }

    #[test]
    fn a_computed_difference_within_its_error_is_none() {
        assert!(!Difference::computed(0.5, 0.500_05).is_sure());
        assert!(Difference::computed(0.5, 0.501).is_sure());
        assert!(!Difference::computed(10_000.0, 10_000.5).is_sure());
    }
}
