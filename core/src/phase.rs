//! The phases of a Canary and all transitions between them, as one table.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The phase of a Canary, with Flagger's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// Nothing was done yet.
    #[default]
    #[serde(rename = "")]
    New,
    /// The primary is being created; users are still served by the target.
    Initializing,
    /// The primary serves; no rollout was made yet.
    Initialized,
    /// A new revision waits for approval to start.
    Waiting,
    /// A new revision is being analysed.
    Progressing,
    /// The analysis passed; promotion waits for approval.
    WaitingPromotion,
    /// The primary is being updated to the new revision.
    Promoting,
    /// The primary serves the new revision; the canary is about to be scaled down.
    Finalising,
    /// The new revision was promoted.
    Succeeded,
    /// The new revision was not promoted, or its promotion failed.
    Failed,
    /// The Canary is being deleted; its target takes over again.
    // The CRD has `Terminated` as well. Flagger never writes it; if it is read, the Canary is being deleted.
    #[serde(alias = "Terminated")]
    Terminating,
}

impl Phase {
    /// Every phase, in the order of a rollout.
    pub const ALL: [Self; 11] = [
        Self::New,
        Self::Initializing,
        Self::Initialized,
        Self::Waiting,
        Self::Progressing,
        Self::WaitingPromotion,
        Self::Promoting,
        Self::Finalising,
        Self::Succeeded,
        Self::Failed,
        Self::Terminating,
    ];

    /// Nothing is under way: the Canary waits for a new revision.
    #[must_use]
    pub const fn is_idle(self) -> bool {
        matches!(self, Self::Initialized | Self::Succeeded | Self::Failed)
    }

    /// A revision is being analysed.
    #[must_use]
    pub const fn is_analysing(self) -> bool {
        matches!(self, Self::Progressing | Self::WaitingPromotion)
    }

    /// The name as it is in `.status.phase`; empty for [`Phase::New`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "",
            Self::Initializing => "Initializing",
            Self::Initialized => "Initialized",
            Self::Waiting => "Waiting",
            Self::Progressing => "Progressing",
            Self::WaitingPromotion => "WaitingPromotion",
            Self::Promoting => "Promoting",
            Self::Finalising => "Finalising",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Terminating => "Terminating",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Every change of phase that can be saved: from, to, and the cause.
///
/// Deletion leads from every phase to [`Phase::Terminating`] and is not repeated here. Only [`is_allowed`] and the
/// documentation read the table; the walk fails if a row never occurs, or if another change does.
pub const TRANSITIONS: &[(Phase, Phase, &str)] = {
    use Phase::*;
    &[
        (New, Initializing, "a Canary appears"),
        (Initializing, Initialized, "primary ready and serving"),
        (Initialized, Waiting, "new revision, not approved yet"),
        (Initialized, Progressing, "new revision"),
        (Succeeded, Waiting, "new revision, not approved yet"),
        (Succeeded, Progressing, "new revision"),
        (Failed, Waiting, "new revision, not approved yet"),
        (Failed, Progressing, "new revision"),
        (Waiting, Progressing, "approved"),
        (Waiting, Initialized, "revision withdrawn"),
        (Waiting, Succeeded, "revision withdrawn"),
        (Waiting, Failed, "revision withdrawn or rejected"),
        (Progressing, Waiting, "newer revision, not approved yet"),
        (Progressing, WaitingPromotion, "analysis passed, not approved yet"),
        (Progressing, Promoting, "analysis passed"),
        (Progressing, Succeeded, "analysis skipped"),
        (Progressing, Failed, "rolled back"),
        (WaitingPromotion, Progressing, "newer revision"),
        (WaitingPromotion, Promoting, "approved"),
        (WaitingPromotion, Failed, "rolled back"),
        (WaitingPromotion, Succeeded, "analysis skipped"),
        (Promoting, Progressing, "newer revision before the primary was touched"),
        (Promoting, Finalising, "primary ready, all traffic to it"),
        (Promoting, Failed, "primary never ready"),
        (Finalising, Failed, "primary not ready any more"),
        (Finalising, Succeeded, "canary scaled down"),
        (Initialized, Initializing, "target, service or provider replaced"),
        (Succeeded, Initializing, "target, service or provider replaced"),
        (Failed, Initializing, "target, service or provider replaced"),
        (Waiting, Initializing, "target, service or provider replaced"),
        (Progressing, Initializing, "target, service or provider replaced"),
        (WaitingPromotion, Initializing, "target, service or provider replaced"),
        (Promoting, Initializing, "target, service or provider replaced"),
        (Finalising, Initializing, "target, service or provider replaced"),
    ]
};

/// Whether a saved state may move from one phase to the other. Staying is always allowed.
#[must_use]
pub fn is_allowed(from: Phase, to: Phase) -> bool {
    from == to || to == Phase::Terminating || TRANSITIONS.iter().any(|(f, t, _)| (*f, *t) == (from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_crd_is_read() {
        for phase in Phase::ALL {
            let written = alloc::format!("{:?}", phase.name());
            assert_eq!(serde_json::from_str::<Phase>(&written).unwrap(), phase);
        }
        assert_eq!(serde_json::from_str::<Phase>("\"Terminated\"").unwrap(), Phase::Terminating);
    }
}
