//! What is remembered of what goes wrong.

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
    /// How long.
    #[serde(flatten)]
    pub count: Countdown,
    /// When the platform was first seen to have given it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gave_up: Option<Timestamp>,
    /// That it takes longer than an interval was told.
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

/// What outside holds a Canary up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// The command.
    pub command: Command,
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

impl Trouble {
    /// Nothing that fails waits longer than this before it is tried again.
    pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(300);
}

/// Repairs of routes and objects that someone else keeps changing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// When the last was made.
    pub at: Timestamp,
    /// How many were made in a row.
    pub times: u32,
    /// When that was last reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Timestamp>,
    /// It was alerted that somebody else manages the same objects.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub contested: bool,
    /// The field manager that wrote them last, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Text>,
}
