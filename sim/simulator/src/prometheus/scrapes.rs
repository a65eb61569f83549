//! When samples are taken.

use std::time::Duration;

use super::window::{Span, Window};

/// The scrapes of a target: every interval, at a phase of its own, to the millisecond.
///
/// Prometheus stores the time at which a scrape was due if it began at most 2 ms from it (`scrape.timestamp-tolerance`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scrapes {
    interval_ms: i64,
    phase_ms: i64,
}

/// A time in which nothing was scraped: from `from_ms` on, before `to_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When it begins.
    pub from_ms: i64,
    /// When it is over.
    pub to_ms: i64,
}

impl Scrapes {
    /// A scrape every interval, which is at least a millisecond, one of them at `phase_ms`.
    #[must_use]
    pub fn new(interval: Duration, phase_ms: i64) -> Self {
        let interval_ms = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
        Self { interval_ms, phase_ms: phase_ms.rem_euclid(interval_ms) }
    }

    /// The first scrape later than a time.
    #[inline]
    #[must_use]
    pub fn after(self, at_ms: i64) -> i64 {
        self.until(at_ms) + self.interval_ms
    }

    /// The last scrape at a time or before it.
    #[inline]
    #[must_use]
    pub fn until(self, at_ms: i64) -> i64 {
        at_ms - (at_ms - self.phase_ms).rem_euclid(self.interval_ms)
    }

    /// The scrapes later than `after_ms`, up to `until_ms`.
    pub fn times(self, after_ms: i64, until_ms: i64) -> impl DoubleEndedIterator<Item = i64> {
        let first = self.after(after_ms);
        let count = self.count(first, until_ms);
        (0..i64::from(count)).map(move |number| first + number * self.interval_ms)
    }

    /// The samples in a window of a series that is there from `from_ms` on, before `to_ms`; `None` if there are none.
    ///
    /// The outages are in order of time and do not overlap.
    #[must_use]
    pub fn span(self, window: Window, from_ms: i64, to_ms: i64, outages: &[Outage]) -> Option<Span> {
        let mut span: Option<Span> = None;
        let mut after = window.start_ms().max(from_ms.saturating_sub(1));
        let end = window.end_ms().min(to_ms.saturating_sub(1));
        for outage in outages {
            span = join(span, self.unbroken(after, end.min(outage.from_ms - 1)));
            after = after.max(outage.to_ms - 1);
        }
        join(span, self.unbroken(after, end))
    }

    #[inline]
    fn unbroken(self, after_ms: i64, until_ms: i64) -> Option<Span> {
        let first_ms = self.after(after_ms);
        let samples = self.count(first_ms, until_ms);
        (samples > 0).then(|| Span { first_ms, last_ms: self.until(until_ms), samples })
    }

    /// How many scrapes there are from one of them up to a time.
    #[inline]
    fn count(self, first_ms: i64, until_ms: i64) -> u32 {
        if until_ms < first_ms {
            return 0;
        }
        u32::try_from((until_ms - first_ms) / self.interval_ms + 1).unwrap_or(u32::MAX)
    }
}

fn join(one: Option<Span>, next: Option<Span>) -> Option<Span> {
    match (one, next) {
        (Some(one), Some(next)) => {
            Some(Span { first_ms: one.first_ms, last_ms: next.last_ms, samples: one.samples + next.samples })
        }
        (one, next) => one.or(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRAPES: Scrapes = Scrapes { interval_ms: 15_000, phase_ms: 3_000 };

    fn span(at_ms: i64, from_ms: i64, to_ms: i64, outages: &[(i64, i64)]) -> Option<(i64, i64, u32)> {
        let outages: Vec<Outage> =
            outages.iter().map(|&(from_ms, to_ms)| Outage { from_ms, to_ms }).collect();
        let window = Window::new(at_ms, Duration::from_secs(60));
        let span = SCRAPES.span(window, from_ms, to_ms, &outages)?;
        Some((span.first_ms, span.last_ms, span.samples))
    }

    #[test]
    fn a_scrape_is_every_interval() {
        assert_eq!(SCRAPES.times(3_000, 48_000).collect::<Vec<_>>(), [18_000, 33_000, 48_000]);
        assert_eq!(SCRAPES.times(-30_000, 0).collect::<Vec<_>>(), [-27_000, -12_000]);
        assert_eq!(Scrapes::new(Duration::from_secs(15), -12_000), SCRAPES);
    }

    #[test]
    fn a_window_has_the_scrapes_behind_its_start() {
        assert_eq!(span(63_000, 0, i64::MAX, &[]), Some((18_000, 63_000, 4)));
        assert_eq!(span(62_999, 0, i64::MAX, &[]), Some((3_000, 48_000, 4)));
    }

    #[test]
    fn a_series_has_samples_while_it_is_there() {
        assert_eq!(span(63_000, 33_000, 63_000, &[]), Some((33_000, 48_000, 2)));
        assert_eq!(span(63_000, 33_001, 48_000, &[]), None);
        assert_eq!(span(63_000, 70_000, i64::MAX, &[]), None);
    }

    #[test]
    fn nothing_is_scraped_in_an_outage() {
        assert_eq!(span(63_000, 0, i64::MAX, &[(33_000, 48_000)]), Some((18_000, 63_000, 3)));
        assert_eq!(span(63_000, 0, i64::MAX, &[(0, 18_001), (48_000, 90_000)]), Some((33_000, 33_000, 1)));
        assert_eq!(span(63_000, 0, i64::MAX, &[(0, 90_000)]), None);
    }
}
