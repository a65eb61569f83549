//! One series, as a scraper stores it.

use super::{edges::Edges, scrapes::Scrapes, window::Window};

/// What a series said when it was scraped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it was scraped.
    pub at_ms: i64,
    /// What it said.
    pub value: f64,
}

/// What a scrape finds of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scraped {
    /// The series, with its value.
    Value(f64),
    /// The target without the series, or no target: a series that was there is marked as stale.
    Absent,
    /// Nothing, because nobody looked: Prometheus itself was down. Nothing is stored.
    Missed,
}

/// The samples of a series in order of time, and the times at which it was found to be gone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    samples: Vec<Sample>,
    stale_ms: Vec<i64>,
}

/// How far an instant selector looks back: five minutes, Prometheus's default.
pub const LOOKBACK_MS: i64 = 5 * 60 * 1000;

impl Series {
    /// What the scrapes later than `after_ms`, up to `until_ms`, find.
    pub fn scraped(
        scrapes: Scrapes,
        after_ms: i64,
        until_ms: i64,
        mut find: impl FnMut(i64) -> Scraped,
    ) -> Self {
        let mut series = Self::default();
        for at_ms in scrapes.times(after_ms, until_ms) {
            series.store(at_ms, find(at_ms));
        }
        series
    }

    /// Stores what was scraped. What is not later than all before it is dropped, as Prometheus does.
    pub fn store(&mut self, at_ms: i64, scraped: Scraped) {
        let (last, gone) = (self.samples.last().map(|last| last.at_ms), self.stale_ms.last().copied());
        if last.max(gone).is_some_and(|stored| stored >= at_ms) {
            return;
        }
        match scraped {
            Scraped::Value(value) => self.samples.push(Sample { at_ms, value }),
            // Marked once, and only if it was there.
            Scraped::Absent if last > gone => self.stale_ms.push(at_ms),
            Scraped::Absent | Scraped::Missed => {}
        }
    }

    /// Its samples.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// When it was marked as stale.
    #[must_use]
    pub fn stale_ms(&self) -> &[i64] {
        &self.stale_ms
    }

    /// The instant selector: the last sample of the five minutes before a time, unless the series was gone since.
    #[must_use]
    pub fn at(&self, at_ms: i64) -> Option<f64> {
        let last = self.samples[..self.until(at_ms)].last()?;
        let gone = self.stale_ms.partition_point(|gone| *gone <= at_ms);
        let gone = self.stale_ms[..gone].last().is_some_and(|gone| *gone > last.at_ms);
        (!gone && last.at_ms > at_ms.saturating_sub(LOOKBACK_MS)).then_some(last.value)
    }

    /// The range selector: what a rate needs of the samples in a window; `None` if there are none.
    ///
    /// That the series was gone in between does not matter to it.
    #[must_use]
    pub fn edges(&self, window: Window) -> Option<Edges> {
        let [first, rest @ ..] = &self.samples[self.until(window.start_ms())..self.until(window.end_ms())]
        else {
            return None;
        };
        let mut edges = Edges::begin(*first);
        rest.iter().for_each(|sample| edges.add(*sample));
        Some(edges)
    }

    /// How many samples there are up to a time.
    fn until(&self, at_ms: i64) -> usize {
        self.samples.partition_point(|sample| sample.at_ms <= at_ms)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::rate::increase, *};

    /// Scraped every 10 s from 0 on; `None` is absent.
    fn series(values: &[Option<f64>]) -> Series {
        let scrapes = Scrapes::new(Duration::from_secs(10), 0);
        let mut values = values.iter();
        Series::scraped(scrapes, -1, 10_000 * (values.len() as i64 - 1), |_| match values.next() {
            Some(Some(value)) => Scraped::Value(*value),
            Some(None) => Scraped::Absent,
            None => Scraped::Missed,
        })
    }

    #[test]
    fn a_series_that_is_gone_says_nothing() {
        let series = series(&[None, Some(1.0), None, None, Some(2.0)]);
        assert_eq!(series.stale_ms(), [20_000]);
        let at = [0, 9_999, 10_000, 19_999, 20_000, 39_999, 40_000].map(|at| series.at(at));
        assert_eq!(at, [None, None, Some(1.0), Some(1.0), None, None, Some(2.0)]);
    }

    #[test]
    fn five_minutes_later_a_sample_is_forgotten() {
        let series = series(&[Some(7.0)]);
        assert_eq!([299_999, 300_000].map(|at| series.at(at)), [Some(7.0), None]);
    }

    #[test]
    fn a_window_does_not_hold_its_start() {
        let series = series(&[Some(0.0), Some(10.0), Some(20.0), Some(30.0)]);
        let samples = |at_ms, secs| {
            let edges = series.edges(Window::new(at_ms, Duration::from_secs(secs)));
            edges.map_or(0, |edges| edges.span().samples)
        };
        assert_eq!([samples(30_000, 30), samples(30_000, 31), samples(29_999, 30)], [3, 4, 3]);
        assert_eq!([samples(0, 30), samples(-1, 30), samples(90_000, 30)], [1, 0, 0]);
    }

    #[test]
    fn what_was_counted_before_the_first_sample_is_not_seen() {
        let series = series(&[None, None, Some(5.0), Some(5.0)]);
        let window = Window::new(30_000, Duration::from_secs(60));
        assert_eq!(increase(&series.edges(window).unwrap(), window), Some(0.0));
    }

    #[test]
    fn what_comes_too_late_is_dropped() {
        let mut series = series(&[Some(1.0), None]);
        series.store(10_000, Scraped::Value(3.0));
        series.store(5_000, Scraped::Value(3.0));
        assert_eq!(series.samples(), [Sample { at_ms: 0, value: 1.0 }]);
    }
}
