//! When Prometheus reads the counters. Times are seconds since the story began.

use super::chance::{Chance, Part};

#[derive(Clone, Debug)]
pub(crate) struct Scrapes {
    interval: f64,
    /// When the first one is.
    phase: f64,
    seed: u64,
    /// The chance that one is missed, while scrapes are missed.
    missed: f64,
    from: f64,
    to: f64,
}

impl Scrapes {
    pub(super) fn draw(seed: u64, interval: f64, missed: Option<(f64, f64, f64)>) -> Self {
        let mut chance = Chance::of(seed, Part::Scrapes);
        let phase = chance.place() * interval;
        let (missed, from, to) = missed.unwrap_or((0.0, 0.0, 0.0));
        Self { interval, phase, seed: chance.number(), missed, from, to }
    }

    /// None is missed, and the first is made then.
    pub(crate) fn regular(interval: f64, phase: f64) -> Self {
        Self { interval, phase, seed: 0, missed: 0.0, from: 0.0, to: 0.0 }
    }

    /// The scrapes in a span whose beginning does not belong to it, as a range of Prometheus is.
    pub(crate) fn within(&self, from: f64, to: f64) -> impl DoubleEndedIterator<Item = f64> + Clone {
        let number = |at: f64| ((at - self.phase) / self.interval).floor() as i64 + 1;
        let numbers = number(from).max(0)..number(to).max(0);
        numbers.filter(|number| !self.is_missed(*number)).map(|number| self.time(number))
    }

    fn time(&self, number: i64) -> f64 {
        // To the millisecond, as Prometheus keeps it.
        ((self.phase + number as f64 * self.interval) * 1000.0).floor() / 1000.0
    }

    /// Asked more than once, it always says the same.
    fn is_missed(&self, number: i64) -> bool {
        if self.missed <= 0.0 || !(self.from..self.to).contains(&self.time(number)) {
            return false;
        }
        let mixed = mix(self.seed ^ number.unsigned_abs());
        (mixed >> 11) as f64 / ((1_u64 << 53) as f64) < self.missed
    }
}

/// A number whose every bit depends on every bit of the given one (the finaliser of SplitMix64).
fn mix(mut number: u64) -> u64 {
    number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_holds_the_scrapes_behind_its_beginning() {
        let scrapes = Scrapes { interval: 15.0, phase: 3.0, seed: 0, missed: 0.0, from: 0.0, to: 0.0 };
        let times = |from, to| scrapes.within(from, to).collect::<Vec<_>>();
        assert_eq!(times(0.0, 40.0), [3.0, 18.0, 33.0]);
        assert_eq!(times(3.0, 33.0), [18.0, 33.0]);
        assert_eq!(times(-60.0, 2.0), [0.0; 0]);
    }

    #[test]
    fn a_missed_scrape_stays_missed() {
        let scrapes = Scrapes::draw(5, 1.0, Some((0.5, 100.0, 900.0)));
        let seen: Vec<f64> = scrapes.within(0.0, 1000.0).collect();
        assert_eq!(seen, scrapes.within(0.0, 1000.0).collect::<Vec<_>>());
        assert!((500..700).contains(&seen.len()), "{}", seen.len());
        assert_eq!(seen.iter().filter(|at| **at < 99.0).count(), scrapes.within(0.0, 99.0).count());
    }
}
