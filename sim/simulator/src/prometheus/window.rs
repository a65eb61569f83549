//! Which samples a range selector sees.

use std::time::Duration;

/// The samples that `[range]` selects at a time: those later than its start, up to that time itself.
///
/// Without its start since Prometheus 3; earlier ones counted a sample at the very start too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    at_ms: i64,
    range_ms: i64,
}

/// No range is longer.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

impl Window {
    /// The last `range` before a time; whole milliseconds, at least one and at most a century.
    #[must_use]
    pub fn new(at_ms: i64, range: Duration) -> Self {
        Self { at_ms, range_ms: (range.min(CENTURY).as_millis() as i64).max(1) }
    }

    /// The time of the evaluation, which belongs to the window.
    #[must_use]
    pub fn end_ms(self) -> i64 {
        self.at_ms
    }

    /// The time behind which the window begins.
    #[must_use]
    pub fn start_ms(self) -> i64 {
        self.at_ms.saturating_sub(self.range_ms)
    }

    /// Its length in seconds.
    #[must_use]
    pub fn range_s(self) -> f64 {
        seconds(self.range_ms)
    }
}

/// When the samples in a window were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When the first one was.
    pub first_ms: i64,
    /// When the last one was.
    pub last_ms: i64,
    /// How many there are, both included.
    pub samples: u32,
}

pub(super) fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}
