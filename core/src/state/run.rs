//! The state of one run.

use alloc::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Countdown, Stage, Unready, is_default};
use crate::{
    decision::{Cause, Finding},
    message::HookKindName,
    phase::Phase,
    revision::{Revision, Text},
    strategy::Weight,
    time::Timestamp,
};

/// The state of one run. A run begins and ends with the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Run {
    /// What was decided and is irreversible.
    #[serde(skip_serializing_if = "is_default")]
    pub intent: Option<Intent>,
    /// How far the run is.
    pub stage: Stage,
    /// Percentage of requests that is mirrored.
    #[serde(skip_serializing_if = "is_default")]
    pub mirror_weight: Weight,
    /// Hooks that passed in this run and are not called again.
    #[serde(skip_serializing_if = "is_default")]
    pub passed: BTreeSet<Text>,
    /// Gates that passed for the next step and are not called again before it.
    #[serde(skip_serializing_if = "is_default")]
    pub passed_step: BTreeSet<Text>,
    /// The closed gate that was reported.
    #[serde(skip_serializing_if = "is_default")]
    pub closed_gate: Option<Text>,
    /// How long it has been closed.
    #[serde(skip_serializing_if = "is_default")]
    pub gate_closed: Option<Countdown>,
    /// An operator set the weight: passing checks do not change it.
    #[serde(skip_serializing_if = "is_default")]
    pub held_by_operator: bool,
    /// This run skips its analysis.
    #[serde(skip_serializing_if = "is_default")]
    pub skip: bool,
    /// Why the last check failed.
    #[serde(skip_serializing_if = "is_default")]
    pub last_finding: Option<Finding>,
    /// Why the last run failed; `None` from the start of the next one.
    #[serde(skip_serializing_if = "is_default")]
    pub failure: Option<RunFailure>,
    /// Checks that were held.
    #[serde(skip_serializing_if = "is_default")]
    pub held_checks: u32,
    /// Checks whose pass did not count, because the canary was not reached.
    #[serde(skip_serializing_if = "is_default")]
    pub void_checks: u32,
    /// Why the canary was not reached, as its step says, since the last check: the next pass does not count.
    #[serde(skip_serializing_if = "is_default")]
    pub unreached: Option<Text>,
    /// Time without a judged check, since something first kept checks from being judged.
    #[serde(skip_serializing_if = "is_default")]
    pub unjudged: Option<Countdown>,
    /// Since when the canary is not ready.
    #[serde(skip_serializing_if = "is_default")]
    pub canary_unready: Option<Unready>,
    /// Since when the primary is not ready.
    #[serde(skip_serializing_if = "is_default")]
    pub primary_unready: Option<Unready>,
    /// Since when the canary is ready, during a warm-up.
    #[serde(skip_serializing_if = "is_default")]
    pub ready_since: Option<Timestamp>,
    /// The users who left the canary because it did not serve.
    #[serde(skip_serializing_if = "is_default")]
    pub away: Option<Away>,
    /// Users left the canary before, and an alert was sent.
    #[serde(skip_serializing_if = "is_default")]
    pub away_told: bool,
    /// The primary does not serve while its users are not sent elsewhere, and an alert was sent.
    #[serde(skip_serializing_if = "is_default")]
    pub primary_down: bool,
    /// A revision that waits, or that an operator requested to run again.
    #[serde(skip_serializing_if = "is_default")]
    pub pending: Option<Pending>,
}

impl Run {
    /// No gate is closed any more, or none is asked.
    pub(crate) fn forget_closed_gate(&mut self) {
        self.closed_gate = None;
        self.gate_closed = None;
    }
}

/// A decision that has to be carried out whatever is observed next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Intent {
    /// The primary gets this revision.
    Promote {
        /// Which.
        revision: Revision,
        /// The primary got the command.
        applied: bool,
        /// Without analysis: the phase stays until it is done.
        skipped: bool,
    },
    /// Users go back to the primary, the canary is scaled down.
    Rollback {
        /// Why.
        cause: Cause,
        /// A person ordered it not to wait for the primary.
        released: bool,
    },
    /// The Canary is being removed.
    Delete {
        /// Services and routes were given back.
        given_back: bool,
    },
}

/// A hook that is owed after a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owed {
    /// Key of the hook.
    pub hook: Text,
    /// Its type.
    pub kind: HookKindName,
    /// The phase that it gets.
    pub phase: Phase,
    /// How many times it was called.
    pub attempts: u32,
    /// When it may be called.
    pub at: Timestamp,
}

/// Users who left a canary that does not serve. The stage stays as it is; meanwhile the canary's weight is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Since when.
    pub since: Timestamp,
    /// The weight that they return to.
    pub weight: Weight,
}

/// How the last run failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Which; unknown: whichever the target shows.
    pub revision: Revision,
    /// An operator requested it: it is run even if it is promoted already.
    pub asked_for: bool,
}
