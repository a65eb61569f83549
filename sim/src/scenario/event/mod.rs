//! What happens in a story: each event has one trigger and one action.

mod schema;
mod shown;
mod written;

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serin_core::{
    Phase, State, command::Routes, decision::Workload, observation::FailureClass, request::RequestKind,
    strategy::Weight,
};

pub(super) use self::written::WrittenEvent;
use super::{
    answer::{HookAnswer, MetricAnswer},
    world::Delay,
};

/// One item of `events`.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it happens.
    pub trigger: Trigger,
    /// What happens.
    pub action: Action,
}

/// When an event happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// So long after the story began.
    At(Duration),
    /// So long after the event before it.
    After(Duration),
    /// So long after the saved status is like this, looked at once the event before it has happened.
    When(Pattern, Duration),
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The target's pod template becomes this revision.
    Deploy(String),
    /// Tracked configuration gets this content.
    Config(BTreeMap<String, String>),
    /// An operator writes annotations, or takes them away.
    Annotate(BTreeMap<RequestKind, Option<String>>),
    /// This is merged into `.spec`.
    Edit(Value),
    /// Something is deleted.
    Delete(Deleted),
    /// Pods become ready, or not.
    Ready(Vec<(Workload, Pods)>),
    /// Somebody sets the target's replicas.
    Scale(u32),
    /// Somebody else writes the routes.
    Routes(Routes),
    /// Somebody else changes owned objects.
    Drift(Vec<Overwritten>),
    /// What we do next fails.
    Fail(Fail, Times),
    /// A fact cannot be read.
    Unknown {
        /// Which.
        fact: Blind,
        /// For how long; `None`: to the end.
        lasts: Option<Duration>,
        /// The reason.
        why: String,
    },
    /// The controller is stopped and started.
    Restart,
    /// The controller is stopped at this place, and started at once.
    Stop(StopAfter),
    /// The clock jumps, ahead or back, by milliseconds.
    Clock(i64),
    /// The controller is not called for so long.
    Away(Duration),
    /// Another controller acts on the status as it was so many saves ago.
    SecondController(usize),
    /// From now on metrics answer this.
    Metrics(BTreeMap<String, Vec<MetricAnswer>>),
    /// From now on hooks answer this.
    Hooks(BTreeMap<String, Vec<HookAnswer>>),
    /// From now on receivers of alerts answer this.
    Receivers(BTreeMap<String, Vec<HookAnswer>>),
}

/// An old status is at most so many saves old.
pub const MOST_SAVES_BEHIND: usize = 4;

/// What becomes of a copy's pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pods {
    /// They are ready now.
    Ready,
    /// They are not ready; those of a later revision will be.
    Unready,
    /// So many percent of them are available.
    Share(u8),
    /// They are not ready, and the platform gave up.
    Stalled,
    /// They are ready after this long, and so are those of later revisions.
    Take(Delay),
}

/// What is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Deleted {
    /// The Canary.
    Canary,
    /// Its target.
    Target,
}

/// Owned objects that somebody else changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overwritten {
    /// The primary and what belongs to it.
    Workloads,
    /// The services.
    Services,
}

/// A fact that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Blind {
    /// The target.
    Target,
    /// Its tracked configuration.
    Configs,
    /// The primary.
    Primary,
    /// The services.
    Services,
    /// The routes.
    Routes,
    /// Whether owned objects were changed.
    Drift,
}

/// What fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fail {
    /// Commands whose text begins so.
    Command {
        /// The beginning.
        prefix: String,
        /// What kind of failure it is.
        class: FailureClass,
        /// What the cluster says.
        error: String,
    },
    /// Saves.
    Save(SaveFault),
    /// Deliveries of notices.
    Notices,
}

/// How a save fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SaveFault {
    /// Somebody else saved meanwhile.
    Conflict,
    /// It did not work this time.
    Retry,
}

/// How often something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// So often.
    Count(u32),
    /// From now on.
    Forever,
}

/// Where the controller is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StopAfter {
    /// After the next command.
    Command,
    /// After the next save.
    Save,
    /// After the next decision, before its first effect.
    Decision,
}

/// A part of a status: what it does not name may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Pattern {
    /// The phase.
    pub phase: Option<Phase>,
    /// The canary's weight.
    #[schemars(range(max = 100))]
    pub canary_weight: Option<Weight>,
    /// Failed checks.
    pub failed_checks: Option<u32>,
    /// Iterations.
    pub iterations: Option<u32>,
    /// The pod template of the run, or the one last looked at.
    pub revision: Option<String>,
}

impl Pattern {
    /// Whether the state has all of these.
    #[must_use]
    pub fn fits(&self, state: &State) -> bool {
        self.phase.is_none_or(|phase| phase == state.phase)
            && self.canary_weight.is_none_or(|weight| weight == state.canary_weight)
            && self.failed_checks.is_none_or(|failed| failed == state.failed_checks)
            && self.iterations.is_none_or(|iterations| iterations == state.iterations)
            && self.revision.as_ref().is_none_or(|revision| **revision == *state.applied.spec)
    }

    /// Whether it names nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same fields of a state, shown as the pattern is.
    #[must_use]
    pub fn of(&self, state: &State) -> Self {
        Self {
            phase: self.phase.map(|_| state.phase),
            canary_weight: self.canary_weight.map(|_| state.canary_weight),
            failed_checks: self.failed_checks.map(|_| state.failed_checks),
            iterations: self.iterations.map(|_| state.iterations),
            revision: self.revision.as_ref().map(|_| state.applied.to_string()),
        }
    }
}
