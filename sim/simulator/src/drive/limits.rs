//! Limits of a story: waits between retries, and an end for stories that do not settle.

use std::time::Duration;

use serin_core::tick;

/// The number of plans at one instant after which a Canary counts as not settling.
const MOST_AT_ONCE: u32 = 1_000;
/// The number of plans after which a story ends.
pub(super) const MOST_MOMENTS: usize = 50_000;
/// The number of steps at one instant after which time counts as not advancing. 1,000 plans take fewer.
const MOST_STEPS_AT_ONCE: u32 = 200_000;
/// The number of steps after which a story ends. 50,000 plans take fewer.
const MOST_STEPS: u32 = 5_000_000;

/// Waits that grow with each failure in a row.
#[derive(Clone, Default)]
pub(super) struct Pause {
    until: Duration,
    pause: tick::Pause,
}

impl Pause {
    /// When the next retry can be made.
    pub(super) fn until(&self) -> Duration {
        self.until
    }

    /// It failed again; this number of failures causes no wait.
    pub(super) fn grow(&mut self, at: Duration, free: u32) {
        self.until = at + self.pause.grow(free);
    }
}

/// Counts what happens at one instant.
#[derive(Clone, Default)]
pub(super) struct Restless {
    at: Duration,
    looks: u32,
    plans: u32,
    /// Steps of the loop since time last advanced.
    steps: u32,
    /// All steps of the loop.
    all_steps: u32,
}

impl Restless {
    /// Counts a step of the loop; returns the fault if time does not advance. Every loop of a story calls this, so that
    /// each one ends.
    pub(super) fn step(&mut self, at: Duration) -> Option<&'static str> {
        self.moves_to(at);
        self.steps += 1;
        self.all_steps += 1;
        if self.steps > MOST_STEPS_AT_ONCE {
            return Some("time does not advance: an event is due but never happens");
        }
        (self.all_steps > MOST_STEPS)
            .then_some("the story has more than 5000000 steps; set an earlier `until`")
    }

    fn moves_to(&mut self, at: Duration) {
        if at > self.at {
            *self = Self { at, all_steps: self.all_steps, ..Self::default() };
        }
    }

    /// Counts an observation of the world; returns the fault if there are too many.
    pub(super) fn look(&mut self, at: Duration, moments: usize) -> Option<&'static str> {
        self.moves_to(at);
        self.looks += 1;
        if self.plans > MOST_AT_ONCE || self.looks > MOST_AT_ONCE * 10 {
            return Some("does not settle: more than 1000 decisions at the same time");
        }
        (moments >= MOST_MOMENTS).then_some("the story has more than 50000 decisions; set an earlier `until`")
    }

    /// Counts a plan.
    pub(super) fn note_plan(&mut self) {
        self.plans += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_that_does_not_settle_is_reported() {
        let mut restless = Restless::default();
        let at = Duration::from_secs(1);
        let told = (0..).find(|plans| {
            restless.plans = *plans;
            restless.look(at, 0).is_some()
        });
        assert_eq!(told, Some(MOST_AT_ONCE + 1));
        assert_eq!(restless.look(at + at, 0), None);
        assert!(restless.look(at + at, MOST_MOMENTS).is_some());
    }

    #[test]
    fn questions_without_end_are_reported() {
        let mut restless = Restless::default();
        assert!((0..=MOST_AT_ONCE * 10).any(|_| restless.look(Duration::ZERO, 0).is_some()));
    }

    #[test]
    fn time_that_does_not_advance_is_reported() {
        let mut restless = Restless::default();
        let at = Duration::from_secs(1);
        let most = (1..).find(|_| restless.step(at).is_some());
        assert_eq!(most, Some(MOST_STEPS_AT_ONCE + 1));
        assert_eq!(restless.step(at + Duration::from_nanos(1)), None, "time has moved");
    }

    #[test]
    fn steps_without_end_are_reported() {
        let mut restless = Restless::default();
        let most = (1..).find(|step| restless.step(Duration::from_millis(*step)).is_some());
        assert_eq!(most, Some(u64::from(MOST_STEPS) + 1));
    }

    #[test]
    fn waits_grow_with_each_failure_in_a_row() {
        let waits = |free: u32| {
            let mut pause = Pause::default();
            [0; 7].map(|_| {
                pause.grow(Duration::ZERO, free);
                pause.until.as_secs()
            })
        };
        assert_eq!(waits(0), [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(waits(1), [0, 1, 2, 4, 8, 16, 30]);
    }
}
