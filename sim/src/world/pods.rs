//! How long the pods of a copy take to get ready.

use std::time::Duration;

use serin_core::{Observation, observation::Readiness};

use crate::scenario::Delay;

pub(super) struct Pods {
    /// How long those take that are started from now on.
    pub(super) takes: Delay,
    /// When those that were started get ready.
    pub(super) ready_at: Option<Duration>,
    /// Percentage of them that is available while they are not ready.
    pub(super) share: u8,
    started: Duration,
    /// How often they stop being ready, and for how long.
    pub(super) flaps: Option<(Duration, Duration)>,
    /// When they stop being ready next.
    pub(super) lost_at: Option<Duration>,
}

impl Pods {
    pub(super) fn new(takes: Delay) -> Self {
        Self { takes, ready_at: None, share: 0, started: Duration::ZERO, flaps: None, lost_at: None }
    }

    /// Pods are started.
    pub(super) fn start(&mut self, at: Duration) {
        self.started = at;
        self.lost_at = None;
        self.share = 0;
        self.ready_at = match self.takes {
            Delay::For(delay) => Some(at.saturating_add(delay)),
            Delay::Never => None,
        };
    }

    /// Nothing gets ready any more.
    pub(super) fn stop(&mut self) {
        self.ready_at = None;
        self.lost_at = None;
    }

    /// How long they took, if they get ready now.
    pub(super) fn get_ready(&mut self, at: Duration) -> Option<Duration> {
        let ready_at = self.ready_at.take_if(|ready_at| *ready_at <= at)?;
        Some(ready_at.saturating_sub(self.started))
    }
}

/// What the Canary's ready threshold makes of pods of which so many are available. Pods that nobody wants are none.
pub(super) fn judge(readiness: &mut Readiness, pods: &Pods, threshold: u8) {
    if let Readiness::NotReady { stalled, .. } = readiness {
        let judged = Readiness::of_pods(pods.share.into(), 100, threshold, *stalled);
        if judged.is_ready() || pods.share > 0 {
            *readiness = judged;
        }
    }
}

pub(super) fn of_target(truth: &mut Observation) -> Option<&mut Readiness> {
    truth.target.known_mut()?.as_mut().map(|target| &mut target.readiness)
}

pub(super) fn of_primary(truth: &mut Observation) -> Option<&mut Readiness> {
    truth.primary.known_mut()?.as_mut().map(|primary| &mut primary.readiness)
}

pub(super) fn not_ready(why: &str) -> Readiness {
    Readiness::NotReady { why: why.into(), stalled: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_get_ready_once_and_in_their_time() {
        let secs = Duration::from_secs;
        let mut pods = Pods::new(Delay::For(secs(10)));
        pods.start(secs(5));
        assert_eq!(pods.get_ready(secs(14)), None);
        assert_eq!(pods.get_ready(secs(15)), Some(secs(10)));
        assert_eq!(pods.get_ready(secs(16)), None);
    }

    #[test]
    fn stopped_pods_and_those_that_never_do_do_not() {
        let mut pods = Pods::new(Delay::For(Duration::ZERO));
        pods.start(Duration::ZERO);
        pods.stop();
        assert_eq!(pods.get_ready(Duration::MAX), None);
        pods.takes = Delay::Never;
        pods.start(Duration::ZERO);
        assert_eq!(pods.get_ready(Duration::MAX), None);
    }
}
