//! What a driver observes when it calls [`step`](crate::step()).

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Routes},
    message::NoticeId,
    question::Answers,
    request::Request,
    revision::{Revision, Text, bounded},
};

/// A fact about the cluster. That an object does not exist is known. A fact that could not be read, or is older than
/// our own last write, is unknown.
///
/// An unknown fact blocks exactly the rules that read it. It never triggers anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact<T> {
    /// Read, and not older than our own last write to it.
    Known(T),
    /// Not readable now.
    Unknown(Unseen),
}

/// Why a fact is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unseen {
    /// What was read is older than our own last write; this ends by itself.
    Stale,
    /// It could not be read.
    Unreadable(Text),
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale => f.write_str("not caught up with our own last write"),
            Self::Unreadable(why) => f.write_str(why),
        }
    }
}

impl<T> Fact<T> {
    /// The fact, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(fact) => Some(fact),
            Self::Unknown(_) => None,
        }
    }

    /// Cuts the text of the reason why it is not known.
    fn bound(&mut self) {
        if let Self::Unknown(Unseen::Unreadable(why)) = self {
            *why = bounded(why.clone());
        }
    }

    /// The fact, if it is known, to be changed.
    pub fn known_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Known(fact) => Some(fact),
            Self::Unknown(_) => None,
        }
    }
}

/// Everything that a decision can depend on, apart from the Canary, its state and the time.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The workload that is released: the canary during a run, and the object that the user owns.
    pub target: Fact<Option<Target>>,
    /// The workload that serves between runs.
    pub primary: Fact<Option<Primary>>,
    /// Which pods the apex service selects.
    pub services: Fact<Services>,
    /// How the router splits requests; `None` if there is no route yet. For repair and takeover only.
    pub routes: Fact<Option<Routes>>,
    /// Which owned objects differ from what [`Command::EnsureWorkloads`], [`Command::EnsureServices`] and
    /// [`Command::SetRoutes`] would write.
    pub drift: Fact<Drift>,
    /// The field manager that last wrote an owned object that differs from what would be written, if it is not ours.
    pub rival: Option<Text>,
    /// What is wrong but does not block anything yet, with the field and the remedy: a reference to an object that does
    /// not exist, a metric system that does not answer.
    pub concern: Fact<Option<Text>>,
    /// The Canary is being deleted.
    pub deleting: bool,
    /// The Canary carries our finalizer.
    pub finalizer: bool,
    /// The operator requests that were not cleared yet.
    pub requests: Vec<Request>,
    /// The answers of this tick.
    pub answers: Answers,
    /// The command that failed since the last call.
    pub failed: Option<Failure>,
    /// Notices delivered and not yet dropped from the outbox.
    pub sent: Vec<NoticeId>,
}

impl Observation {
    /// Everything is in order and nothing of ours exists: a target that runs this revision serves all users.
    #[must_use]
    pub fn untouched(revision: &str) -> Self {
        let target = Target {
            revision: Fact::Known(Revision::of(revision)),
            replicas: 1,
            readiness: Readiness::Ready,
            serves: Fact::Known(true),
        };
        Self {
            target: Fact::Known(Some(target)),
            primary: Fact::Known(None),
            services: Fact::Known(Services { apex: Apex::Target, serving: true }),
            routes: Fact::Known(None),
            drift: Fact::Known(Drift::default()),
            rival: None,
            concern: Fact::Known(None),
            deleting: false,
            finalizer: false,
            requests: Vec::new(),
            answers: Answers::default(),
            failed: None,
            sent: Vec::new(),
        }
    }

    /// Everything is in order between two runs: the primary serves this revision to all users, the target has no pods.
    #[must_use]
    pub fn settled(revision: &str) -> Self {
        let target = Target {
            revision: Fact::Known(Revision::of(revision)),
            replicas: 0,
            readiness: Readiness::not_ready("scaled to zero"),
            serves: Fact::Known(false),
        };
        let primary = Primary {
            runs: Some(Revision::of(revision)),
            readiness: Readiness::Ready,
            serves: Fact::Known(true),
        };
        Self {
            target: Fact::Known(Some(target)),
            primary: Fact::Known(Some(primary)),
            services: Fact::Known(Services { apex: Apex::Primary, serving: true }),
            routes: Fact::Known(Some(Routes::PRIMARY)),
            finalizer: true,
            ..Self::untouched(revision)
        }
    }

    /// Cuts all texts from outside in it, so that they cannot make a status grow.
    pub(crate) fn bound(&mut self) {
        self.target.bound();
        self.primary.bound();
        self.services.bound();
        self.routes.bound();
        self.drift.bound();
        self.concern.bound();
        self.rival = self.rival.take().map(bounded);
        if let Some(Some(concern)) = self.concern.known_mut() {
            *concern = bounded(concern.clone());
        }
        if let Some(Some(target)) = self.target.known_mut() {
            target.revision.bound();
            target.readiness.bound();
            target.serves.bound();
        }
        if let Some(Some(primary)) = self.primary.known_mut() {
            primary.readiness.bound();
            primary.serves.bound();
        }
    }

    /// Whether the canary serves; `None` if that is not known. A target that does not exist does not serve.
    #[must_use]
    pub fn canary_serves(&self) -> Option<bool> {
        self.target.known()?.as_ref().map_or(Some(false), |target| target.serves.known().copied())
    }

    /// Whether the primary serves; `None` if that is not known. A primary that does not exist does not serve.
    #[must_use]
    pub fn primary_serves(&self) -> Option<bool> {
        self.primary.known()?.as_ref().map_or(Some(false), |primary| primary.serves.known().copied())
    }
}

/// The target workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What it runs; unknown if any tracked configuration could not be read.
    pub revision: Fact<Revision>,
    /// The number of pods it wants; 1 for a workload whose pods are not counted, or 0 when it is scaled down.
    pub replicas: u32,
    /// Whether enough of its pods are available.
    pub readiness: Readiness,
    /// Whether it answers requests at all, see [`serves`].
    pub serves: Fact<bool>,
}

/// The primary workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Primary {
    /// The revision whose promotion would change nothing; `None` if that is not known.
    pub runs: Option<Revision>,
    /// Whether enough of its pods are available.
    pub readiness: Readiness,
    /// Whether it answers requests at all, see [`serves`].
    pub serves: Fact<bool>,
}

/// Whether a copy serves: whether a request that is sent to it reaches a pod.
///
/// `endpoints` says whether its service has a ready endpoint with a port; `None` if no endpoints are published. Then
/// one available pod is enough, and if pods cannot be counted, the copy has to be ready. This is a weaker fact than
/// [`Readiness`]: a copy with one of ten pods serves and is not ready.
#[must_use]
pub fn serves(endpoints: Option<bool>, available: Option<u32>, readiness: &Readiness) -> bool {
    match (endpoints, available) {
        (Some(has_one), _) => has_one,
        (None, Some(available)) => available > 0,
        (None, None) => readiness.is_ready(),
    }
}

/// The reason why a copy that is ready does not serve.
pub(crate) const NO_ENDPOINT: &str = "it has no ready endpoint with a port";

/// Whether enough pods of a workload are available.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Readiness {
    /// Enough pods are available.
    Ready,
    /// There is no such workload.
    Missing,
    /// Not enough are.
    NotReady {
        /// The reason that the platform gives.
        why: Text,
        /// The platform reports that it has failed.
        stalled: bool,
    },
}

impl Readiness {
    /// Not enough pods are available; the platform has not reported a failure.
    #[must_use]
    pub fn not_ready(why: &str) -> Self {
        Self::NotReady { why: why.into(), stalled: false }
    }

    /// Whether `available` of `wanted` pods are enough: at least `threshold` percent, rounded up to whole pods, and at
    /// least one. A workload that wants no pods is ready.
    ///
    /// All drivers use this rule. `threshold` is the policy's `primaryReadyThreshold` or `canaryReadyThreshold`.
    #[must_use]
    pub fn of_pods(available: u32, wanted: u32, threshold: u8, stalled: bool) -> Self {
        let needed = (u64::from(wanted) * u64::from(threshold)).div_ceil(100).max(1);
        if wanted == 0 || u64::from(available) >= needed {
            return Self::Ready;
        }
        let why = alloc::format!("{available} of {wanted} (readyThreshold {threshold}%) pods are available");
        Self::NotReady { why: why.into(), stalled }
    }

    /// Cuts the text of the reason why it is not ready.
    fn bound(&mut self) {
        if let Self::NotReady { why, .. } = self {
            *why = bounded(why.clone());
        }
    }

    /// Whether it is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }

    /// Why it is not ready; `None` if it is.
    #[must_use]
    pub fn why_not(&self) -> Option<Text> {
        match self {
            Self::Ready => None,
            Self::Missing => Some("it does not exist".into()),
            Self::NotReady { why, .. } => Some(why.clone()),
        }
    }

    /// Whether the platform reports that it has failed.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        matches!(self, Self::NotReady { stalled: true, .. })
    }
}

/// The apex service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Services {
    /// Which pods it selects.
    pub apex: Apex,
    /// Whether it has ready endpoints.
    pub serving: bool,
}

/// Which pods the apex service selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Apex {
    /// There is none.
    Absent,
    /// The target's pods.
    Target,
    /// The primary's pods.
    Primary,
    /// Something else.
    Other,
}

/// Which owned objects differ from what would be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// The primary, its configuration or its autoscaler is missing or was changed.
    pub workloads: bool,
    /// A service is missing or was changed.
    pub services: bool,
    /// Something about the existing routes, other than their weights, was changed.
    pub routes: bool,
    /// All of it was observed in order for exactly this manifest, so another client has changed it since.
    pub tampered: bool,
}

impl Drift {
    /// Whether anything differs.
    #[must_use]
    pub fn is_any(self) -> bool {
        self.workloads || self.services || self.routes
    }
}

/// A command that did not succeed; the commands after it in the plan were not tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The command.
    pub command: Command,
    /// The answer of the cluster.
    pub error: Text,
    /// What kind of failure it is.
    pub class: FailureClass,
}

/// Whether another try can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureClass {
    /// It may succeed later: a timeout, an unreachable server.
    Retry,
    /// It will not succeed until someone changes something.
    Refused,
    /// The facts that it was computed from have changed: decide again.
    Moved,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_pods_is_rounded_up_and_needs_at_least_one() {
        let needed = |wanted: u32, threshold: u8| {
            (0..=wanted).find(|available| Readiness::of_pods(*available, wanted, threshold, false).is_ready())
        };
        let of_one = [0, 1, 50, 51, 100].map(|threshold| needed(1, threshold));
        assert_eq!(of_one, [Some(1); 5]);
        assert_eq!([needed(2, 33), needed(2, 50), needed(2, 51)], [Some(1), Some(1), Some(2)]);
        assert_eq!([needed(99, 1), needed(100, 1), needed(101, 1)], [Some(1), Some(1), Some(2)]);
        assert_eq!(needed(10, 100), Some(10));
        assert_eq!(needed(0, 100), Some(0), "a workload that wants no pods stays ready");
        assert!(!Readiness::of_pods(u32::MAX - 1, u32::MAX, 100, false).is_ready());
    }

    #[test]
    fn a_copy_serves_by_the_best_known_fact() {
        let unready = Readiness::not_ready("");
        assert!(serves(Some(true), Some(0), &unready), "9 of 10 pods serve");
        assert!(!serves(Some(false), Some(1), &Readiness::Ready), "an endpoint without ports");
        assert!(serves(None, Some(1), &unready));
        assert!(!serves(None, Some(0), &Readiness::Ready), "a workload that wants no pods does not serve");
        assert!(serves(None, None, &Readiness::Ready));
        assert!(!serves(None, None, &unready));
    }
}
