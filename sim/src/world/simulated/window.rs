//! What a range of samples answers: rates of the requests that succeed and fail, and quantiles of their latency.
//!
//! A proxy has a series for each response code, which is there from its first request on: the requests of the scrape in
//! which it appears are not seen as an increase. Only the first and the last sample of a window matter to a rate.

use super::{
    buckets::Buckets,
    chance::Chance,
    counters::Counters,
    load::{Load, Surroundings},
    scrapes::Scrapes,
};
use crate::{
    prometheus::{self, Edges},
    scenario::Measure,
};

/// Everything a query needs.
pub(super) struct Query<'a> {
    pub(super) load: &'a Load,
    pub(super) around: Surroundings<'a>,
    pub(super) scrapes: &'a Scrapes,
    pub(super) buckets: &'a Buckets,
    pub(super) chance: &'a mut Chance,
}

/// The samples of one response code in a window.
#[derive(Clone, Copy)]
struct Samples {
    first: f64,
    last: f64,
    count: u32,
}

/// Requests that succeed, and requests that fail.
const CODES: [usize; 2] = [0, 1];

impl Query<'_> {
    /// The answer over a range of so many seconds that ends then; `None`: no values.
    pub(super) fn answer(
        &mut self,
        measure: Measure,
        at: f64,
        range: f64,
        counters: &mut Counters,
    ) -> Option<f64> {
        let samples = CODES.map(|code| self.samples(code, at, range, counters));
        match measure.quantile() {
            None => self.rate(measure, samples, (at, range), counters),
            Some(quantile) => self.latency(quantile, samples, (at, range), counters),
        }
    }

    /// Which samples a response code has: those from its first request on.
    fn samples(&mut self, code: usize, at: f64, range: f64, counters: &mut Counters) -> Option<Samples> {
        let begin = counters.begin()?;
        let times = self.scrapes.within((at - range).max(begin), at);
        let last = times.clone().next_back()?;
        // From the first to the last: a time behind all others is cheaper to draw than one between.
        let mut left = times.clone().count() as u32;
        for first in times {
            if self.total(code, first, counters).is_some_and(|total| total > 0) {
                return Some(Samples { first, last, count: left });
            }
            left -= 1;
        }
        None
    }

    fn total(&mut self, code: usize, at: f64, counters: &mut Counters) -> Option<u64> {
        let place = counters.look(at, self.load, &self.around, self.chance)?;
        Some(of_code(counters.counts(place), code).iter().sum())
    }

    fn rate(
        &mut self,
        measure: Measure,
        samples: [Option<Samples>; 2],
        window: (f64, f64),
        counters: &mut Counters,
    ) -> Option<f64> {
        let rates = CODES.map(|code| {
            let samples = samples[code]?;
            let (first, last) =
                (self.total(code, samples.first, counters)?, self.total(code, samples.last, counters)?);
            rate(samples, first, last, window)
        });
        share_of(measure, rates)
    }

    fn latency(
        &mut self,
        quantile: f64,
        samples: [Option<Samples>; 2],
        window: (f64, f64),
        counters: &mut Counters,
    ) -> Option<f64> {
        let mut rates: Option<Vec<f64>> = None;
        for (code, samples) in samples.into_iter().enumerate() {
            let Some(samples) = samples else { continue };
            let first = counters.look(samples.first, self.load, &self.around, self.chance)?;
            let last = counters.look(samples.last, self.load, &self.around, self.chance)?;
            let (mut from, mut to) = (0, 0);
            for bucket in 0..self.buckets.count() {
                from += of_code(counters.counts(first), code)[bucket];
                to += of_code(counters.counts(last), code)[bucket];
                let Some(rate) = rate(samples, from, to, window) else { continue };
                rates.get_or_insert_with(|| vec![0.0; self.buckets.count()])[bucket] += rate;
            }
        }
        let rates = rates?;
        let value = prometheus::histogram_quantile(quantile, self.buckets.ends(), &rates);
        Some(value).filter(|value| !value.is_nan())
    }
}

/// The share of requests in percent that a measure is about, from the rates of those that succeed and that fail.
pub(crate) fn share_of(measure: Measure, rates: [Option<f64>; 2]) -> Option<f64> {
    let wanted = if measure == Measure::ErrorRate { rates[1] } else { rates[0] };
    let all = rates.into_iter().flatten().reduce(|sum, rate| sum + rate)?;
    // As PromQL: a side without values leaves none, and 0/0 is NaN, which is no value either.
    Some(100.0 * (wanted? / all)).filter(|value| !value.is_nan())
}

fn of_code(counts: &[u64], code: usize) -> &[u64] {
    let half = counts.len() / 2;
    &counts[code * half..(code + 1) * half]
}

fn rate(samples: Samples, first: u64, last: u64, window: (f64, f64)) -> Option<f64> {
    rate_of((samples.first, first as f64), (samples.last, last as f64), samples.count, window)
}

/// The rate of a counter that was not reset, by the times and values of its first and last sample in a window; the window
/// is its end and its length.
pub(crate) fn rate_of(
    first: (f64, f64),
    last: (f64, f64),
    samples: u32,
    (at, range): (f64, f64),
) -> Option<f64> {
    prometheus::rate(&Edges { first, last, samples, reset: 0.0 }, range, at)
}
