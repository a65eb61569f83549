//! Why a plan is what it is: the rule that fired and what it looked at.

mod rule;

use alloc::{format, string::String, vec::Vec};
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
    /// Where the Canary stands after this plan.
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

/// One metric of a check: what it said and what that meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// Name of the metric.
    pub metric: Text,
    /// What the provider said.
    pub reading: Reading,
    /// The series whose value that is: the worst of several; `None` if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<Text>,
    /// The smallest passing value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest passing value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// What it meant.
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

/// ` in series a`, to be written behind the value of one of several series.
#[must_use]
pub fn in_series(series: Option<&Text>) -> String {
    series.map(|series| format!(" in series {series}")).unwrap_or_default()
}

/// What a provider said.
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

/// What a reading meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Within bounds, or without any.
    Passed,
    /// Out of bounds, or no value where one is needed.
    Failed,
    /// Not to be judged (`hold`).
    Held,
    /// No value, which the Canary lets pass (`pass`).
    Waived,
    /// No value, where the canary was not reached.
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
        /// The value, as it was compared.
        #[serde(with = "number")]
        value: f64,
        /// The series whose value that is: the worst of several; `None` if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        series: Option<Text>,
        /// The bound.
        #[serde(with = "number")]
        min: f64,
        /// What both are given in.
        unit: MetricUnit,
    },
    /// A value above its bound.
    Above {
        /// Name of the metric.
        metric: Text,
        /// The value, as it was compared.
        #[serde(with = "number")]
        value: f64,
        /// The series whose value that is: the worst of several; `None` if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        series: Option<Text>,
        /// The bound.
        #[serde(with = "number")]
        max: f64,
        /// What both are given in.
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
        /// What the provider said.
        error: Text,
    },
    /// A hook that did not pass.
    Hook {
        /// Its type.
        kind: HookKindName,
        /// Its name.
        hook: Text,
        /// What it said.
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
        /// Why the last one failed; `None` where the threshold was lowered since.
        last: Option<Finding>,
    },
    /// A rollback hook asked for it.
    Trigger {
        /// Name of the hook.
        hook: Text,
    },
    /// A workload did not get ready in time.
    Deadline {
        /// Which.
        who: Workload,
        /// As the platform says it.
        why: Text,
        /// The time it had.
        deadline: Duration,
        /// The platform gave it up before that.
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
        /// What was in the way last.
        why: Text,
    },
    /// An operator asked for it.
    Request,
    /// The target was set back to the promoted revision.
    Reverted,
}

impl Cause {
    /// Whether a person ordered it now, rather than a measurement, a hook or a deadline.
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

/// What outside the controller holds a Canary up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Obstacle {
    /// The target does not exist.
    TargetMissing,
    /// A workload does not serve.
    NotReady {
        /// Which.
        who: Workload,
        /// As the platform says it.
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
    /// Checks cannot be judged and the Canary says to hold.
    Held(Finding),
    /// The Canary makes no sense.
    Invalid {
        /// The first wrong field.
        problem: Text,
    },
}

impl Obstacle {
    /// Whether it is told as soon as it is seen: it stays until somebody does something. The others are part of every
    /// start, or have been told by what brought them about.
    pub(crate) fn is_told_at_once(&self) -> bool {
        match self {
            Self::TargetMissing | Self::Unreadable { .. } => true,
            Self::NotReady { .. } | Self::NotServing | Self::Held(_) | Self::Invalid { .. } => false,
        }
    }
}
