//! What is remembered between two calls: all of it lives in the Canary's `.status`.

mod condition;
mod details;
mod outbox;
mod record;
mod status;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};
use core::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::condition::{Condition, ConditionStatus};
pub(crate) use self::details::Details;
pub use self::outbox::Outbox;
pub use self::record::{AnalysisRecord, Iteration};
pub use self::status::{Own, Status, VERSION};
use crate::{
    command::{Cookies, Routes},
    decision::{Cause, Finding, Obstacle},
    message::HookKindName,
    observation::FailureClass,
    phase::Phase,
    request::RequestKind,
    revision::{Revision, Text},
    spec::Shape,
    strategy::{BlueGreen, Strategy, Weight},
    time::Timestamp,
};

/// The state of a Canary.
///
/// Read it with [`State::from`] a [`Status`] and write it with [`Status::from`]; the two are inverse.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Where the Canary stands.
    pub phase: Phase,
    /// The canary's share of requests; 0 in A/B and blue/green.
    pub canary_weight: Weight,
    /// Failed checks of this run.
    pub failed_checks: u32,
    /// Iterations made in this run.
    pub iterations: u32,
    /// The revision of this run, or the one last looked at.
    pub applied: Revision,
    /// The revision the primary was last given.
    pub promoted: Revision,
    /// Session cookies.
    pub cookies: Cookies,
    /// The `Promoted` condition.
    pub condition: Option<Arc<Condition>>,
    /// When this was saved, in whole seconds.
    pub last_transition: Timestamp,
    /// The last measurements.
    pub analysis: AnalysisRecord,
    /// Who wrote this.
    pub origin: Origin,

    /// Counts the saves.
    pub seq: u64,
    /// Counts the runs; names hooks, cookies and the primary's pods.
    pub run: u32,
    /// Counts the checks of a run, polled gates included.
    pub check: u32,
    /// Strategy, provider, target and service the run began with.
    pub shape: Arc<Shape>,
    /// What was decided and cannot be taken back.
    pub intent: Option<Intent>,
    /// Services or routes were told to go to the primary: deletion has something to give back.
    pub took_over: bool,
    /// How far the run is.
    pub stage: Stage,
    /// Percentage of requests that is mirrored.
    pub mirror_weight: Weight,
    /// Hooks that passed in this run and are not called again.
    pub passed: BTreeSet<Text>,
    /// Gates that passed for the next step and are not called again before it.
    pub passed_step: BTreeSet<Text>,
    /// The closed gate that was told of.
    pub closed_gate: Option<Text>,
    /// Since when it is closed.
    pub gate_closed_since: Option<Timestamp>,
    /// Hooks still to be called after a run, in order.
    pub owed: Vec<Owed>,
    /// Notices not yet known to be sent.
    pub outbox: Outbox,
    /// Requests acted upon and not yet seen gone.
    pub consumed: BTreeMap<RequestKind, Text>,
    /// An operator set the weight: passing checks do not change it.
    pub held_by_operator: bool,
    /// This run skips its analysis.
    pub skip: bool,
    /// The next run skips its analysis.
    pub skip_next: bool,
    /// Why the last check failed.
    pub last_finding: Option<Finding>,
    /// Why the last run failed; `None` from the next one on.
    pub failure: Option<RunFailure>,
    /// Checks of this run that were not judged.
    pub held_checks: u32,
    /// When the next check counts.
    pub due: Timestamp,
    /// Since when the canary is not ready.
    pub canary_unready: Option<Unready>,
    /// Since when the primary is not ready.
    pub primary_unready: Option<Unready>,
    /// Since when the canary is ready, while a warm-up waits for it.
    pub ready_since: Option<Timestamp>,
    /// The users who left this run's canary because it served nobody.
    pub away: Option<Away>,
    /// In this run users left the canary before, and that was alerted.
    pub away_told: bool,
    /// The primary serves nobody while its users are not sent elsewhere, and that was alerted.
    pub primary_down: bool,
    /// Since when the Canary is suspended.
    pub suspended: Option<Timestamp>,
    /// What outside holds the Canary up.
    pub stall: Option<Stall>,
    /// What is wrong and holds nothing up yet.
    pub concern: Option<Text>,
    /// The command that fails.
    pub trouble: Option<Trouble>,
    /// Repairs of the routes.
    pub repair: Option<Repair>,
    /// A revision that waits, or that an operator wants run again.
    pub pending: Option<Pending>,
    /// The phase before this run or wait.
    pub before: Phase,
}

/// Who wrote a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody, or we.
    #[default]
    Ours,
    /// Flagger: it has no fields of ours.
    Flagger,
    /// A newer version of ours, which this one does not understand.
    Newer(u16),
}

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

/// A workload that is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unready {
    /// Since when.
    pub since: Timestamp,
    /// When it was seen so close to its deadline; the deadline fires only if it is seen so again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warned: Option<Timestamp>,
    /// That it takes longer than an interval was told.
    #[serde(default)]
    pub told: bool,
}

impl Unready {
    /// Not ready from now on.
    #[must_use]
    pub const fn since(since: Timestamp) -> Self {
        Self { since, warned: None, told: false }
    }
}

/// What outside holds a Canary up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stall {
    /// What.
    pub on: Obstacle,
    /// Since when.
    pub since: Timestamp,
    /// When it was last told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Timestamp>,
}

/// A command that fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// The command, as it is shown.
    pub command: Text,
    /// What the cluster said last.
    pub error: Text,
    /// What kind of failure it is.
    pub class: FailureClass,
    /// Since when it fails.
    pub since: Timestamp,
    /// Times it failed.
    pub attempts: u32,
    /// When it is tried again.
    pub retry_at: Timestamp,
    /// That it lasts was told.
    #[serde(default)]
    pub alerted: bool,
}

/// Repairs of routes that someone else keeps changing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// When the last was made.
    pub at: Timestamp,
    /// How many were made in a row.
    pub times: u32,
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

impl State {
    /// How requests are to be divided: a function of the state, never of what is seen.
    #[must_use]
    pub fn routes(&self, strategy: &Strategy) -> Routes {
        if self.away.is_some() {
            return Routes::PRIMARY;
        }
        match self.stage {
            Stage::Holding | Stage::InPlace => Routes::split(self.canary_weight),
            Stage::Switched => match strategy {
                Strategy::BlueGreen(BlueGreen { switches: false, .. }) => Routes::PRIMARY,
                Strategy::BlueGreen(_) | Strategy::Weighted(_) | Strategy::AbTesting { .. } => {
                    Routes::split(100)
                }
            },
            Stage::Mirroring if strategy.mirrors() => {
                Routes { mirror: Some(self.mirror_weight), ..Routes::PRIMARY }
            }
            Stage::Mirroring => Routes::PRIMARY,
            Stage::Start | Stage::Analysing => match strategy {
                Strategy::Weighted(weighted) => Routes {
                    matched: weighted.matched && self.canary_weight > 0,
                    ..Routes::split(self.canary_weight)
                },
                Strategy::AbTesting { .. } if self.stage == Stage::Analysing => {
                    Routes { matched: true, ..Routes::split(100) }
                }
                Strategy::BlueGreen(_)
                    if self.stage == Stage::Analysing && self.mirror_weight > 0 && strategy.mirrors() =>
                {
                    Routes { mirror: Some(self.mirror_weight), ..Routes::PRIMARY }
                }
                Strategy::AbTesting { .. } | Strategy::BlueGreen(_) => Routes::PRIMARY,
            },
        }
    }

    /// Whether the primary was told to run the new revision.
    #[must_use]
    pub fn is_promotion_applied(&self) -> bool {
        matches!(self.intent, Some(Intent::Promote { applied: true, .. }))
    }

    /// Whether a run is under way: something was scaled up for it.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.phase.is_analysing() || matches!(self.phase, Phase::Promoting | Phase::Finalising)
    }

    /// Sets the condition to what this state means at `now`.
    pub(crate) fn settle_condition(&mut self, details: Details<'_>, now: Timestamp) {
        self.condition = Some(Condition::of(self, details, now));
    }

    /// Notes what the target shows outside a run: set back to what is promoted, or newer than what was tried. Either makes
    /// what it showed before new again.
    pub(crate) fn remember(&mut self, shown: &Revision) {
        if *shown == self.promoted {
            self.applied = shown.clone();
        } else if *shown != self.applied {
            self.pending = Some(Pending { revision: shown.clone(), asked_for: false });
        }
    }

    /// No gate is closed any more, or none is asked.
    pub(crate) fn forget_closed_gate(&mut self) {
        self.closed_gate = None;
        self.gate_closed_since = None;
    }

    /// Moves every waiting time on by `span`: time that passed while suspended does not count.
    pub(crate) fn shift(&mut self, span: Duration) {
        self.due = self.due + span;
        for unready in [&mut self.canary_unready, &mut self.primary_unready].into_iter().flatten() {
            unready.since = unready.since + span;
            unready.warned = None;
        }
        self.ready_since = self.ready_since.map(|since| since + span);
        self.gate_closed_since = self.gate_closed_since.map(|since| since + span);
        if let Some(away) = &mut self.away {
            away.since = away.since + span;
        }
        if let Some(stall) = &mut self.stall {
            stall.since = stall.since + span;
        }
    }

    /// Forgets everything that belongs to one run alone; what is promoted, owed and told stays.
    pub(crate) fn clear_run(&mut self) {
        self.canary_weight = 0;
        self.iterations = 0;
        self.stage = Stage::Start;
        self.mirror_weight = 0;
        self.passed.clear();
        self.passed_step.clear();
        self.forget_closed_gate();
        self.held_by_operator = false;
        self.skip = false;
        self.last_finding = None;
        self.failure = None;
        self.held_checks = 0;
        self.canary_unready = None;
        self.primary_unready = None;
        self.ready_since = None;
        self.away = None;
        self.away_told = false;
        self.primary_down = false;
        self.intent = None;
        self.pending = None;
    }
}
