//! A limit for loops: decided, written, observed, decided again.
//!
//! No rule causes one. If one occurs nevertheless, or another program undoes every write, it is slowed down to a
//! harmless rate, and reported.

use std::time::Duration;

/// How many decisions that write something can follow one another without a pause.
const AT_ONCE: u32 = 60;
/// How long each of those takes to become available again: as many per minute as at once.
const EACH: Duration = Duration::from_secs(1);
/// How often the excess is reported.
const REPORT: Duration = Duration::from_secs(60);

/// The remaining budget.
#[derive(Debug)]
pub(super) struct Budget {
    left: u32,
    /// Up to when spent decisions have become available again.
    since: Duration,
    reported: Option<Duration>,
}

/// A decision came too soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Excess {
    /// How long to wait before it is carried out.
    pub(super) pause: Duration,
    /// Whether it was not reported recently.
    pub(super) is_news: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: AT_ONCE, since: Duration::ZERO, reported: None }
    }
}

impl Budget {
    /// Spends one decision at `now`, counted from the start of the machine.
    ///
    /// # Errors
    /// There were too many.
    pub(super) fn spend(&mut self, now: Duration) -> Result<(), Excess> {
        let back = now.saturating_sub(self.since).as_secs();
        if back > 0 {
            let back = u32::try_from(back).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(back).min(AT_ONCE);
            self.since = now;
        }
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            return Ok(());
        }
        let is_news = self.reported.is_none_or(|then| now.saturating_sub(then) >= REPORT);
        if is_news {
            self.reported = Some(now);
        }
        // It is available again when the wait is over.
        self.since = now.saturating_add(EACH);
        Err(Excess { pause: EACH, is_news })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_decisions_are_free_then_one_per_second_and_the_excess_is_reported_once_a_minute() {
        let mut budget = Budget::default();
        let mut now = Duration::from_secs(5000);
        let (mut free, mut reports) = (0, Vec::new());
        let begin = now;
        while now < begin + Duration::from_secs(150) {
            match budget.spend(now) {
                Ok(()) => free += 1,
                Err(Excess { pause, is_news }) => {
                    assert_eq!(pause, EACH);
                    if is_news {
                        reports.push((now - begin).as_secs());
                    }
                    now += pause;
                }
            }
            now += Duration::from_millis(1);
        }
        assert_eq!((free, reports), (60, vec![0, 60, 120]));
        now += Duration::from_secs(3600);
        assert_eq!(budget.spend(now), Ok(()), "what is left alone has its budget back");
    }

    #[test]
    fn a_decision_every_two_seconds_never_exceeds_it() {
        let mut budget = Budget::default();
        for second in 0..1000 {
            assert_eq!(budget.spend(Duration::from_secs(2 * second)), Ok(()));
        }
    }
}
