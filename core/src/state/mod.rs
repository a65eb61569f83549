//! What is remembered between two calls: all of it lives in the Canary's `.status`.

mod condition;
mod countdown;
mod details;
mod outbox;
mod record;
mod run;
mod status;
mod trouble;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};
use core::time::Duration;

pub use self::condition::{Condition, ConditionStatus};
pub use self::countdown::Countdown;
pub(crate) use self::details::Details;
pub use self::outbox::Outbox;
pub use self::record::{AnalysisRecord, Iteration};
pub use self::run::{Away, Intent, Owed, Pending, RunFailure, Stage};
pub use self::status::{Own, Status, VERSION};
pub use self::trouble::{Repair, Stall, Trouble, Unready};
use crate::{
    command::{Cookies, Routes},
    decision::Finding,
    observation::Observation,
    phase::Phase,
    request::RequestKind,
    revision::{Revision, Text},
    spec::{Rollout, Topology},
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
    pub topology: Arc<Topology>,
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
    /// How long it has been closed.
    pub gate_closed: Option<Countdown>,
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
    /// Checks of this run whose pass did not count, because the canary was not reached.
    pub void_checks: u32,
    /// Why the canary was not reached as its step says, since the last check: the next pass does not count.
    pub unreached: Option<Text>,
    /// Time without a judged check, from the first moment at which something was in its way.
    pub unjudged: Option<Countdown>,
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

impl State {
    /// Whether requests are divided in another way than this state says; `false` where that is not known.
    #[must_use]
    pub fn is_misrouted(&self, r: &Rollout, seen: &Observation) -> bool {
        let wanted = Some(self.routes(r.strategy()));
        r.switches_traffic && seen.routes.known().is_some_and(|routes| *routes != wanted)
    }

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
        self.gate_closed = None;
    }

    /// Moves every waiting time on by `span`: time that passed while suspended does not count.
    pub(crate) fn shift(&mut self, span: Duration) {
        self.due = self.due + span;
        for unready in [&mut self.canary_unready, &mut self.primary_unready].into_iter().flatten() {
            unready.count = unready.count.shifted(span);
            unready.gave_up = None;
        }
        self.ready_since = self.ready_since.map(|since| since + span);
        self.gate_closed = self.gate_closed.map(|count| count.shifted(span));
        self.unjudged = self.unjudged.map(|count| count.shifted(span));
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
        self.void_checks = 0;
        self.unreached = None;
        self.unjudged = None;
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
