//! The pods of a copy: how many are available, and how long they take to get ready.

use std::time::Duration;

use serin_core::{
    Observation,
    observation::{self, Fact, Readiness},
};

use crate::scenario::Delay;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pods {
    /// The start time of pods that are started from now on.
    pub(super) takes: Delay,
    /// When the pods that were started get ready.
    pub(super) ready_at: Option<Duration>,
    /// The percentage of them that is available while they are not ready.
    pub(super) share: u8,
    /// The pods of the previous revision serve until these are ready.
    replaces: bool,
    started: Duration,
    /// How often they stop being ready, and for how long.
    pub(super) flaps: Option<(Duration, Duration)>,
    /// When they next stop being ready.
    pub(super) lost_at: Option<Duration>,
}

impl Pods {
    pub(super) fn new(takes: Delay) -> Self {
        Self {
            takes,
            ready_at: None,
            share: 0,
            replaces: false,
            started: Duration::ZERO,
            flaps: None,
            lost_at: None,
        }
    }

    /// The same, with times as distances from now. When pods were started that are ready does not matter.
    pub(super) fn from(&self, now: Duration) -> Self {
        let distance = |at: Duration| at.saturating_sub(now);
        Self {
            takes: self.takes,
            ready_at: self.ready_at.map(distance),
            share: self.share,
            replaces: self.replaces,
            started: Duration::ZERO,
            flaps: self.flaps,
            lost_at: self.lost_at.map(distance),
        }
    }

    /// Starts pods if there are none, or replaces the old ones, which `serve` until then.
    pub(super) fn start(&mut self, at: Duration, serve: bool) {
        self.started = at;
        self.replaces = serve;
        self.lost_at = None;
        self.share = 0;
        self.ready_at = match self.takes {
            Delay::For(delay) => Some(at.saturating_add(delay)),
            Delay::Never => None,
        };
    }

    /// No pod gets ready any more.
    pub(super) fn stop(&mut self) {
        self.ready_at = None;
        self.lost_at = None;
        self.replaces = false;
    }

    /// How long they took, if they become ready now.
    pub(super) fn get_ready(&mut self, at: Duration) -> Option<Duration> {
        let ready_at = self.ready_at.take_if(|ready_at| *ready_at <= at)?;
        self.replaces = false;
        Some(ready_at.saturating_sub(self.started))
    }

    /// The number of available pods of the `wanted` pods of a copy.
    fn available(&self, readiness: &Readiness, wanted: u32) -> u32 {
        if readiness.is_ready() || self.replaces {
            return wanted;
        }
        // A share is a whole number of pods, see the scenario's `sense`.
        let share = u64::from(wanted) * u64::from(self.share) / 100;
        u32::try_from(share).unwrap_or(wanted)
    }
}

/// Whether a share of the `wanted` pods reaches the Canary's ready threshold.
pub(super) fn judge(readiness: &mut Readiness, pods: &Pods, wanted: u32, threshold: u8) {
    if let Readiness::NotReady { stalled, .. } = *readiness
        && pods.share > 0
    {
        *readiness = Readiness::of_pods(pods.available(readiness, wanted), wanted, threshold, stalled);
    }
}

/// Whether a copy of `wanted` pods serves.
pub(super) fn serves(readiness: &Readiness, pods: &Pods, wanted: u32) -> Fact<bool> {
    Fact::Known(observation::serves(None, Some(pods.available(readiness, wanted)), readiness))
}

pub(super) fn of_target(truth: &mut Observation) -> Option<&mut Readiness> {
    truth.target.known_mut()?.as_mut().map(|target| &mut target.readiness)
}

pub(super) fn of_primary(truth: &mut Observation) -> Option<&mut Readiness> {
    truth.primary.known_mut()?.as_mut().map(|primary| &mut primary.readiness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_get_ready_once_and_in_their_time() {
        let secs = Duration::from_secs;
        let mut pods = Pods::new(Delay::For(secs(10)));
        pods.start(secs(5), false);
        assert_eq!(pods.get_ready(secs(14)), None);
        assert_eq!(pods.get_ready(secs(15)), Some(secs(10)));
        assert_eq!(pods.get_ready(secs(16)), None);
    }

    #[test]
    fn stopped_pods_never_get_ready() {
        let mut pods = Pods::new(Delay::For(Duration::ZERO));
        pods.start(Duration::ZERO, false);
        pods.stop();
        assert_eq!(pods.get_ready(Duration::MAX), None);
        pods.takes = Delay::Never;
        pods.start(Duration::ZERO, false);
        assert_eq!(pods.get_ready(Duration::MAX), None);
    }

    #[test]
    fn a_share_is_a_share_of_the_replicas() {
        let mut pods = Pods::new(Delay::Never);
        let mut judged = |share, wanted, threshold| {
            pods.share = share;
            let mut readiness = Readiness::not_ready("");
            judge(&mut readiness, &pods, wanted, threshold);
            (readiness.is_ready(), serves(&readiness, &pods, wanted) == Fact::Known(true))
        };
        assert_eq!(judged(0, 1, 0), (false, false), "no threshold makes no pod one");
        assert_eq!([judged(50, 4, 51), judged(75, 4, 51)], [(false, true), (true, true)]);
    }

    #[test]
    fn pods_that_are_replaced_serve_until_the_new_ones_are_ready() {
        let mut pods = Pods::new(Delay::For(Duration::from_secs(10)));
        pods.start(Duration::ZERO, true);
        assert_eq!(serves(&Readiness::not_ready(""), &pods, 3), Fact::Known(true));
        pods.stop();
        assert_eq!(serves(&Readiness::not_ready(""), &pods, 3), Fact::Known(false));
    }
}
