//! The chance that an average of latencies is below a bound.
//!
//! The average is below the bound if the sum of all differences to the bound is below zero. The requests of each
//! latency are independent Poisson counts. So the cumulants of the sum are known, and a saddle point approximation
//! (Lugannani and Rice) gives its distribution, to within a few hundredths of the smaller side.

use statrs::distribution::{Continuous as _, ContinuousCDF as _, Normal};

/// With fewer requests on average, a single request decides, and there may be none.
const FEW: f64 = 20.0;

/// The chance, for latencies and the average number of requests of each. With few requests the result is undecided.
pub(super) fn below(cells: impl Iterator<Item = (f64, f64)>, bound: f64) -> f64 {
    const OPEN: f64 = 0.5;
    // The difference of each request to the bound, in units of the bound.
    let cells: Vec<(f64, f64)> = cells
        .filter(|(_, requests)| *requests > 0.0)
        .map(|(millis, requests)| (millis / bound - 1.0, requests))
        .collect();
    if cells.iter().all(|(beyond, _)| *beyond < 0.0) {
        return 1.0;
    }
    if cells.iter().all(|(beyond, _)| *beyond >= 0.0) {
        return 0.0;
    }
    if cells.iter().map(|(_, requests)| requests).sum::<f64>() < FEW {
        return OPEN;
    }
    let cumulants = Cumulants(cells);
    let saddle = cumulants.saddle();
    let width = saddle * cumulants.second(saddle).sqrt();
    let root = (-2.0 * cumulants.of(saddle)).max(0.0).sqrt().copysign(saddle);
    if root.abs() < 1e-3 {
        return OPEN;
    }
    let normal = Normal::standard();
    (normal.cdf(root) + normal.pdf(root) * (1.0 / root - 1.0 / width)).clamp(0.0, 1.0)
}

/// The cumulant generating function of a weighted sum of Poisson counts: weights, and means of the counts.
struct Cumulants(Vec<(f64, f64)>);

impl Cumulants {
    fn of(&self, at: f64) -> f64 {
        self.0.iter().map(|(weight, mean)| mean * (weight * at).exp_m1()).sum()
    }

    fn first(&self, at: f64) -> f64 {
        self.0.iter().map(|(weight, mean)| mean * weight * (weight * at).exp()).sum()
    }

    fn second(&self, at: f64) -> f64 {
        self.0.iter().map(|(weight, mean)| mean * weight * weight * (weight * at).exp()).sum()
    }

    /// The zero of the first derivative, which is increasing.
    fn saddle(&self) -> f64 {
        let (mut low, mut high) = (-1.0, 1.0);
        while self.first(low) > 0.0 && low > -1e9 {
            low *= 2.0;
        }
        while self.first(high) < 0.0 && high < 1e9 {
            high *= 2.0;
        }
        for _ in 0..100 {
            let middle = f64::midpoint(low, high);
            if self.first(middle) < 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_on_one_side_of_the_bound_are_certain() {
        assert_eq!(below([(10.0, 1.0), (20.0, 3.0)].into_iter(), 21.0), 1.0);
        assert_eq!(below([(10.0, 1.0), (20.0, 3.0)].into_iter(), 9.0), 0.0);
        assert_eq!(below([(10.0, 1.0), (20.0, 3.0)].into_iter(), 15.0), 0.5);
    }

    #[test]
    fn it_is_the_chance_that_one_count_is_below_another() {
        // The average is below 20 if there are fewer requests of 30 than of 10: a Skellam distribution.
        let chance = below([(10.0, 300.0), (30.0, 240.0)].into_iter(), 20.0);
        let skellam = Normal::standard().cdf((300.0 - 240.0 - 0.5) / 540_f64.sqrt());
        assert!((chance - skellam).abs() < 3e-3, "{chance} {skellam}");
        let other = below([(10.0, 240.0), (30.0, 300.0)].into_iter(), 20.0);
        assert!((chance + other - 1.0).abs() < 1e-6, "{chance} {other}");
    }
}
