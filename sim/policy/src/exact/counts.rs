//! The Poisson distribution as a table.

use statrs::distribution::{Discrete as _, Poisson};

/// The chances of Poisson counts with a given mean. Counts that are too rare to matter are left out.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    low: u64,
    chances: Vec<f64>,
    /// The chance of this count or a larger one.
    from: Vec<f64>,
    pub(super) mean: f64,
}

/// Counts rarer than this are left out.
const RARE: f64 = 1e-14;

impl Counts {
    pub(super) fn of(mean: f64) -> Self {
        let Ok(poisson) = Poisson::new(mean) else {
            return Self { low: 0, chances: vec![1.0], from: vec![1.0], mean: 0.0 };
        };
        let mode = mean.floor() as u64;
        let top = poisson.pmf(mode);
        let mut below = Vec::new();
        let (mut count, mut chance) = (mode, top);
        while count > 0 {
            chance *= count as f64 / mean;
            if chance < RARE {
                break;
            }
            count -= 1;
            below.push(chance);
        }
        below.reverse();
        let low = mode - below.len() as u64;
        let mut chances = below;
        let (mut count, mut chance) = (mode, top);
        while chance >= RARE || count == mode {
            chances.push(chance);
            count += 1;
            chance *= mean / count as f64;
        }
        let mut from = chances.clone();
        for place in (1..from.len()).rev() {
            from[place - 1] += from[place];
        }
        Self { low, chances, from, mean }
    }

    /// The chance of exactly this count.
    pub(super) fn at(&self, count: u64) -> f64 {
        let place = count.checked_sub(self.low).and_then(|place| usize::try_from(place).ok());
        place.and_then(|place| self.chances.get(place)).copied().unwrap_or(0.0)
    }

    /// The chance of at least this count.
    pub(super) fn at_least(&self, count: u64) -> f64 {
        match count.checked_sub(self.low) {
            None => 1.0,
            Some(place) => {
                usize::try_from(place).ok().and_then(|place| self.from.get(place)).copied().unwrap_or(0.0)
            }
        }
    }

    /// Counts with their chances, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, f64)> + '_ {
        (self.low..).zip(self.chances.iter().copied())
    }

    /// The smallest and the largest count.
    pub(super) fn ends(&self) -> (u64, u64) {
        (self.low, self.low + self.chances.len() as u64 - 1)
    }
}

/// Nodes and weights of Gauss-Hermite quadrature for a standard normal distribution; each also stands for its negative.
const NODES: [(f64, f64); 4] = [
    (0.539_079_811_351_375, 0.373_012_257_679_077),
    (1.636_519_042_435_108, 0.117_239_907_661_759),
    (2.802_485_861_287_542, 0.009_635_220_120_788),
    (4.144_547_186_125_894, 0.000_112_614_538_375),
];
/// Up to this mean, all counts are used.
const ALL: f64 = 24.0;

/// A few values, with chances, that represent all counts of a given mean where only their spread matters. If the mean
/// is small, these are all counts.
pub(super) fn few(mean: f64) -> Vec<(f64, f64)> {
    if mean <= ALL {
        return Counts::of(mean).iter().map(|(count, chance)| (count as f64, chance)).collect();
    }
    let spread = mean.sqrt();
    // With the skewness of a Poisson distribution (Cornish and Fisher).
    let value = |node: f64| (mean + spread * node + (node * node - 1.0) / 6.0).max(1.0);
    NODES.iter().flat_map(|(node, chance)| [(value(-node), *chance), (value(*node), *chance)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_add_up_whatever_the_mean() {
        for mean in [0.0, 1e-6, 0.3, 7.0, 450.0, 90_000.0] {
            let counts = Counts::of(mean);
            let all: f64 = counts.iter().map(|(_, chance)| chance).sum();
            let average: f64 = counts.iter().map(|(count, chance)| count as f64 * chance).sum();
            assert!((all - 1.0).abs() < 1e-9, "{mean}: {all}");
            assert!((average - mean).abs() < 1e-9 * (1.0 + mean), "{mean}: {average}");
            assert!((counts.at_least(0) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_few_values_keep_mean_and_spread() {
        for mean in [3.0, 24.0, 25.0, 4000.0] {
            let of = |power: i32| -> f64 {
                few(mean).iter().map(|(count, chance)| (count - mean).powi(power) * chance).sum()
            };
            assert!(of(1).abs() < 1e-6 * mean, "{mean}: {}", of(1));
            assert!((of(2) / mean - 1.0).abs() < 0.01, "{mean}: {}", of(2));
        }
    }
}
