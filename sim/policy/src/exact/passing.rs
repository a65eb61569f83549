//! The number of successes with which a check passes: an interval, found with the arithmetic of Prometheus.

use serin_simulator::{scenario::Measure, world::share_of};

use super::{
    check::{Rated, Verdict},
    counts::Counts,
    errors::Errors,
    window::{LARGE, Window},
};

/// The numbers of successes for which the check has the result `inside`; it fails with all other numbers, except with
/// none.
pub(super) struct Passing {
    pub(super) zero: Verdict,
    pub(super) inside: Verdict,
    /// The first number, and the share of it that passes; the same for the last.
    pub(super) low: (u64, f64),
    pub(super) high: (u64, f64),
}

/// Values this close to a bound meet it exactly, except for the last bits.
const LAST_BITS: f64 = 1e-10;

impl Window<'_> {
    /// The numbers of successes that pass with this rate of errors.
    pub(super) fn passing(
        &self,
        (from, first): (usize, f64),
        free: bool,
        errors: Errors,
        rate: Option<f64>,
    ) -> Passing {
        let mut passing = Passing {
            zero: self.check.verdict([self.rate(from, first, 0), rate]),
            inside: Verdict::Passed,
            low: (1, 1.0),
            high: (u64::MAX, 1.0),
        };
        for (place, rated) in self.check.rates.iter().enumerate() {
            let share = |more: u64| share_of(rated.measure, [self.rate(from, first, more), rate]);
            if share(1).is_none() {
                passing.inside = passing.inside.max(rated.verdict(None));
                continue;
            }
            let ends = Ends::of(rated);
            let guess = |bound: f64| self.successes((from, first), rate.unwrap_or(0.0), rated.measure, bound);
            let exactly = |more: u64| match errors {
                Errors::Free(failing) if free => self.ties.passes(place, rated, more, failing),
                Errors::None | Errors::Free(_) | Errors::Bent(_) => {
                    f64::from(u8::from(share(more).is_some_and(|share| rated.bounds.hold(share))))
                }
            };
            let meets = |more: u64, bound: f64| share(more).is_some_and(|share| is_met(share, bound));
            if let Some(bound) = ends.reached {
                let reached = |more| share(more).is_some_and(|share| is_up_to(rated.measure, bound, share));
                let low = first_of(guess(bound), reached);
                let tie = [low.saturating_sub(1).max(1), low].into_iter().find(|more| meets(*more, bound));
                passing.raise(tie.map_or((low, 1.0), |more| (more, exactly(more))));
            }
            if let Some(bound) = ends.kept {
                let above = |more| share(more).is_some_and(|share| !is_down_to(rated.measure, bound, share));
                let high = first_of(guess(bound), above).saturating_sub(1);
                let tie = [high, high.saturating_add(1)].into_iter().find(|more| meets(*more, bound));
                passing.lower(tie.map_or((high, 1.0), |more| (more, exactly(more))));
            }
        }
        if passing.inside == Verdict::Failed {
            passing.low.0 = u64::MAX;
        }
        passing
    }

    /// An estimate of the number of successes at which a share reaches a bound.
    fn successes(&self, (from, first): (usize, f64), errors: f64, measure: Measure, bound: f64) -> f64 {
        let failing = if measure.is_of_errors() { bound / 100.0 } else { 1.0 - bound / 100.0 };
        let wanted = if errors > 0.0 { errors * (1.0 - failing) / failing.max(0.0) } else { 0.0 };
        // A rate is the smaller of two: one proportional to the increase, and one that the first value reduces.
        const ONE: u64 = 1_000_000;
        let each = self.rate(from, LARGE, ONE).unwrap_or(0.0) / ONE as f64;
        let sampled = self.times[self.times.len() - 1] - self.times[from];
        let bent = (sampled + self.to_end(from, sampled)) / sampled / self.range;
        (wanted / each).max((wanted - first / self.range) / bent)
    }

    fn to_end(&self, from: usize, sampled: f64) -> f64 {
        let average = sampled / (self.times.len() - 1 - from) as f64;
        let to_end = self.at - self.times[self.times.len() - 1];
        if to_end >= average * 1.1 { average / 2.0 } else { to_end }
    }
}

fn is_met(share: f64, bound: f64) -> bool {
    (share - bound).abs() <= LAST_BITS * bound.abs()
}

/// The smallest number from 1 on for which it holds, if it holds for all larger numbers; the search begins at a guess.
fn first_of(guess: f64, holds: impl Fn(u64) -> bool) -> u64 {
    const MOST: f64 = 1e12;
    if guess.is_nan() || guess > MOST {
        return u64::MAX;
    }
    let mut number = guess.ceil().max(1.0) as u64;
    if holds(number) {
        while number > 1 && holds(number - 1) {
            number -= 1;
        }
        return number;
    }
    let far = number + 64;
    while number < far && !holds(number) {
        number += 1;
    }
    if number == far { u64::MAX } else { number }
}

/// The bound that more successes reach, and the one that fewer successes meet.
pub(super) struct Ends {
    pub(super) reached: Option<f64>,
    pub(super) kept: Option<f64>,
}

impl Ends {
    pub(super) fn of(rated: &Rated) -> Self {
        let (min, max) = (rated.bounds.min, rated.bounds.max);
        if rated.measure.is_of_errors() {
            Self { reached: max, kept: min }
        } else {
            Self { reached: min, kept: max }
        }
    }
}

/// Whether a share has reached a bound that more successes lead to.
fn is_up_to(measure: Measure, bound: f64, share: f64) -> bool {
    if measure.is_of_errors() { share <= bound } else { share >= bound }
}

/// Whether a share has not passed a bound that more successes lead to.
fn is_down_to(measure: Measure, bound: f64, share: f64) -> bool {
    if measure.is_of_errors() { share >= bound } else { share <= bound }
}

impl Passing {
    fn raise(&mut self, low: (u64, f64)) {
        if low.0 > self.low.0 {
            self.low = low;
        } else if low.0 == self.low.0 {
            self.low.1 = self.low.1.min(low.1);
        }
    }

    fn lower(&mut self, high: (u64, f64)) {
        if high.0 < self.high.0 {
            self.high = high;
        } else if high.0 == self.high.0 {
            self.high.1 = self.high.1.min(high.1);
        }
    }

    /// The chance of exactly this number, and that it passes.
    pub(super) fn at(&self, counts: &Counts, count: u64) -> f64 {
        if count == 0 || count < self.low.0 || count > self.high.0 {
            return 0.0;
        }
        let low = if count == self.low.0 { self.low.1 } else { 1.0 };
        let high = if count == self.high.0 { self.high.1 } else { 1.0 };
        counts.at(count) * low.min(high)
    }

    /// The chance of at least this number, at least one, and that it passes.
    pub(super) fn from(&self, counts: &Counts, least: u64) -> f64 {
        let least = least.max(self.low.0);
        if least > self.high.0 {
            return 0.0;
        }
        let above = self.high.0.saturating_add(1);
        let all = counts.at_least(least) - if above < u64::MAX { counts.at_least(above) } else { 0.0 };
        let missing = |count: u64| counts.at(count) - self.at(counts, count);
        let low = if least == self.low.0 { missing(least) } else { 0.0 };
        let high = if self.high.0 > least && self.high.0 < u64::MAX { missing(self.high.0) } else { 0.0 };
        let only = if least == self.high.0 && least != self.low.0 { missing(least) } else { 0.0 };
        (all - low - high - only).max(0.0)
    }
}
