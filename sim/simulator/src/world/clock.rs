//! The world's time, and the controller's clock, which may be wrong.

use std::time::Duration;

use serin_core::Timestamp;

#[derive(Clone)]
pub(super) struct Clock {
    start: Timestamp,
    /// The time since the beginning of the story, which never decreases.
    pub(super) at: Duration,
    /// How far the clock is ahead, in milliseconds.
    ahead: i64,
}

impl Clock {
    pub(super) fn new(start: Timestamp) -> Self {
        Self { start, at: Duration::ZERO, ahead: 0 }
    }

    pub(super) fn now(&self) -> Timestamp {
        let off = Duration::from_millis(self.ahead.unsigned_abs());
        let time = self.start + self.at;
        if self.ahead < 0 { time - off } else { time + off }
    }

    pub(super) fn jump(&mut self, millis: i64) {
        self.ahead = self.ahead.saturating_add(millis);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_moves_the_clock_and_not_the_time() {
        let mut clock = Clock::new(Timestamp::from_millis(100_000));
        clock.at = Duration::from_secs(10);
        clock.jump(-30_000);
        assert_eq!(clock.now(), Timestamp::from_millis(80_000));
        clock.jump(50_000);
        assert_eq!(clock.now(), Timestamp::from_millis(130_000));
        assert_eq!(clock.at, Duration::from_secs(10));
    }
}
