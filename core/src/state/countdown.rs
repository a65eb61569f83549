//! Time towards a deadline. It is credited in parts, at planned times, so that no jump of the clock can end a run.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A deadline is reached in this many parts.
const PARTS: u64 = 4;

/// Time towards a deadline.
///
/// The time is counted in four parts. A part is credited when its end is reached, and never more than that part,
/// however late it is noticed: a clock that jumps, or another node whose clock is ahead, ends at most one part. Between
/// the ends of two parts nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Countdown {
    /// Since when time counts, for display.
    pub since: Timestamp,
    /// When the current part began.
    #[serde(default)]
    pub part_since: Timestamp,
    /// The parts that are over, in milliseconds.
    #[serde(default)]
    pub credited_ms: u64,
}

impl Countdown {
    /// Counts from `now`.
    #[must_use]
    pub const fn since(now: Timestamp) -> Self {
        Self { since: now, part_since: now, credited_ms: 0 }
    }

    /// Whether all of `deadline` has passed.
    #[must_use]
    pub fn is_over(&self, deadline: Duration) -> bool {
        self.credited_ms >= millis(deadline)
    }

    /// When the current part ends.
    #[must_use]
    pub fn part_ends(&self, deadline: Duration) -> Timestamp {
        self.part_since + Duration::from_millis(self.part(deadline))
    }

    /// When the deadline is reached if the end of every part is noticed in time.
    #[must_use]
    pub fn ends(&self, deadline: Duration) -> Timestamp {
        self.part_since + Duration::from_millis(self.left(deadline))
    }

    /// The same, with the current part credited if its end is reached. Changes nothing before that, or after the
    /// deadline.
    #[must_use]
    pub fn credited(self, now: Timestamp, deadline: Duration) -> Self {
        if self.is_over(deadline) || now < self.part_ends(deadline) {
            return self;
        }
        Self { part_since: now, credited_ms: self.credited_ms + self.part(deadline), ..self }
    }

    /// The same, `span` later.
    #[must_use]
    pub fn shifted(self, span: Duration) -> Self {
        Self { since: self.since + span, part_since: self.part_since + span, ..self }
    }

    /// The same, with no time ahead of `now`: a clock that is set back costs at most one part.
    #[must_use]
    pub fn mended(self, now: Timestamp) -> Self {
        Self { since: self.since.min(now), part_since: self.part_since.min(now), ..self }
    }

    fn part(&self, deadline: Duration) -> u64 {
        millis(deadline).div_ceil(PARTS).min(self.left(deadline))
    }

    fn left(&self, deadline: Duration) -> u64 {
        millis(deadline).saturating_sub(self.credited_ms)
    }
}

/// No deadline is longer than a hundred years.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000);

    fn at(ms: u64) -> Timestamp {
        START + Duration::from_millis(ms)
    }

    /// Calls it at these moments; returns when the deadline was reached.
    fn over(deadline: Duration, looks: impl IntoIterator<Item = u64>) -> Option<u64> {
        let mut count = Countdown::since(START);
        looks.into_iter().find(|ms| {
            count = count.credited(at(*ms), deadline);
            count.is_over(deadline)
        })
    }

    #[test]
    fn a_deadline_ends_as_announced_if_every_part_is_noticed_in_time() {
        for deadline in [1, 2, 3, 4, 5, 10, 999, 600_000].map(Duration::from_millis) {
            let mut count = Countdown::since(START);
            assert_eq!(count.ends(deadline), START + deadline);
            while !count.is_over(deadline) {
                let planned = count.part_ends(deadline);
                assert_eq!(count.credited(planned - Duration::from_millis(1), deadline), count);
                count = count.credited(planned, deadline);
                assert_eq!(count.ends(deadline), START + deadline);
            }
            assert_eq!(count.part_since, START + deadline);
        }
    }

    #[test]
    fn one_jump_of_the_clock_credits_one_part() {
        let deadline = Duration::from_secs(40);
        let hour = 3_600_000;
        assert_eq!(over(deadline, [hour, hour + 9_999]), None);
        assert_eq!(over(deadline, [10_000, hour, hour + 9_999, hour + 19_999]), None);
        assert_eq!(
            over(deadline, [10_000, hour, hour + 10_000, hour + 20_000]),
            Some(hour + 20_000),
            "one part was credited for the hour"
        );
    }

    #[test]
    fn a_clock_set_back_costs_one_part_at_most() {
        let deadline = Duration::from_secs(40);
        let ahead = Countdown::since(START).credited(at(10_000), deadline).mended(START);
        assert_eq!((ahead.part_since, ahead.credited_ms), (START, 10_000));
        assert_eq!(ahead.ends(deadline), at(30_000));
    }

    #[test]
    fn another_deadline_counts_from_the_next_part_on() {
        let count = Countdown::since(START).credited(at(150_000), Duration::from_secs(600));
        assert!(count.is_over(Duration::from_secs(150)));
        assert_eq!(count.part_ends(Duration::from_secs(200)), at(200_000));
    }
}
