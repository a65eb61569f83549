//! How a new revision is judged.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{Alert, Match, Metric, Number, PodOverrides, SessionAffinity, Webhook};

/// How a new revision is judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Analysis {
    /// Time between two checks; 1m if left out, at least 10s.
    #[cfg_attr(feature = "schemars", schemars(extend("pattern" = super::schema::DURATION)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// Failed checks that roll back; 1 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Number>,
    /// How failed checks count: `cumulative` over the run (the default), or `consecutive`.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["", "cumulative", "consecutive"])))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_mode: Option<String>,
    /// Number of checks (A/B testing, blue/green); with steps, the minimum number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<Number>,
    /// Largest canary weight; 100 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_weight: Option<Number>,
    /// Growth of the canary weight per passed check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_weight: Option<Number>,
    /// Canary weights, one after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_weights: Option<Vec<Number>>,
    /// Growth of the primary weight per interval while promoting; all at once if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_weight_promotion: Option<Number>,
    /// Mirror requests to the canary first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<bool>,
    /// Percentage of requests that is mirrored; 100 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_weight: Option<Number>,
    /// Percentage of the primary's pods that must be available; 100 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_ready_threshold: Option<Number>,
    /// Percentage of the canary's pods that must be available; 100 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary_ready_threshold: Option<Number>,
    /// Warm-up between the canary being ready and the first check.
    #[cfg_attr(feature = "schemars", schemars(extend("pattern" = super::schema::DURATION)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<String>,
    /// Requests that are routed to the canary (A/B testing).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#match: Option<Vec<Match>>,
    /// The metrics of each check.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schemars", schemars(length(max = 1024)))]
    pub metrics: Vec<Metric>,
    /// The receivers of alerts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schemars", schemars(length(max = 1024)))]
    pub alerts: Vec<Alert>,
    /// The hooks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schemars", schemars(length(max = 1024)))]
    pub webhooks: Vec<Webhook>,
    /// Keep a user on the version of the first request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_affinity: Option<SessionAffinity>,
    /// Settings of the canary only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary_analysis: Option<NestedAnalysis>,
}

/// Settings of the canary only. A separate type, because a structural schema cannot recurse.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NestedAnalysis {
    /// With `mirror`: growth of the mirrored percentage per iteration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_weight_promotion: Option<Number>,
    /// With `mirror`: largest mirrored percentage; 100 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_mirror_weight: Option<Number>,
    /// Overrides for the canary's pods only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_variables: Option<PodOverrides>,
}
