//! What is remembered of one run.

use serde::{Deserialize, Serialize};

use crate::{
    decision::Cause,
    message::HookKindName,
    phase::Phase,
    revision::{Revision, Text},
    strategy::Weight,
    time::Timestamp,
};

/// Something decided that has to be carried out whatever is seen next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Intent {
    /// The primary gets this revision.
    Promote {
        /// Which.
        revision: Revision,
        /// The primary was told.
        applied: bool,
        /// Without analysis: the phase stays until it is done.
        skipped: bool,
    },
    /// Users go back to the primary, the canary is scaled down.
    Rollback {
        /// Why.
        cause: Cause,
        /// A person released it from waiting for the primary.
        released: bool,
    },
    /// The Canary is taken apart.
    Delete {
        /// Services and routes were given back.
        given_back: bool,
    },
}

/// How far a run is, where the phase does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// No run; or nothing has moved yet.
    #[default]
    Start,
    /// Requests are mirrored before the first step.
    Mirroring,
    /// Weights or iterations grow.
    Analysing,
    /// Blue/green: the iterations are done, the users are on the canary.
    Switched,
    /// After a failed promotion: whichever copy is ready serves.
    Holding,
    /// A revision under all users is analysed, because the primary is broken.
    InPlace,
}

/// A hook that is owed after a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owed {
    /// Key of the hook.
    pub hook: Text,
    /// Its type.
    pub kind: HookKindName,
    /// The phase it is told.
    pub phase: Phase,
    /// Times it was called.
    pub attempts: u32,
    /// When it may be called.
    pub at: Timestamp,
}

/// Users who left a canary that serves nobody. The stage stays as it is; meanwhile the canary's weight is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Since when.
    pub since: Timestamp,
    /// The weight they come back to.
    pub weight: Weight,
}

/// How the last run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    /// Why.
    pub cause: Cause,
    /// When.
    pub at: Timestamp,
}

/// A revision that is to be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// Which; unknown: whatever the target shows.
    pub revision: Revision,
    /// An operator asked for it: it is run even if it is promoted already.
    pub asked_for: bool,
}
