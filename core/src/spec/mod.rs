//! What a Canary means: parsed once, valid by construction.
//!
//! [`raw`] is the manifest as written; [`Rollout::parse`] turns it into a [`Rollout`], or into an [`Invalid`] that
//! names each wrong field. [`MetricTemplate`] and [`AlertProvider`] do the same for the objects a Canary refers to.

mod affinity;
mod alert_provider;
mod durations;
mod hook;
mod in_cluster;
mod invalid;
mod limits;
mod metric;
mod metric_template;
mod names;
mod parse;
pub mod raw;
mod routing;
mod service;
mod setup;

use alloc::{format, string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::affinity::{CookieAttributes, SessionAffinity};
pub use self::alert_provider::{AlertProvider, AlertSystem, AlertTarget};
pub use self::durations::POLICY_DURATIONS;
pub use self::hook::{Hook, HookKind, RunOn};
pub use self::invalid::{Invalid, Malformed, Problem};
pub use self::limits::Limits;
pub use self::metric::{Bounds, Leniency, Metric, MetricSource, MetricUnit, SHIPPED_TEMPLATES, Side};
pub use self::metric_template::{MetricTemplate, WebhookCall, WebhookMethod};
pub use self::parse::Defaults;
pub use self::routing::{CorsPolicy, HttpMatch, Replaces, Rewrite, Routing, StringMatch, UpstreamRef};
pub use self::service::{Service, TargetPort};
pub use self::setup::{Autoscaler, Setup};
pub(crate) use self::{parse::Problems, routing::is_cookie};
pub use crate::provider::MetricSystem;
use crate::{message::Message, provider::RequestMetrics, revision::Text, strategy::Strategy};

/// A Canary that makes sense.
///
/// Everything [`step`](crate::step()) and its drivers read of the manifest, with defaults taken and contradictions refused.
/// Get one from [`Rollout::parse`]. Two are equal if the rules read the same in both; their [`Setup`] may differ.
#[derive(Clone, Debug)]
pub struct Rollout {
    pub(crate) identity: Identity,
    pub(crate) topology: Arc<Topology>,
    pub(crate) setup: Arc<Setup>,
    pub(crate) strategy: Strategy,
    pub(crate) policy: Policy,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) affinity: Option<SessionAffinity>,
    pub(crate) skip_analysis: bool,
    pub(crate) suspend: bool,
    pub(crate) revert_on_deletion: bool,
    pub(crate) switches_traffic: bool,
}

/// Which Canary it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Namespace.
    pub namespace: Text,
    /// Name.
    pub name: Text,
    /// Given by the cluster, never reused.
    pub uid: Text,
}

/// What a run cannot change while it goes on: a run keeps the one it began with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topology {
    /// The strategy's name.
    pub strategy: Text,
    /// The router's name.
    pub provider: Text,
    /// Kind of the target.
    pub kind: Text,
    /// Name of the target.
    pub target: Text,
    /// Name of the apex service.
    pub service: Text,
}

impl Topology {
    /// Whether both use the same objects in the cluster; the strategy may differ.
    #[must_use]
    pub fn same_objects(&self, other: &Self) -> bool {
        self.provider == other.provider
            && self.kind == other.kind
            && self.target == other.target
            && self.service == other.service
    }

    /// Name of the service in front of the primary.
    #[must_use]
    pub fn primary_service(&self) -> String {
        format!("{}-primary", self.service)
    }

    /// Name of the service in front of the canary.
    #[must_use]
    pub fn canary_service(&self) -> String {
        format!("{}-canary", self.service)
    }

    /// How the requests are counted that the built-in metrics ask for.
    #[must_use]
    pub fn request_metrics(&self) -> &'static RequestMetrics {
        RequestMetrics::of(&self.provider, &self.kind)
    }
}

/// The numbers of the analysis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Time between two checks, at least 10 s.
    pub interval: Duration,
    /// Failed checks that roll back, at least 1.
    pub threshold: u32,
    /// How failed checks count.
    pub threshold_mode: ThresholdMode,
    /// Warm-up between the canary being ready and the first check.
    pub delay: Duration,
    /// How long a workload may take to get ready.
    pub progress_deadline: Duration,
    /// Percentage of the primary's pods that must be available.
    pub primary_ready_threshold: u8,
    /// Percentage of the canary's pods that must be available.
    pub canary_ready_threshold: u8,
}

/// How failed checks count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThresholdMode {
    /// Over the whole run.
    #[default]
    Cumulative,
    /// In a row: a passed check clears them.
    Consecutive,
}

/// A receiver of alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its name, made unique within the Canary: what a delivery is remembered by.
    pub key: Text,
    /// Name of the item.
    pub name: Text,
    /// The least severity it wants.
    pub severity: Severity,
    /// Name of the AlertProvider.
    pub provider: Text,
    /// Namespace of the AlertProvider.
    pub namespace: Text,
}

/// How much an alert matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// All is well.
    Info,
    /// Somebody should look.
    Warn,
    /// Something went wrong.
    Error,
}

impl Severity {
    /// `info`, `warn` or `error`, as manifests and receivers of alerts call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl PartialEq for Rollout {
    fn eq(&self, other: &Self) -> bool {
        // Every field is named, so that a new one is not forgotten.
        let Self {
            identity,
            topology,
            setup: _,
            strategy,
            policy,
            metrics,
            hooks,
            alerts,
            affinity,
            skip_analysis,
            suspend,
            revert_on_deletion,
            switches_traffic,
        } = self;
        *identity == other.identity
            && *topology == other.topology
            && *strategy == other.strategy
            && *policy == other.policy
            && *metrics == other.metrics
            && *hooks == other.hooks
            && *alerts == other.alerts
            && *affinity == other.affinity
            && *skip_analysis == other.skip_analysis
            && *suspend == other.suspend
            && *revert_on_deletion == other.revert_on_deletion
            && *switches_traffic == other.switches_traffic
    }
}

impl Rollout {
    /// Which Canary it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Strategy, router, target and service by name.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// What the objects of the Canary are made from: services, routes and the rest that no rule reads. Parsed once, shared
    /// by all clones.
    #[must_use]
    pub fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    /// The strategy.
    #[must_use]
    pub fn strategy(&self) -> &Strategy {
        &self.strategy
    }

    /// The numbers of the analysis.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What is measured, in list order.
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// What is called, in list order.
    #[must_use]
    pub fn hooks(&self) -> &[Hook] {
        &self.hooks
    }

    /// Who is told.
    #[must_use]
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// Session cookies, where the router can set them.
    #[must_use]
    pub fn affinity(&self) -> Option<&SessionAffinity> {
        self.affinity.as_ref()
    }

    /// Whether promotion goes without analysis.
    #[must_use]
    pub fn skips_analysis(&self) -> bool {
        self.skip_analysis
    }

    /// Whether no move is to be made.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.suspend
    }

    /// Whether deletion gives everything back.
    #[must_use]
    pub fn reverts_on_deletion(&self) -> bool {
        self.revert_on_deletion
    }

    /// The hooks of a kind.
    pub fn hooks_of(&self, kind: HookKind) -> impl Iterator<Item = &Hook> {
        self.hooks.iter().filter(move |hook| hook.kind == kind)
    }

    pub(crate) fn hook(&self, key: &str) -> Option<&Hook> {
        self.hooks.iter().find(|hook| *hook.key == *key)
    }

    /// The receivers that want to be told of this.
    pub fn alerts_for<'a>(&'a self, message: &Message) -> impl Iterator<Item = &'a Alert> + use<'a> {
        let severity = message.alert();
        self.alerts.iter().filter(move |alert| severity.is_some_and(|severity| alert.severity <= severity))
    }

    /// The receivers that this is no alert for, but that close theirs with it, if they
    /// [keep them open](AlertSystem::keeps_open).
    pub fn alerts_closed_by<'a>(&'a self, message: &Message) -> impl Iterator<Item = &'a Alert> + use<'a> {
        let severity = message.alert().filter(|_| message.closes_alerts());
        self.alerts.iter().filter(move |alert| severity.is_some_and(|severity| alert.severity > severity))
    }

    /// The event hooks that want to be told of this: all of them, but for those whose `metadata.eventType` names other
    /// events.
    pub fn event_hooks_for<'a>(&'a self, message: &'a Message) -> impl Iterator<Item = &'a Hook> {
        self.hooks_of(HookKind::Event).filter(|hook| hook.wants(message))
    }

    /// The hooks that are owed once a run has ended, in the order they are asked.
    pub(crate) fn owed_after(&self, ended: RunOn) -> Vec<Text> {
        let actions = match ended {
            RunOn::RolledBack => Some(HookKind::RollbackAction),
            RunOn::Success | RunOn::FailedPromotion => None,
        };
        let actions = actions.into_iter().flat_map(|kind| self.hooks_of(kind));
        let posts = self.hooks_of(HookKind::PostRollout).filter(|hook| hook.runs_on(ended, self));
        actions.chain(posts).map(|hook| hook.key.clone()).collect()
    }
}
