//! Pods that follow the load with a delay, as with a HorizontalPodAutoscaler.
//!
//! Every 15 s it reads the load of some time ago, and computes the number of pods that have the target utilization with
//! it. If the difference is below 10 %, nothing changes. It at most doubles the pods or adds four at a time, and scales
//! down only to the maximum of the last five minutes: the defaults of Kubernetes. New pods take the start time of their
//! version. Each copy has its own autoscaler; that of the canary does nothing while it is paused. Times count from the
//! beginning of the story.

use std::time::Duration;

use super::chance::{Chance, Stream};
use crate::scenario;

/// Time between two reads.
const LOOK: Duration = Duration::from_secs(15);
/// A load that differs by less than this share changes nothing.
const TOLERANCE: f64 = 0.1;
/// It scales down only to the maximum of this time.
const STABILISATION: Duration = Duration::from_secs(300);
/// This number of pods may always be added at once.
const MORE_AT_ONCE: u32 = 4;

/// The autoscalers of both copies, with their drawn numbers.
#[derive(Clone, Debug)]
pub(super) struct Autoscaler {
    rules: Rules,
    /// The age of the load that is read.
    pub(super) lag: f64,
    /// When it reads next.
    look: Duration,
    /// Those of the canary and of the primary.
    pub(super) copies: [Scaled; 2],
}

#[derive(Clone, Debug)]
struct Rules {
    pod_rps: f64,
    min: u32,
    max: u32,
    target: f64,
}

/// The pods of one copy.
#[derive(Clone, Debug, Default)]
pub(super) struct Scaled {
    wanted: u32,
    serving: u32,
    /// When this number is ready.
    starting: Vec<(Duration, u32)>,
    /// The numbers that were wanted in the last five minutes, with their times.
    wishes: Vec<(Duration, u32)>,
    pub(super) is_paused: bool,
}

/// The index in [`Autoscaler::copies`].
pub(super) const CANARY: usize = 0;
pub(super) const PRIMARY: usize = 1;

impl Autoscaler {
    /// The autoscalers of a seed, and the factor by which requests take longer on overloaded pods.
    pub(super) fn draw(settings: &scenario::Autoscaler, seed: u64) -> (Self, f64) {
        let mut chance = Chance::of(seed, Stream::Autoscaler);
        let rules = Rules {
            pod_rps: chance.draw(settings.pod_rps),
            min: settings.min,
            max: settings.max,
            target: chance.draw(settings.target),
        };
        let (lag, slower) = (chance.draw(settings.lag), chance.draw(settings.slower));
        let look = whole_millis(chance.place() * LOOK.as_secs_f64());
        (Self { rules, lag, look, copies: Default::default() }, slower)
    }

    /// When it reads next, or when pods that were started get ready.
    pub(super) fn next(&self) -> Duration {
        let ready = self.copies.iter().flat_map(|copy| &copy.starting).map(|(at, _)| *at);
        ready.fold(self.look, Duration::min)
    }

    /// Requests per second that a copy can serve.
    pub(super) fn capacity(&self, copy: usize) -> f64 {
        f64::from(self.copies[copy].serving) * self.rules.pod_rps
    }

    /// The number of pods that serve, and the number that is wanted.
    pub(super) fn pods(&self, copy: usize) -> (u32, u32) {
        (self.copies[copy].serving, self.copies[copy].wanted)
    }

    /// A copy has had this load for a long time.
    pub(super) fn settle(&mut self, copy: usize, load: f64) {
        let wanted = self.rules.wish(load);
        self.copies[copy] = Scaled { wanted, serving: wanted, ..Scaled::default() };
    }

    /// Whether pods that were started serve by now; then whether it has read the load by then.
    pub(super) fn goes_on(&mut self, at: Duration) -> (bool, bool) {
        let mut changed = false;
        for copy in &mut self.copies {
            changed |= copy.get_ready(at);
        }
        let looks = at >= self.look;
        while at >= self.look {
            self.look += LOOK;
        }
        (changed, looks)
    }

    /// Reads the load of a copy; new pods take this number of seconds. Whether it wants another number.
    pub(super) fn look_at(&mut self, copy: usize, at: Duration, load: f64, takes: f64) -> bool {
        self.copies[copy].follow(at, load, whole_millis(takes), &self.rules)
    }
}

/// Seconds in the story's precision, rounded up when they are stored. A due time must be exactly the time that was
/// announced: if it were rounded only when announced, it could be before the due time, and would then be announced for
/// ever.
fn whole_millis(seconds: f64) -> Duration {
    Duration::from_millis((seconds.max(0.0) * 1000.0).ceil() as u64)
}

impl Rules {
    fn wish(&self, load: f64) -> u32 {
        let pods = (load / (self.pod_rps * self.target)).ceil();
        (pods.min(f64::from(self.max)) as u32).max(self.min)
    }
}

impl Scaled {
    fn get_ready(&mut self, at: Duration) -> bool {
        let before = self.serving;
        let ready = self.starting.iter().filter(|(ready, _)| *ready <= at).map(|(_, pods)| *pods).max();
        self.serving = self.serving.max(ready.unwrap_or(0).min(self.wanted));
        self.starting.retain(|(ready, _)| *ready > at);
        self.serving != before
    }

    fn follow(&mut self, at: Duration, load: f64, takes: Duration, rules: &Rules) -> bool {
        if self.is_paused {
            return false;
        }
        let before = self.wanted;
        let busy = load / (f64::from(before.max(1)) * rules.pod_rps * rules.target);
        let is_near = (busy - 1.0).abs() <= TOLERANCE;
        let wish = if is_near { before.clamp(rules.min, rules.max) } else { rules.wish(load) };
        self.wishes.retain(|(then, _)| *then + STABILISATION > at);
        self.wishes.push((at, wish));
        if wish > before {
            self.wanted = wish.min(before.saturating_mul(2).max(before + MORE_AT_ONCE));
            self.starting.push((at.saturating_add(takes), self.wanted));
            self.get_ready(at);
        } else {
            let most = self.wishes.iter().map(|(_, wish)| *wish).max().unwrap_or(wish);
            self.wanted = before.min(most);
            self.serving = self.serving.min(self.wanted);
        }
        self.wanted != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECS: fn(u64) -> Duration = Duration::from_secs;
    const RULES: Rules = Rules { pod_rps: 10.0, min: 2, max: 20, target: 0.8 };

    fn settled(load: f64) -> Autoscaler {
        let mut scaler = Autoscaler { rules: RULES, lag: 0.0, look: SECS(0), copies: Default::default() };
        scaler.settle(CANARY, load);
        scaler
    }

    #[test]
    fn pods_have_the_target_utilization() {
        let pods = |load| settled(load).pods(CANARY);
        assert_eq!(
            [pods(0.0), pods(16.0), pods(17.0), pods(80.0), pods(1e6)],
            [(2, 2), (2, 2), (3, 3), (10, 10), (20, 20)]
        );
        assert_eq!(settled(80.0).capacity(CANARY), 100.0);
    }

    #[test]
    fn more_pods_are_started_at_once_and_serve_later() {
        let mut scaler = settled(16.0);
        assert!(scaler.look_at(CANARY, SECS(0), 80.0, 20.0));
        assert_eq!(scaler.pods(CANARY), (2, 6), "four more at once");
        assert!(scaler.look_at(CANARY, SECS(15), 80.0, 20.0));
        assert_eq!(scaler.next(), SECS(0));
        assert_eq!((scaler.goes_on(SECS(20)), scaler.pods(CANARY)), ((true, true), (6, 10)));
        assert_eq!((scaler.goes_on(SECS(29)), scaler.next()), ((false, false), SECS(30)));
        assert_eq!((scaler.goes_on(SECS(35)), scaler.pods(CANARY)), ((true, true), (10, 10)));
    }

    #[test]
    fn it_scales_down_after_five_minutes() {
        let mut scaler = settled(80.0);
        assert!(!scaler.look_at(CANARY, SECS(0), 80.0, 0.0), "the load is as it was");
        let down = (1..60).map(|look| LOOK * look).find(|at| scaler.look_at(CANARY, *at, 16.0, 0.0));
        assert_eq!((down, scaler.pods(CANARY)), (Some(SECS(300)), (2, 2)));
    }

    #[test]
    fn small_differences_and_a_pause_change_nothing() {
        let mut scaler = settled(80.0);
        assert!(!scaler.look_at(CANARY, SECS(0), 87.0, 0.0));
        scaler.copies[CANARY].is_paused = true;
        assert!(!scaler.look_at(CANARY, SECS(15), 160.0, 0.0));
        scaler.copies[CANARY].is_paused = false;
        assert!(scaler.look_at(CANARY, SECS(30), 160.0, 0.0));
        assert_eq!(scaler.pods(PRIMARY), (0, 0));
    }

    #[test]
    fn pods_serve_at_exactly_the_announced_time() {
        for takes in (1..2_000).map(|step| f64::from(step) * 0.017) {
            let mut scaler = settled(16.0);
            scaler.goes_on(SECS(1));
            scaler.look_at(CANARY, SECS(1), 80.0, takes);
            let next = scaler.next();
            assert!(scaler.goes_on(next) != (false, false), "nothing happens at {next:?}");
            assert!(scaler.next() > next, "{next:?} comes again");
        }
    }
}
