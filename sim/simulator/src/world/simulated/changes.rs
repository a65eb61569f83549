//! The changes of the cluster on which requests depend.

use std::time::Duration;

use serin_core::revision::Text;

use super::{
    Simulation,
    autoscaler::{CANARY, PRIMARY},
    load::{Load, Segment, Test},
};
use crate::scenario::{self, Delay};

/// A change of the cluster on which requests depend.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ClusterChange {
    /// The copies of the target from now on.
    Copies(Copies),
    /// Pods of the canary are started, with this revision.
    CanaryStarts(Text),
    /// Pods of the primary are started, with this revision.
    PrimaryStarts(Text),
    /// A hook, by its key, is called that sends this load to the canary.
    LoadTest(Text, scenario::Load),
}

/// The state of the copies of the target, as far as requests depend on it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Copies {
    pub(crate) canary: Copy,
    pub(crate) primary: Copy,
    /// The share of all requests, or of the matched ones, that goes to the canary.
    pub(crate) weight: f64,
    /// Only matched requests are divided.
    pub(crate) matched: bool,
    /// The share of the primary's requests that is mirrored to the canary.
    pub(crate) mirror: f64,
}

/// One copy of the target.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Copy {
    pub(crate) revision: Text,
    pub(crate) serves: bool,
}

impl Simulation<'_> {
    /// The cluster changes. Returns how long pods take that are started.
    pub(crate) fn hear(&mut self, at: Duration, change: &ClusterChange) -> Option<Delay> {
        match change {
            ClusterChange::Copies(copies) => self.note(at, copies),
            ClusterChange::CanaryStarts(revision) => return Some(self.start_canary(at, revision)),
            ClusterChange::PrimaryStarts(revision) => return Some(self.start_primary(revision)),
            ClusterChange::LoadTest(hook, load) => self.call(at, hook, *load),
        }
        None
    }

    /// The copies of the target from now on.
    fn note(&mut self, at: Duration, copies: &Copies) {
        let at = at.as_secs_f64();
        let reach = if copies.matched { self.matched } else { 1.0 };
        let users = copies.weight * reach;
        let mirrored = copies.mirror * (1.0 - users);
        if self.canary.last().is_none() {
            self.settle_scalers(users);
        }
        let (canary, primary) =
            (self.version(&copies.canary.revision), self.version(&copies.primary.revision));
        // Changes of routes take effect with the router's delay, changes of pods at once.
        let is_told = self.canary.last().is_some_and(|last| last.users != users || last.mirrored != mirrored);
        let from = if is_told { at + self.router } else { at };
        let started = |load: &Load, version: usize| match load.last() {
            Some(last) if last.version == version => last.started,
            Some(_) | None => at,
        };
        let serves = (copies.canary.serves, copies.primary.serves);
        let started = (started(&self.canary, canary), started(&self.primary, primary));
        self.canary.note(Segment {
            from,
            users,
            mirrored,
            version: canary,
            started: started.0,
            serves: serves.0,
            capacity: self.capacity(CANARY),
        });
        self.primary.note(Segment {
            from,
            users: 1.0 - users,
            mirrored: 0.0,
            version: primary,
            started: started.1,
            serves: serves.1,
            capacity: self.capacity(PRIMARY),
        });
    }

    /// Pods of the canary are started: their counters begin at zero. Returns how long they take to get ready.
    fn start_canary(&mut self, at: Duration, revision: &Text) -> Delay {
        self.count_users(at.as_secs_f64());
        self.counters.restart(at.as_secs_f64());
        if let Some(fine) = &mut self.fine {
            fine.restart(at.as_secs_f64());
        }
        self.first_started.get_or_insert(at.as_secs_f64());
        let version = self.version(revision);
        self.restart_scaler();
        if let Some(last) = self.canary.last().copied() {
            let (from, capacity) = (at.as_secs_f64(), self.capacity(CANARY));
            self.canary.note(Segment { from, version, started: from, serves: false, capacity, ..last });
        }
        self.versions[version].takes(&mut self.pods)
    }

    /// Pods of the primary are started. Returns how long they take to get ready.
    fn start_primary(&mut self, revision: &Text) -> Delay {
        let version = self.version(revision);
        self.versions[version].takes(&mut self.pods)
    }

    /// A hook is called that starts a load test of the canary. A load test that runs is not started again.
    fn call(&mut self, at: Duration, hook: &Text, load: scenario::Load) {
        let from = at.as_secs_f64();
        self.sending.retain(|(_, until)| *until > from);
        let is_sending = self.sending.iter().any(|(key, _)| key == hook);
        if self.simulated.load_test.is_some() || is_sending {
            return;
        }
        let to = from + load.lasts.as_secs_f64();
        self.sending.push((hook.clone(), to));
        self.canary.test(Test { from, to, rps: load.rps });
    }

    /// How often pods of a revision stop being ready, and for how long.
    pub(crate) fn flaps(&mut self, revision: &Text) -> Option<(Duration, Duration)> {
        let version = self.version(revision);
        let (every, lasts) = self.versions[version].flaps?;
        Some((Duration::from_secs_f64(every), Duration::from_secs_f64(lasts)))
    }
}
