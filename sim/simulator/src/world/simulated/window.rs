//! The values of a range of samples: rates of successful and failed requests, and latencies.
//!
//! A pod, or a proxy, has a series for each response code, which begins with its first request: the requests before the
//! scrape in which it appears are not counted as an increase. So with more pods, fewer of the first errors are seen. Only
//! the first and the last sample of a window affect a rate.

use std::time::Duration;

use serin_core::provider::Unit;

use super::{
    buckets::Buckets,
    chance::Chance,
    counters::Counters,
    fine::Fine,
    load::{Load, Surroundings},
    scrapes::Scrapes,
};
use crate::{
    prometheus::{self, Bucket, Coverage, Edges, Span, Window},
    scenario::Measure,
};

/// The input of a query.
pub(super) struct Query<'a> {
    pub(super) load: &'a Load,
    pub(super) around: Surroundings<'a>,
    pub(super) scrapes: &'a Scrapes,
    /// The finest buckets that are drawn.
    pub(super) buckets: &'a Buckets,
    /// Their counts, if they are not those of the counters.
    pub(super) fine: Option<&'a mut Fine>,
    pub(super) chance: &'a mut Chance,
    pub(super) memory: &'a mut Memory,
}

/// The memory of a query, used again by the next one.
#[derive(Clone, Default)]
pub(super) struct Memory {
    /// The samples of each pod, by response code.
    spans: Vec<Spans>,
    buckets: Vec<Bucket>,
}

/// The samples of a pod, by response code.
type Spans = [Option<Span>; 2];

/// Successful and failed requests.
const CODES: [usize; 2] = [0, 1];

impl Query<'_> {
    /// The value over a window; `None`: no value.
    pub(super) fn answer(
        &mut self,
        measure: Measure,
        window: Window,
        counters: &mut Counters,
    ) -> Option<f64> {
        let mut spans = std::mem::take(&mut self.memory.spans);
        spans.clear();
        for pod in 0..counters.pods() {
            spans.push(CODES.map(|code| self.span((pod, code), window, counters)));
        }
        let answer = match measure.quantile() {
            None if measure == Measure::LatencyAverage => self.average(&spans, window, counters),
            None => self.rate(measure, &spans, window, counters),
            Some(quantile) => self.latency(quantile, &spans, window, counters),
        };
        self.memory.spans = spans;
        prometheus::found(answer)
    }

    /// The samples of a series: those since its first request.
    fn span(&mut self, series: (usize, usize), window: Window, counters: &mut Counters) -> Option<Span> {
        let begin = (counters.begin()? * 1000.0) as i64;
        // In order: a time after all others needs fewer random numbers than one in between.
        let first = self
            .scrapes
            .within(window, begin)
            .find(|at| self.total(series, *at, counters).is_some_and(|total| total > 0))?;
        self.scrapes.span(window, first)
    }

    fn total(&mut self, (pod, code): (usize, usize), at_ms: i64, counters: &mut Counters) -> Option<u64> {
        let place = self.look(at_ms, counters)?;
        Some(of_code(counters.counts(place, pod), code).iter().sum())
    }

    fn look(&mut self, at_ms: i64, counters: &mut Counters) -> Option<usize> {
        counters.look(at_ms as f64 / 1000.0, self.load, &self.around, self.chance)
    }

    fn rate(
        &mut self,
        measure: Measure,
        spans: &[Spans],
        window: Window,
        counters: &mut Counters,
    ) -> Option<f64> {
        let rates = CODES.map(|code| {
            let of_pods = spans.iter().enumerate().map(|(pod, spans)| {
                let span = spans[code]?;
                let coverage = Coverage::of(window, span)?;
                let first = self.total((pod, code), span.first_ms, counters)?;
                let last = self.total((pod, code), span.last_ms, counters)?;
                Some(coverage.rate(first as f64, (last - first) as f64))
            });
            prometheus::sum(of_pods)
        });
        share_of(measure, rates)
    }

    fn latency(
        &mut self,
        quantile: f64,
        spans: &[Spans],
        window: Window,
        counters: &mut Counters,
    ) -> Option<f64> {
        let mut buckets = std::mem::take(&mut self.memory.buckets);
        buckets.clear();
        for (pod, spans) in spans.iter().enumerate() {
            for (code, span) in spans.iter().enumerate() {
                let Some(span) = *span else { continue };
                let Some(coverage) = Coverage::of(window, span) else { continue };
                if buckets.is_empty() {
                    buckets.extend(self.buckets.ends().iter().map(|le| Bucket { le: *le, count: 0.0 }));
                }
                self.add_rates((pod, code), span, &coverage, counters, &mut buckets)?;
            }
        }
        let answer = prometheus::histogram_quantile(quantile, &mut buckets);
        self.memory.buckets = buckets;
        answer
    }

    /// Adds the rates of one series to those of all, by bucket.
    fn add_rates(
        &mut self,
        (pod, code): (usize, usize),
        span: Span,
        coverage: &Coverage,
        counters: &mut Counters,
        rates: &mut [Bucket],
    ) -> Option<()> {
        let (first, last) = (self.look(span.first_ms, counters)?, self.look(span.last_ms, counters)?);
        let places = match &mut self.fine {
            Some(fine) => {
                let mut look = |at_ms| fine.look(at_ms as f64 / 1000.0, counters, self.load, &self.around);
                let first = look(span.first_ms)?;
                (first, look(span.last_ms)?)
            }
            None => (first, last),
        };
        let counts = |place| match &self.fine {
            Some(fine) => of_code(fine.counts(place, pod), code),
            None => of_code(counters.counts(place, pod), code),
        };
        let counts = (self.buckets.by_bucket(counts(places.0)), self.buckets.by_bucket(counts(places.1)));
        let (mut from, mut to) = (0, 0);
        for ((rate, first), last) in rates.iter_mut().zip(&*counts.0).zip(&*counts.1) {
            from += first;
            to += last;
            rate.count += coverage.rate(from as f64, (to - from) as f64);
        }
        Some(())
    }

    /// The rate of the total latency divided by the rate of requests, each summed over the series, in milliseconds.
    fn average(&mut self, spans: &[Spans], window: Window, counters: &mut Counters) -> Option<f64> {
        let (mut seconds, mut count) = (None, None);
        for (pod, spans) in spans.iter().enumerate() {
            for (code, span) in spans.iter().enumerate() {
                let Some(span) = *span else { continue };
                let Some(coverage) = Coverage::of(window, span) else { continue };
                let (first, last) = (self.look(span.first_ms, counters)?, self.look(span.last_ms, counters)?);
                let of = |place| of_code(counters.counts(place, pod), code);
                let total = |place| self.buckets.millis(of(place)) / 1000.0;
                let number = |place| of(place).iter().sum::<u64>() as f64;
                let rate = |first: f64, last: f64| coverage.rate(first, last - first);
                seconds = prometheus::sum([seconds, Some(rate(total(first), total(last)))]);
                count = prometheus::sum([count, Some(rate(number(first), number(last)))]);
            }
        }
        prometheus::average_ms(Unit::Seconds, seconds, count)
    }
}

/// The share of requests in percent for a measure, from the rates of successful and failed requests.
pub fn share_of(measure: Measure, rates: [Option<f64>; 2]) -> Option<f64> {
    let share = |wanted| prometheus::success_rate(wanted, prometheus::sum(rates));
    prometheus::found(match measure {
        Measure::ErrorRate => share(rates[1]),
        Measure::ErrorRateOrZero => share(rates[1].or(Some(0.0))),
        Measure::LackOfSuccess => share(rates[0]).map(|share| 100.0 - share),
        Measure::SuccessRate
        | Measure::LatencyP50
        | Measure::LatencyP95
        | Measure::LatencyP99
        | Measure::LatencyAverage => share(rates[0]),
    })
}

fn of_code(counts: &[u64], code: usize) -> &[u64] {
    let half = counts.len() / 2;
    &counts[code * half..(code + 1) * half]
}

/// The rate of a counter without resets, from the times in seconds and the values of its first and last sample in a
/// window; `window` is its end and its length in seconds.
pub fn rate_of(first: (f64, f64), last: (f64, f64), samples: u32, (at, range): (f64, f64)) -> Option<f64> {
    let millis = |seconds: f64| (seconds * 1000.0).round() as i64;
    let span = Span { first_ms: millis(first.0), last_ms: millis(last.0), samples };
    let window = Window::new(millis(at), Duration::from_secs_f64(range));
    prometheus::rate(&Edges::grown(span, first.1, last.1), window)
}
