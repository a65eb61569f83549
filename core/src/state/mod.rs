//! What is remembered between two calls. All of it is in the Canary's `.status`.

mod condition;
mod configs_alone;
mod countdown;
mod details;
mod origin;
mod outbox;
mod record;
mod run;
pub mod stage;
mod status;
mod times;
mod trouble;

use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};
use serde::{Deserialize, Serialize};

pub use self::condition::{Condition, ConditionStatus};
pub use self::countdown::Countdown;
pub(crate) use self::details::Details;
pub use self::origin::{Origin, VERSION};
pub use self::outbox::Outbox;
pub use self::record::{AnalysisRecord, Iteration};
pub use self::run::{Away, Intent, Owed, Pending, Run, RunFailure};
pub use self::stage::Stage;
pub use self::status::Status;
pub(crate) use self::times::Times;
pub use self::trouble::{Repair, Stall, Trouble, Unready};
use crate::{
    command::{Cookies, Routes},
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
/// It is read with [`State::from`] a [`Status`] and written with [`Status::from`]; the two are inverse. A `State`
/// itself is serialized as `.status.serin`, without the fields that Flagger's status has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct State {
    /// The phase.
    #[serde(skip)]
    pub phase: Phase,
    /// The canary's share of requests; 0 in A/B and blue/green.
    #[serde(skip)]
    pub canary_weight: Weight,
    /// Failed checks of this run.
    #[serde(skip)]
    pub failed_checks: u32,
    /// Iterations made in this run.
    #[serde(skip)]
    pub iterations: u32,
    /// The revision of this run, or the one that was observed last.
    #[serde(skip)]
    pub applied: Revision,
    /// Session cookies.
    #[serde(skip)]
    pub cookies: Cookies,
    /// The `Promoted` condition.
    #[serde(skip)]
    pub condition: Option<Arc<Condition>>,
    /// When this was saved, in whole seconds.
    #[serde(skip)]
    pub last_transition: Timestamp,
    /// The last measurements.
    #[serde(skip)]
    pub analysis: AnalysisRecord,

    /// Which controller wrote this.
    #[serde(rename = "version")]
    pub origin: Origin,
    /// Counts the saves.
    pub seq: u64,
    /// Counts the runs; part of the names of hook calls, of cookies, and of a mark on the primary's pods.
    #[serde(rename = "run")]
    pub runs: u32,
    /// Counts the checks of a run, polled gates included.
    pub check: u32,
    /// Strategy, provider, target and service with which the run began.
    #[serde(rename = "shape")]
    pub topology: Arc<Topology>,
    /// The revision the primary was last given. Flagger's status has a field for its checksum.
    #[serde(
        rename = "promotedConfigs",
        with = "configs_alone",
        skip_serializing_if = "configs_alone::is_empty"
    )]
    pub promoted: Revision,
    /// Services or routes were sent to the primary: deletion has to give them back.
    #[serde(skip_serializing_if = "is_default")]
    pub took_over: bool,
    /// What is remembered of one run, and forgotten at its end.
    #[serde(flatten)]
    pub run: Run,
    /// Hooks that are still to be called after a run, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub owed: Vec<Owed>,
    /// Notices that are not yet known to be sent.
    #[serde(skip_serializing_if = "is_default")]
    pub outbox: Outbox,
    /// Requests that were handled and are not yet known to be removed.
    #[serde(skip_serializing_if = "is_default")]
    pub consumed: BTreeMap<RequestKind, Text>,
    /// The next run skips its analysis.
    #[serde(skip_serializing_if = "is_default")]
    pub skip_next: bool,
    /// When the next check counts.
    pub due: Timestamp,
    /// Since when the Canary is suspended.
    #[serde(skip_serializing_if = "is_default")]
    pub suspended: Option<Timestamp>,
    /// What outside blocks the Canary.
    #[serde(skip_serializing_if = "is_default")]
    pub stall: Option<Stall>,
    /// What is wrong but does not block anything yet.
    #[serde(skip_serializing_if = "is_default")]
    pub concern: Option<Text>,
    /// The command that fails.
    #[serde(rename = "failing", skip_serializing_if = "is_default")]
    pub trouble: Option<Trouble>,
    /// Repairs of the routes.
    #[serde(skip_serializing_if = "is_default")]
    pub repair: Option<Repair>,
    /// The phase before this run or wait.
    pub before: Phase,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl State {
    /// Whether requests are divided in another way than this state says; `false` if that is not known.
    #[must_use]
    pub fn is_misrouted(&self, r: &Rollout, seen: &Observation) -> bool {
        let wanted = Some(self.routes(r.strategy()));
        r.switches_traffic && seen.routes.known().is_some_and(|routes| *routes != wanted)
    }

    /// How requests have to be divided. It follows from the state only, never from the observation.
    #[must_use]
    pub fn routes(&self, strategy: &Strategy) -> Routes {
        if self.run.away.is_some() {
            return Routes::PRIMARY;
        }
        match self.run.stage {
            Stage::Holding | Stage::InPlace => Routes::split(self.canary_weight),
            Stage::Switched => match strategy {
                Strategy::BlueGreen(BlueGreen { switches: false, .. }) => Routes::PRIMARY,
                Strategy::BlueGreen(_) | Strategy::Weighted(_) | Strategy::AbTesting { .. } => {
                    Routes::split(100)
                }
            },
            Stage::Mirroring if strategy.mirrors() => {
                Routes { mirror: Some(self.run.mirror_weight), ..Routes::PRIMARY }
            }
            Stage::Mirroring => Routes::PRIMARY,
            Stage::Start | Stage::Analysing => match strategy {
                Strategy::Weighted(weighted) => Routes {
                    matched: weighted.matched && self.canary_weight > 0,
                    ..Routes::split(self.canary_weight)
                },
                Strategy::AbTesting { .. } if self.run.stage == Stage::Analysing => {
                    Routes { matched: true, ..Routes::split(100) }
                }
                Strategy::BlueGreen(_)
                    if self.run.stage == Stage::Analysing
                        && self.run.mirror_weight > 0
                        && strategy.mirrors() =>
                {
                    Routes { mirror: Some(self.run.mirror_weight), ..Routes::PRIMARY }
                }
                Strategy::AbTesting { .. } | Strategy::BlueGreen(_) => Routes::PRIMARY,
            },
        }
    }

    /// Whether the primary got the command to run the new revision.
    #[must_use]
    pub fn is_promotion_applied(&self) -> bool {
        matches!(self.run.intent, Some(Intent::Promote { applied: true, .. }))
    }

    /// Whether a run is under way: something was scaled up for it.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.phase.is_analysing() || matches!(self.phase, Phase::Promoting | Phase::Finalising)
    }

    /// Sets the condition to the meaning of this state at `now`.
    pub(crate) fn settle_condition(&mut self, details: Details<'_>, now: Timestamp) {
        self.condition = Some(Condition::of(self, details, now));
    }

    /// Notes the revision that the target shows outside a run: either the promoted one again, or a newer one than was
    /// tried. In both cases the revision that it showed before counts as new again.
    pub(crate) fn remember(&mut self, shown: &Revision) {
        if *shown == self.promoted {
            self.applied = shown.clone();
        } else if *shown != self.applied {
            self.run.pending = Some(Pending { revision: shown.clone(), asked_for: false });
        }
    }

    /// Forgets everything that belongs to one run. What is promoted, owed and reported stays.
    pub(crate) fn clear_run(&mut self) {
        self.canary_weight = 0;
        self.iterations = 0;
        self.run = Run::default();
    }
}
