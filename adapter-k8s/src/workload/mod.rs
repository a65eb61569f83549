//! Workloads: the target people deploy, the primary that serves, and what both need (configuration, autoscaler).
//!
//! One file per kind of target. To add one, write its file and a line in [`of`]; one that runs pods says in
//! [`runs_pods`] only what tells it from the others.

pub(crate) mod configs;
mod daemon_set;
mod deployment;
pub(crate) mod hints;
mod pods;
pub(crate) mod reach;
mod runs_pods;
pub(crate) mod scaler;
pub(crate) mod selector;
mod service;
mod template;
#[cfg(test)]
mod tests;

use serin_core::{
    observation::{Fact, Readiness},
    revision::Revision,
};

use crate::{
    kinds::{DAEMON_SET, DEPLOYMENT},
    object::{
        Kind, Object,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// Percentages of pods that must be available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyThresholds {
    /// Of the primary.
    pub primary: u8,
    /// Of the canary.
    pub canary: u8,
}

/// How many pods a target is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// None.
    Down,
    /// Those it has; if it has none, as many as it begins with.
    Up,
    /// At least as many as the primary.
    ToPrimary,
}

/// What the status of a workload says of its pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodStatus {
    /// The pods it wants; 0 once it is scaled down.
    pub wanted: u32,
    /// The pods that are available; `None` where pods cannot be counted.
    pub available: Option<u32>,
    /// Whether enough of them are available.
    pub readiness: Readiness,
}

/// One kind of target.
pub trait TargetKind: Sync {
    /// What the target shows, unknown while any of its configuration is; `None` if there is no target. No status tells.
    ///
    /// # Errors
    /// It is not known, or lacks what a release needs.
    fn shows(&self, subject: &Subject, seen: &dyn ObjectReader)
    -> Result<Option<Fact<Revision>>, BuildError>;

    /// The revision whose promotion would change nothing, if that can be told; `None` if there is no primary. No status
    /// tells.
    ///
    /// # Errors
    /// It is not known.
    fn runs(
        &self,
        subject: &Subject,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Option<Revision>>, BuildError>;

    /// The pods of the target; `None` if there is no target.
    ///
    /// # Errors
    /// It is not known.
    fn canary_pods(
        &self,
        subject: &Subject,
        ready: ReadyThresholds,
        seen: &dyn ObjectReader,
    ) -> Result<Option<PodStatus>, BuildError>;

    /// The pods of the primary; `None` if there is no primary.
    ///
    /// # Errors
    /// It is not known.
    fn primary_pods(
        &self,
        subject: &Subject,
        ready: ReadyThresholds,
        seen: &dyn ObjectReader,
    ) -> Result<Option<PodStatus>, BuildError>;

    /// Primary, its copies of configuration and its autoscaler as they have to be, in the order they are written. What
    /// the primary runs stays.
    ///
    /// # Errors
    /// What they are made from is not known or makes no sense.
    fn ensured(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Object>, BuildError>;

    /// The same once the primary runs what the target runs; `run` names the roll-out on its pods.
    ///
    /// # Errors
    /// What they are made from is not known or makes no sense.
    fn promoted(
        &self,
        subject: &Subject,
        run: u32,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError>;

    /// The target with as many pods as that; `None` if there is no target.
    ///
    /// # Errors
    /// It is not known.
    fn scaled(
        &self,
        subject: &Subject,
        to: Scale,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Object>, BuildError>;

    /// The target's autoscaler, stopped or at work; `None` if there is none that can be stopped.
    ///
    /// # Errors
    /// It is not known.
    fn paused(
        &self,
        subject: &Subject,
        paused: bool,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Object>, BuildError>;
}

/// The workload of a target; `None` for a kind that cannot be released.
#[must_use]
pub fn of(api_version: &str, kind: &str) -> Option<&'static dyn TargetKind> {
    match kind {
        "Deployment" => Some(&deployment::Deployment),
        "DaemonSet" => Some(&daemon_set::DaemonSet),
        // A Knative service has the same name, but is no Service.
        "Service" if !api_version.starts_with("serving.knative.dev/") => Some(&service::Service),
        _ => None,
    }
}

/// The kind that runs pods, by its name; `None` where a target has none.
pub(crate) fn with_pods(kind: &str) -> Option<Kind> {
    match kind {
        "Deployment" => Some(DEPLOYMENT),
        "DaemonSet" => Some(DAEMON_SET),
        _ => None,
    }
}
