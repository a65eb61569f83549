//! What is remembered of failures and obstacles.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::Countdown;
use crate::{
    command::Command, decision::Obstacle, observation::FailureClass, revision::Text, time::Timestamp,
};

/// A workload that is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unready {
    /// For how long.
    #[serde(flatten)]
    pub count: Countdown,
    /// When the platform was first seen to report that it had failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gave_up: Option<Timestamp>,
    /// Whether it was reported that it takes longer than an interval.
    #[serde(default)]
    pub told: bool,
}

impl Unready {
    /// Not ready from now on.
    #[must_use]
    pub const fn since(since: Timestamp) -> Self {
        Self { count: Countdown::since(since), gave_up: None, told: false }
    }
}

/// What outside blocks a Canary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stall {
    /// The obstacle.
    pub on: Obstacle,
    /// Since when.
    pub since: Timestamp,
    /// When it was last reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Timestamp>,
}

/// A command that fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// The command.
    pub command: Command,
    /// The last answer of the cluster.
    pub error: Text,
    /// What kind of failure it is.
    pub class: FailureClass,
    /// Since when it fails.
    pub since: Timestamp,
    /// How many times it failed.
    pub attempts: u32,
    /// When it is tried again.
    pub retry_at: Timestamp,
    /// Whether it was reported that it still fails.
    #[serde(default)]
    pub alerted: bool,
}

impl Trouble {
    /// A failed command is tried again after at most this time.
    pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(300);
}

/// Repairs of routes and objects that another client keeps changing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// When the last was made.
    pub at: Timestamp,
    /// How many were made in a row.
    pub times: u32,
    /// When that was last reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Timestamp>,
    /// Whether an alert was sent that another client manages the same objects.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub contested: bool,
    /// The field manager that wrote them last, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Text>,
}
