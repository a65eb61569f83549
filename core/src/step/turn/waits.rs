//! When to call again: the earliest moment at which a rule that waits would not wait any more.

use serde::Serialize;

use crate::time::Timestamp;

/// When to call again, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Wake {
    /// When; not later than now: at once.
    pub at: Timestamp,
    /// Why.
    pub why: Why,
}

/// What a wake is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// There is more to do in this tick.
    AtOnce,
    /// The next check, or the next step of a promotion.
    NextCheck,
    /// The warm-up is over.
    WarmedUp,
    /// A workload's deadline.
    Deadline,
    /// A command or a hook is tried again.
    Retry,
    /// It is reported that the Canary is held up.
    Stalled,
    /// Notices are still to be delivered.
    Notices,
}

/// What is waited for in one call. Each rule that waits says until when, where it waits.
#[derive(Debug)]
pub(super) struct Waits {
    now: Timestamp,
    earliest: Option<Wake>,
}

impl Waits {
    pub(super) const fn from(now: Timestamp) -> Self {
        Self { now, earliest: None }
    }

    /// Notes a moment. One that has come is waited for no more.
    pub(super) fn add(&mut self, at: Timestamp, why: Why) {
        if at > self.now && self.earliest.is_none_or(|wake| (at, why) < (wake.at, wake.why)) {
            self.earliest = Some(Wake { at, why });
        }
    }

    pub(super) fn earliest(&self) -> Option<Wake> {
        self.earliest
    }
}
