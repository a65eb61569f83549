//! The reason of a plan: the rule that fired and the facts it read.

mod rule;

use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::rule::Rule;
use crate::{
    message::HookKindName,
    phase::Phase,
    question::number,
    revision::Text,
    spec::{Bounds, MetricUnit},
    strategy::Weight,
    time::Timestamp,
};

/// What was decided, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The rule that fired.
    pub rule: Rule,
    /// What was measured, in list order; empty unless metrics were asked.
    pub measured: Vec<Measured>,
    /// The hook that was answered last, and whether it passed.
    pub hook: Option<(Text, bool)>,
    /// The numbers of the Canary after this plan.
    pub after: Standing,
}

/// The numbers of a Canary after a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Its phase.
    pub phase: Phase,
    /// The canary's weight.
    pub weight: Weight,
    /// Failed checks.
    pub failed_checks: u32,
    /// Failed checks that may follow without a rollback; `None` if nothing is being analysed.
    pub budget: Option<u32>,
    /// Iterations.
    pub iterations: u32,
}

/// One metric of a check: its value and the verdict on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// Name of the metric.
    pub metric: Text,
    /// What the provider answered.
    pub reading: Reading,
    /// The smallest passing value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest passing value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// When it was judged.
    pub at: Timestamp,
}

impl Measured {
    /// The bounds it was judged by.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds { min: self.min, max: self.max }
    }
}

/// What a provider answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reading {
    /// A value.
    Value(#[serde(with = "number")] f64),
    /// No value.
    NoData,
    /// An error.
    Error(Text),
}

/// The verdict on a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Within bounds, or without any.
    Passed,
    /// Out of bounds, or no value where one is needed.
    Failed,
    /// Not judged (`hold`).
    Held,
    /// No value, which the Canary accepts (`pass`).
    Waived,
    /// No value, but the canary was not reached.
    Void,
}

/// Why a check failed: the first cause in list order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Finding {
    /// A value below its bound.
    Below {
        /// Name of the metric.
        metric: Text,
        /// The value that was compared.
        #[serde(with = "number")]
        value: f64,
        /// The bound.
        #[serde(with = "number")]
        min: f64,
        /// The unit of both.
        unit: MetricUnit,
    },
    /// A value above its bound.
    Above {
        /// Name of the metric.
        metric: Text,
        /// The value that was compared.
        #[serde(with = "number")]
        value: f64,
        /// The bound.
        #[serde(with = "number")]
        max: f64,
        /// The unit of both.
        unit: MetricUnit,
    },
    /// No value.
    NoData {
        /// Name of the metric.
        metric: Text,
    },
    /// An error.
    MetricError {
        /// Name of the metric.
        metric: Text,
        /// What the provider answered.
        error: Text,
    },
    /// A hook that did not pass.
    Hook {
        /// Its type.
        kind: HookKindName,
        /// Its name.
        hook: Text,
        /// What it answered.
        said: Text,
    },
}

/// Why a run is rolled back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// Too many checks failed.
    Checks {
        /// Failed checks.
        failed: u32,
        /// Failed checks that roll back.
        threshold: u32,
        /// Why the last one failed; `None` if the threshold was lowered since.
        last: Option<Finding>,
    },
    /// A rollback hook requested it.
    Trigger {
        /// Name of the hook.
        hook: Text,
    },
    /// A workload did not get ready in time.
    Deadline {
        /// Which.
        who: Workload,
        /// The reason that the platform gives.
        why: Text,
        /// The time it had.
        deadline: Duration,
        /// The platform reported before that deadline that it had failed.
        gave_up: bool,
    },
    /// A gate stayed closed past its deadline.
    Gate {
        /// Its type.
        kind: HookKindName,
        /// Its name.
        hook: Text,
        /// The time it had, from when it was first found closed.
        deadline: Duration,
    },
    /// No check could be judged for too long.
    NotJudged {
        /// The time it had.
        deadline: Duration,
        /// The last reason.
        why: Text,
    },
    /// An operator requested it.
    Request,
    /// The target was set back to the promoted revision.
    Reverted,
}

impl Cause {
    /// Whether a person ordered it, rather than a measurement, a hook or a deadline.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        match self {
            Self::Request => true,
            Self::Checks { .. }
            | Self::Deadline { .. }
            | Self::Trigger { .. }
            | Self::Gate { .. }
            | Self::NotJudged { .. }
            | Self::Reverted => false,
        }
    }
}

/// One of the two copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Workload {
    /// The target, while it is being analysed.
    Canary,
    /// The primary.
    Primary,
}

/// What outside the controller blocks a Canary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Obstacle {
    /// The target does not exist.
    TargetMissing,
    /// A workload does not serve.
    NotReady {
        /// Which.
        who: Workload,
        /// The reason that the platform gives.
        why: Text,
    },
    /// The apex service selects the primary but has no ready endpoints.
    NotServing,
    /// A fact cannot be read.
    Unreadable {
        /// Which.
        what: Text,
        /// Why.
        why: Text,
    },
    /// Checks cannot be judged, and the Canary says `hold`.
    Held(Finding),
    /// The Canary is invalid.
    Invalid {
        /// The first wrong field.
        problem: Text,
    },
}

impl Obstacle {
    /// Whether it is reported as soon as it is seen, because it lasts until someone acts. The others occur in every
    /// start, or were already reported by what caused them.
    pub(crate) fn is_reported_at_once(&self) -> bool {
        match self {
            Self::TargetMissing | Self::Unreadable { .. } => true,
            Self::NotReady { .. } | Self::NotServing | Self::Held(_) | Self::Invalid { .. } => false,
        }
    }
}
