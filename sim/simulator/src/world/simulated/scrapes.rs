//! When Prometheus reads the counters, and which scrapes it misses.

use std::time::Duration;

use super::chance::{Chance, Stream};
use crate::{
    prometheus::{self, Span, Window},
    scenario,
};

#[derive(Clone, Debug)]
pub(super) struct Scrapes {
    times: prometheus::Scrapes,
    seed: u64,
    /// The chance that a scrape is missed, during the fault.
    missed: f64,
    /// From then, in seconds, on.
    from: f64,
    /// Until then, in seconds.
    to: f64,
}

impl Scrapes {
    pub(super) fn draw(seed: u64, interval: Duration, missed: Option<(f64, f64, f64)>) -> Self {
        let mut chance = Chance::of(seed, Stream::Scrapes);
        let phase = chance.place() * interval.as_secs_f64() * 1000.0;
        let (missed, from, to) = missed.unwrap_or((0.0, 0.0, 0.0));
        let times = prometheus::Scrapes::new(interval, phase as i64);
        Self { times, seed: chance.number(), missed, from, to }
    }

    /// The scrapes in a window of counters that began at this time, in milliseconds; the first is the next one after
    /// it.
    pub(super) fn within(&self, window: Window, begin_ms: i64) -> impl Iterator<Item = i64> {
        let after = window.start_ms().max(begin_ms);
        self.times.times(after, window.end_ms()).filter(|at| !self.is_missed(*at))
    }

    /// The samples from the scrape at `first_ms` to the last one in a window.
    pub(super) fn span(&self, window: Window, first_ms: i64) -> Option<Span> {
        let whole = self.times.span(window, first_ms, i64::MAX, &[])?;
        if self.missed <= 0.0 {
            return Some(whole);
        }
        let mut seen = self.times.times(first_ms - 1, window.end_ms()).filter(|at| !self.is_missed(*at));
        let first_ms = seen.next()?;
        let (samples, last_ms) = seen.fold((1, first_ms), |(samples, _), at| (samples + 1, at));
        Some(Span { first_ms, last_ms, samples })
    }

    /// Repeated calls return the same.
    fn is_missed(&self, at_ms: i64) -> bool {
        if self.missed <= 0.0 || !(self.from..self.to).contains(&(at_ms as f64 / 1000.0)) {
            return false;
        }
        let mixed = scenario::mix(self.seed ^ at_ms.unsigned_abs());
        (mixed >> 11) as f64 / ((1_u64 << 53) as f64) < self.missed
    }
}

/// The scrapes if none is missed, after `from` and up to `to`; all in seconds.
pub fn regular(interval: f64, phase: f64, from: f64, to: f64) -> Vec<f64> {
    let millis = |seconds: f64| (seconds * 1000.0).round() as i64;
    let interval = Duration::from_secs_f64(interval);
    let times = prometheus::Scrapes::new(interval, (phase * 1000.0) as i64).times(millis(from), millis(to));
    times.map(|at| at as f64 / 1000.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn counters_are_read_after_their_beginning() {
        let scrapes = Scrapes {
            times: prometheus::Scrapes::new(15 * SECOND, 3_000),
            seed: 0,
            missed: 0.0,
            from: 0.0,
            to: 0.0,
        };
        let window = Window::new(60_000, 60 * SECOND);
        let times = |begin| scrapes.within(window, begin).collect::<Vec<_>>();
        assert_eq!(times(-1_000), [3_000, 18_000, 33_000, 48_000]);
        assert_eq!(times(18_000), [33_000, 48_000]);
        let span = scrapes.span(window, 18_000).unwrap();
        assert_eq!((span.first_ms, span.last_ms, span.samples), (18_000, 48_000, 3));
    }

    #[test]
    fn a_missed_scrape_stays_missed() {
        let scrapes = Scrapes::draw(5, SECOND, Some((0.5, 100.0, 900.0)));
        let window = Window::new(1_000_000, 1_000 * SECOND);
        let seen: Vec<i64> = scrapes.within(window, 0).collect();
        assert_eq!(seen, scrapes.within(window, 0).collect::<Vec<_>>());
        assert!((500..700).contains(&seen.len()), "{}", seen.len());
        let span = scrapes.span(window, seen[0]).unwrap();
        assert_eq!((span.samples as usize, span.last_ms), (seen.len(), seen[seen.len() - 1]));
    }
}
