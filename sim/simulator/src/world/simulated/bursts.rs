//! Errors in bursts and waves: the factor by which the share of requests that fail differs from its average.
//!
//! The factor at a time is `exp(σz − σ²/2)`, with `σ² = ln(1 + burstiness²)` and a stationary Gaussian process `z` whose
//! autocorrelation is `e^(−Δ/memory)`. So its average is 1 and its standard deviation is the burstiness. It is constant
//! within a step. All pods of a version have the same one.

use std::cell::RefCell;

use super::chance::{Chance, Stream};
use crate::scenario;

/// The bursts of a version, drawn step by step from the beginning of the story.
#[derive(Clone, Debug)]
pub(super) struct Bursts {
    /// The length of a step in seconds.
    pub(super) step: f64,
    sigma: f64,
    /// The correlation of a step with the one before it.
    kept: f64,
    /// The correlation with the bursts of other versions that have the same memory.
    correlation: f64,
    path: RefCell<Path>,
}

#[derive(Clone, Debug)]
struct Path {
    chance: Chance,
    /// The same for all versions.
    common: Chance,
    z: f64,
    factors: Vec<f64>,
}

/// The longest step, in seconds.
const LONGEST: f64 = 5.0;
/// Steps in the time of the memory.
const FINE: f64 = 12.0;
/// The maximum number of steps in a story.
const MOST: f64 = 1e6;

impl Bursts {
    /// The bursts of the version with this index, in a story of this many seconds, with this correlation to those of the
    /// other versions.
    pub(super) fn draw(
        written: scenario::Bursts,
        ranges: &mut Chance,
        (seed, version): (u64, usize),
        story: f64,
        correlation: f64,
    ) -> Self {
        let (burstiness, memory) = (ranges.draw(written.burstiness), ranges.draw(written.memory));
        let step = (memory / FINE).min(LONGEST).max(story / MOST);
        let (own, common) = (Stream::Bursts(version), Stream::CommonBursts);
        let mut path = Path {
            chance: Chance::of(seed, own),
            common: Chance::of(seed, common),
            z: 0.0,
            factors: Vec::new(),
        };
        path.z = path.news(correlation);
        Self {
            step,
            correlation,
            sigma: (burstiness * burstiness).ln_1p().sqrt(),
            kept: (-step / memory).exp(),
            path: RefCell::new(path),
        }
    }

    /// The factor at a time in seconds.
    pub(super) fn factor(&self, at: f64) -> f64 {
        let place = (at / self.step).max(0.0) as usize;
        let mut path = self.path.borrow_mut();
        while path.factors.len() <= place {
            let factor = (self.sigma * path.z - self.sigma * self.sigma / 2.0).exp();
            path.factors.push(factor);
            let news = path.news(self.correlation);
            path.z = self.kept * path.z + (1.0 - self.kept * self.kept).sqrt() * news;
        }
        path.factors[place]
    }

    /// The end of the step that a time is in.
    pub(super) fn end_of_step(&self, at: f64) -> f64 {
        let end = ((at / self.step).floor() + 1.0) * self.step;
        // Rounding may make it the time itself.
        if end > at { end } else { at + self.step }
    }
}

impl Path {
    /// A value of the standard normal distribution that has this correlation to that of other versions.
    fn news(&mut self, correlation: f64) -> f64 {
        let own = self.chance.normal();
        if correlation <= 0.0 {
            return own;
        }
        correlation.sqrt() * self.common.normal() + (1.0 - correlation).sqrt() * own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Range;

    fn bursts(seed: u64, burstiness: f64, memory: f64) -> Bursts {
        of_version(seed, 0, (burstiness, memory), 0.0)
    }

    fn of_version(seed: u64, version: usize, (burstiness, memory): (f64, f64), correlation: f64) -> Bursts {
        let written =
            scenario::Bursts { burstiness: Range::exactly(burstiness), memory: Range::exactly(memory) };
        let ranges = &mut Chance::of(seed, Stream::Ranges);
        Bursts::draw(written, ranges, (seed, version), 3600.0, correlation)
    }

    #[test]
    fn the_bursts_of_two_versions_are_as_alike_as_documented() {
        const RUNS: u64 = 20_000;
        for wanted in [0.0, 0.5, 1.0] {
            let (mut products, mut squares) = (0.0, 0.0);
            for seed in 0..RUNS {
                let [one, other] = [0, 1].map(|version| of_version(seed, version, (1.0, 60.0), wanted));
                // The logarithm without its average.
                let z = |bursts: &Bursts| bursts.factor(600.0).ln() + bursts.sigma * bursts.sigma / 2.0;
                products += z(&one) * z(&other);
                squares += z(&one) * z(&one);
            }
            assert!((products / squares - wanted).abs() < 0.03, "{wanted}: {}", products / squares);
        }
    }

    /// The average, the standard deviation, and the correlation of the logarithm over a time.
    fn moments(burstiness: f64, memory: f64, apart: f64) -> [f64; 3] {
        const RUNS: u64 = 40_000;
        let (mut sum, mut squares, mut products, mut logs, mut log_squares) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for seed in 0..RUNS {
            let bursts = bursts(seed, burstiness, memory);
            // Half a step from each edge, so that rounding does not matter.
            let first = 100.0 * bursts.step + bursts.step / 2.0;
            let (one, other) = (bursts.factor(first), bursts.factor(first + apart));
            sum += one;
            squares += one * one;
            logs += one.ln();
            log_squares += one.ln() * one.ln();
            products += one.ln() * other.ln();
        }
        let runs = RUNS as f64;
        let (mean, log) = (sum / runs, logs / runs);
        let deviation = (squares / runs - mean * mean).sqrt();
        let correlation = (products / runs - log * log) / (log_squares / runs - log * log);
        [mean, deviation, correlation]
    }

    #[test]
    fn the_factor_has_the_moments_that_are_documented() {
        for (burstiness, memory) in [(0.5, 60.0), (1.0, 60.0), (1.0, 12.0)] {
            let [mean, deviation, correlation] = moments(burstiness, memory, memory);
            assert!((mean - 1.0).abs() < 0.02, "{burstiness} {memory}: average {mean}");
            assert!((deviation / burstiness - 1.0).abs() < 0.08, "{burstiness} {memory}: {deviation}");
            assert!((correlation - (-1.0_f64).exp()).abs() < 0.02, "{burstiness} {memory}: {correlation}");
        }
    }

    #[test]
    fn the_factor_does_not_depend_on_the_order_of_reading() {
        let (one, other) = (bursts(1, 1.0, 60.0), bursts(1, 1.0, 60.0));
        let times = [0.0, 12.0, 61.0, 300.0];
        let forward = times.map(|at| one.factor(at));
        let mut backward = times;
        backward.reverse();
        let mut backward = backward.map(|at| other.factor(at));
        backward.reverse();
        assert_eq!(forward, backward);
        assert_ne!(forward[0], bursts(2, 1.0, 60.0).factor(0.0));
    }

    #[test]
    fn steps_follow_each_other() {
        let bursts = bursts(1, 1.0, 7.0);
        let mut at = 3.0;
        for _ in 0..1000 {
            let end = bursts.end_of_step(at);
            assert!(end > at && end - at <= bursts.step * 1.000_001);
            at = end;
        }
    }
}
