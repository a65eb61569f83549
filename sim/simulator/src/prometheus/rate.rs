//! `rate` and `increase`, with the extrapolation to the edges of the range.

use super::{
    edges::Edges,
    window::{Span, Window, seconds},
};

/// `rate(counter[range])`: how much was counted per second. `None` with fewer than two samples.
#[inline]
#[must_use]
pub fn rate(edges: &Edges, window: Window) -> Option<f64> {
    Some(Coverage::of(window, edges.span())?.rate(edges.first(), edges.counted()))
}

/// `increase(counter[range])`: how much was counted in the range. `None` with fewer than two samples.
#[inline]
#[must_use]
pub fn increase(edges: &Edges, window: Window) -> Option<f64> {
    Some(Coverage::of(window, edges.span())?.increase(edges.first(), edges.counted()))
}

/// How well samples cover a range: the part of a rate that depends on when they were taken, not on what they say.
///
/// Worth keeping where many counters were read by the same scrapes, as the buckets of a histogram are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// From the first to the last sample.
    sampled_s: f64,
    /// How far the slope is prolonged before the first sample.
    before_s: f64,
    /// How far it is prolonged behind the last one.
    behind_s: f64,
    range_s: f64,
}

/// A sample further than this many average distances from the edge of the range says that the series begins or ends there.
const NEAR: f64 = 1.1;

impl Coverage {
    /// Prometheus prolongs the slope to an edge that is near; from one that is not, it goes half the average distance of
    /// two samples, its guess at where the series begins or ends.
    ///
    /// `None` with fewer than two samples, which is no slope.
    #[inline]
    #[must_use]
    pub fn of(window: Window, span: Span) -> Option<Self> {
        if span.samples < 2 || span.last_ms <= span.first_ms {
            return None;
        }
        let sampled_s = seconds(span.last_ms - span.first_ms);
        let apart_s = sampled_s / f64::from(span.samples - 1);
        let prolonged = |edge_s: f64| if edge_s >= apart_s * NEAR { apart_s / 2.0 } else { edge_s };
        Some(Self {
            sampled_s,
            before_s: prolonged(seconds(span.first_ms - window.start_ms())),
            behind_s: prolonged(seconds(window.end_ms() - span.last_ms)),
            range_s: window.range_s(),
        })
    }

    /// The rate per second of a counter that began at `first` and counted so much more.
    #[inline]
    #[must_use]
    pub fn rate(&self, first: f64, counted: f64) -> f64 {
        // Divided before it is multiplied, as Prometheus does: the last bit depends on it.
        counted * (self.factor(first, counted) / self.range_s)
    }

    /// The increase over the range of a counter that began at `first` and counted so much more.
    #[inline]
    #[must_use]
    pub fn increase(&self, first: f64, counted: f64) -> f64 {
        counted * self.factor(first, counted)
    }

    /// A counter is never negative: its slope is not prolonged to before it was zero.
    #[inline]
    fn factor(&self, first: f64, counted: f64) -> f64 {
        let mut before_s = self.before_s;
        if counted > 0.0 && first >= 0.0 {
            before_s = before_s.min(self.sampled_s * (first / counted));
        }
        (self.sampled_s + before_s + self.behind_s) / self.sampled_s
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Samples every 10 s from `first_ms` on, of a counter that grows by one a second.
    fn edges(first_ms: i64, samples: u32, first: f64) -> Edges {
        let seconds = 10.0 * f64::from(samples - 1);
        let span = Span { first_ms, last_ms: first_ms + (seconds * 1000.0) as i64, samples };
        Edges::grown(span, first, first + seconds)
    }

    fn minute(at_ms: i64) -> Window {
        Window::new(at_ms, Duration::from_secs(60))
    }

    #[test]
    fn near_edges_are_reached() {
        // 10.999 s to the start and 1 s to the end, of an average distance of 10 s.
        assert_eq!(increase(&edges(10_999, 5, 100.0), minute(60_000)), Some(60.0));
    }

    #[test]
    fn a_far_edge_is_half_a_distance_away() {
        // 11 s to the start are too far: 5 s are taken instead. 9 s to the end are near.
        assert_eq!(increase(&edges(11_000, 5, 100.0), minute(60_000)), Some(40.0 + 5.0 + 9.0));
        // And 29 s to the end are too far.
        assert_eq!(increase(&edges(1_000, 4, 100.0), minute(60_000)), Some(30.0 + 1.0 + 5.0));
    }

    #[test]
    fn a_counter_does_not_begin_below_zero() {
        assert_eq!(increase(&edges(8_000, 5, 2.5), minute(58_000)), Some(40.0 + 2.5 + 10.0));
        assert_eq!(increase(&edges(8_000, 5, 0.0), minute(58_000)), Some(40.0 + 10.0));
    }

    #[test]
    fn one_sample_is_no_slope() {
        assert_eq!(rate(&edges(8_000, 1, 3.0), minute(60_000)), None);
    }

    #[test]
    fn a_rate_is_per_second() {
        assert_eq!(rate(&edges(10_000, 5, 100.0), minute(60_000)), Some(1.0));
    }
}
