//! The events of a story: each has one trigger and one action.

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
    /// The action.
    pub action: Action,
}

/// When an event happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// This long after the beginning of the story.
    At(Duration),
    /// This long after the previous event.
    After(Duration),
    /// This long after a saved status matches, which is checked only after the previous event has happened.
    When(Pattern, Duration),
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The target's pod template becomes this revision.
    Deploy(String),
    /// Tracked configuration gets this content.
    Config(BTreeMap<String, String>),
    /// An operator sets or removes annotations.
    Annotate(BTreeMap<RequestKind, Option<String>>),
    /// This is merged into `.spec`.
    Edit(Value),
    /// Something is deleted.
    Delete(Deleted),
    /// Pods become ready or not ready.
    Ready(Vec<(Workload, Pods)>),
    /// Another client scales the target.
    Scale(u32),
    /// Another client writes the routes.
    Routes(Routes),
    /// Another client changes owned objects.
    Drift(Vec<Overwritten>),
    /// The next writes of the controller fail.
    Fail(Fail, Times),
    /// A fact cannot be read.
    Unknown {
        /// The fact.
        fact: Blind,
        /// For how long; `None`: until the end.
        lasts: Option<Duration>,
        /// The reason.
        why: String,
    },
    /// The controller is stopped and started.
    Restart,
    /// The controller is stopped at this point, and started at once.
    Stop(StopAfter),
    /// The clock jumps forward or back, by this number of milliseconds.
    Clock(i64),
    /// The controller is not called for this long.
    Away(Duration),
    /// Another controller acts on the status from this many saves ago.
    SecondController(usize),
    /// From now on metrics give these answers.
    Metrics(BTreeMap<String, Vec<MetricAnswer>>),
    /// From now on hooks give these answers.
    Hooks(BTreeMap<String, Vec<HookAnswer>>),
    /// From now on receivers of alerts give these answers.
    Receivers(BTreeMap<String, Vec<HookAnswer>>),
}

/// The maximum age of an old status, in saves.
pub const MOST_SAVES_BEHIND: usize = 4;

/// What happens to a copy's pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pods {
    /// They are ready now.
    Ready,
    /// They are not ready; the pods of a later revision will be.
    Unready,
    /// This percentage of them is available.
    Share(u8),
    /// They are not ready, and Kubernetes reports that the rollout has failed.
    Stalled,
    /// They are ready after this time, and so are the pods of later revisions.
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

/// Owned objects that another client changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overwritten {
    /// The primary and the objects that belong to it.
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

/// A failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fail {
    /// Commands whose text begins with this.
    Command {
        /// The beginning.
        prefix: String,
        /// The class of the failure.
        class: FailureClass,
        /// The error of the cluster.
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
    /// A conflict: another client saved first.
    Conflict,
    /// A temporary error.
    Retry,
}

/// How often something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// This number of times.
    Count(u32),
    /// From now on.
    Forever,
}

/// The point at which the controller is stopped.
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

/// A part of a status: fields that are not set match any value.
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
    /// The pod template of the run, or the last one that was seen.
    pub revision: Option<String>,
}

impl Pattern {
    /// Whether the state matches.
    #[must_use]
    pub fn fits(&self, state: &State) -> bool {
        self.phase.is_none_or(|phase| phase == state.phase)
            && self.canary_weight.is_none_or(|weight| weight == state.canary_weight)
            && self.failed_checks.is_none_or(|failed| failed == state.failed_checks)
            && self.iterations.is_none_or(|iterations| iterations == state.iterations)
            && self.revision.as_ref().is_none_or(|revision| **revision == *state.applied.spec)
    }

    /// Whether no field is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same fields of a state, in the same format as the pattern.
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
