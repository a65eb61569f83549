//! What a rate needs to know of a counter: the samples at the edges of a window, and the resets between them.

use super::{series::Sample, window::Span};

/// A counter's samples in a window, as far as its rate depends on them.
///
/// Begun at the first sample; then every sample is [added](Edges::add), or those that only grew are
/// [skipped](Edges::skip) and the last one is added. Around a reset both sides are added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edges {
    span: Span,
    first: f64,
    last: f64,
    lost: f64,
}

impl Edges {
    /// One sample, the first in the window.
    #[inline]
    #[must_use]
    pub fn begin(sample: Sample) -> Self {
        let Sample { at_ms, value } = sample;
        let span = Span { first_ms: at_ms, last_ms: at_ms, samples: 1 };
        Self { span, first: value, last: value, lost: 0.0 }
    }

    /// The two edges of a counter that only grew.
    #[inline]
    #[must_use]
    pub fn grown(span: Span, first: f64, last: f64) -> Self {
        Self { span, first, last, lost: 0.0 }
    }

    /// The next sample. A counter that is lower than before was reset; what it had counted is not lost.
    #[inline]
    pub fn add(&mut self, sample: Sample) {
        if sample.value < self.last {
            self.lost += self.last;
        }
        self.span.last_ms = sample.at_ms;
        self.span.samples += 1;
        self.last = sample.value;
    }

    /// Passes over so many samples, none lower than the one before it. The sample behind them has to be added.
    #[inline]
    pub fn skip(&mut self, samples: u32) {
        self.span.samples += samples;
    }

    /// When the samples were taken.
    #[inline]
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The value of the first sample.
    #[inline]
    #[must_use]
    pub fn first(&self) -> f64 {
        self.first
    }

    /// How much was counted from the first to the last sample, resets made good.
    #[inline]
    #[must_use]
    pub fn counted(&self) -> f64 {
        self.last - self.first + self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at_ms: i64, value: f64) -> Sample {
        Sample { at_ms, value }
    }

    #[test]
    fn a_reset_loses_nothing() {
        let mut edges = Edges::begin(sample(0, 10.0));
        for (at, value) in [(1, 14.0), (2, 3.0), (3, 5.0), (4, 1.0)] {
            edges.add(sample(at, value));
        }
        assert_eq!(edges.counted(), 4.0 + 3.0 + 2.0 + 1.0);
        assert_eq!(edges.span(), Span { first_ms: 0, last_ms: 4, samples: 5 });
    }

    #[test]
    fn samples_that_only_grew_may_be_skipped() {
        let mut every = Edges::begin(sample(0, 1.0));
        for (at, value) in [(5, 2.0), (10, 7.0), (15, 9.0)] {
            every.add(sample(at, value));
        }
        let mut edges = Edges::begin(sample(0, 1.0));
        edges.skip(2);
        edges.add(sample(15, 9.0));
        assert_eq!(edges, every);
        assert_eq!(edges, Edges::grown(every.span(), 1.0, 9.0));
    }
}
