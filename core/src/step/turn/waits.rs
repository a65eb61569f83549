//! When to call again: the earliest moment at which a rule that waits can have another answer.

use serde::Serialize;

use crate::time::Timestamp;

/// When to call again, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Wake {
    /// When; if not later than now: at once.
    pub at: Timestamp,
    /// Why.
    pub why: Why,
}

/// The purpose of a wake.
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
    /// It has to be reported that the Canary is blocked.
    Stalled,
    /// Notices are still to be delivered.
    Notices,
}

/// The moments that one call waits for. Each rule that waits notes its own, where it waits.
#[derive(Debug)]
pub(super) struct Waits {
    now: Timestamp,
    earliest: Option<Wake>,
}

impl Waits {
    pub(super) const fn from(now: Timestamp) -> Self {
        Self { now, earliest: None }
    }

    /// Notes a moment. A past moment is not waited for.
    pub(super) fn add(&mut self, at: Timestamp, why: Why) {
        if at > self.now && self.earliest.is_none_or(|wake| (at, why) < (wake.at, wake.why)) {
            self.earliest = Some(Wake { at, why });
        }
    }

    pub(super) fn earliest(&self) -> Option<Wake> {
        self.earliest
    }
}
