//! Workloads: the target people deploy, the primary that serves, and what both need (configuration, autoscaler).
//!
//! There is one file per kind of target. To add one, write its file and a line in [`of`]; for a kind that runs pods,
//! [`runs_pods`] contains only the differences from the others.

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

/// The number of pods that a target should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// None.
    Down,
    /// The current number; if it is 0, the number that it starts with.
    Up,
    /// At least as many as the primary.
    ToPrimary,
}

/// The status of a workload's pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodStatus {
    /// The number of wanted pods; 0 once it is scaled to zero.
    pub wanted: u32,
    /// The number of available pods; `None` if pods cannot be counted.
    pub available: Option<u32>,
    /// Whether enough of them are available.
    pub readiness: Readiness,
}

/// One kind of target.
pub trait TargetKind: Sync {
    /// The revision of the target, unknown while any of its configuration is; `None` if there is no target. It depends
    /// on no status.
    ///
    /// # Errors
    /// It is not known, or lacks what a release needs.
    fn shows(&self, subject: &Subject, seen: &dyn ObjectReader)
    -> Result<Option<Fact<Revision>>, BuildError>;

    /// The revision whose promotion would change nothing, if it is known; `None` if there is no primary. It depends on
    /// no status.
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

    /// The wanted primary, its copies of configuration and its autoscaler, in the order in which they are written. The
    /// primary keeps its revision.
    ///
    /// # Errors
    /// A source is not known or invalid.
    fn ensured(&self, subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Object>, BuildError>;

    /// The same with the target's revision on the primary; `run` identifies the rollout on its pods.
    ///
    /// # Errors
    /// A source is not known or invalid.
    fn promoted(
        &self,
        subject: &Subject,
        run: u32,
        seen: &dyn ObjectReader,
    ) -> Result<Vec<Object>, BuildError>;

    /// The target with that many pods; `None` if there is no target.
    ///
    /// # Errors
    /// It is not known.
    fn scaled(
        &self,
        subject: &Subject,
        to: Scale,
        seen: &dyn ObjectReader,
    ) -> Result<Option<Object>, BuildError>;

    /// The target's autoscaler, paused or active; `None` if there is none that can be paused.
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

/// The workload of a target; `None` for a kind that is not supported.
#[must_use]
pub fn of(api_version: &str, kind: &str) -> Option<&'static dyn TargetKind> {
    match kind {
        "Deployment" => Some(&deployment::Deployment),
        "DaemonSet" => Some(&daemon_set::DaemonSet),
        // A Knative service has the same name, but is not a Service.
        "Service" if !api_version.starts_with("serving.knative.dev/") => Some(&service::Service),
        _ => None,
    }
}

/// The kind that runs pods, by its name; `None` for a target without pods.
pub(crate) fn with_pods(kind: &str) -> Option<Kind> {
    match kind {
        "Deployment" => Some(DEPLOYMENT),
        "DaemonSet" => Some(DAEMON_SET),
        _ => None,
    }
}
