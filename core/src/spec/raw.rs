//! A Canary as it is written: the CRD's shape, nothing decided yet.
//!
//! Every field that Flagger's schema has and the decision reads stands here under its own name, and the fields that
//! are Serin's own. Fields that only a router reads are the adapter's. [`Rollout::parse`](super::Rollout::parse) gives
//! all of it a meaning.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

/// The Kubernetes object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Canary {
    /// `flagger.app/v1beta1`.
    pub api_version: String,
    /// `Canary`.
    pub kind: String,
    /// Identity of the object.
    pub metadata: Metadata,
    /// What is wanted.
    pub spec: CanarySpec,
}

/// The part of the object's metadata that is read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// Name of the object; required.
    pub name: String,
    /// Namespace; `default` where left out.
    pub namespace: String,
    /// Given by the cluster; empty in a file.
    pub uid: String,
    /// Labels, as alert templates may show them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations; some are operator requests, see [`crate::request`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// `.spec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CanarySpec {
    /// Router; the controller's default where left out.
    pub provider: Option<String>,
    /// Prometheus of the built-in metrics and inline queries.
    pub metrics_server: Option<String>,
    /// Seconds after which a workload that does not get ready is given up; 600.
    pub progress_deadline_seconds: Option<i64>,
    /// The workload that is released; required.
    pub target_ref: Option<ObjectRef>,
    /// Its autoscaler.
    pub autoscaler_ref: Option<ObjectRef>,
    /// Ingress to copy (NGINX, Skipper).
    pub ingress_ref: Option<ObjectRef>,
    /// Route to copy (APISIX).
    pub route_ref: Option<ObjectRef>,
    /// Upstream to copy (Gloo).
    pub upstream_ref: Option<ObjectRef>,
    /// How the workload is reached.
    pub service: Option<Service>,
    /// How a new revision is judged.
    pub analysis: Option<Analysis>,
    /// Older name of `analysis`.
    pub canary_analysis: Option<Analysis>,
    /// Promote without analysis.
    pub skip_analysis: bool,
    /// Give everything back when the Canary is deleted; only an explicit `false` does not.
    pub revert_on_deletion: Option<bool>,
    /// Make no move.
    pub suspend: bool,
}

/// A reference to another object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectRef {
    /// Its API group and version.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace, where it may differ from the Canary's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// `.spec.service`, as far as the decision reads it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Service {
    /// Name of the apex service; the target's name where left out.
    pub name: Option<String>,
    /// Port of the apex service.
    pub port: Option<i64>,
}

/// `.spec.analysis`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Analysis {
    /// Time between two checks; 1m, at least 10s.
    pub interval: Option<String>,
    /// Failed checks that roll back; 1.
    pub threshold: Option<i64>,
    /// How failed checks count: `cumulative` (the default) or `consecutive`.
    pub threshold_mode: Option<String>,
    /// Checks to make (A/B, blue/green); with steps, at least so many.
    pub iterations: Option<i64>,
    /// Largest canary weight; 100.
    pub max_weight: Option<i64>,
    /// Growth of the canary weight per passed check.
    pub step_weight: Option<i64>,
    /// Canary weights, one after the other.
    pub step_weights: Option<Vec<i64>>,
    /// Growth of the primary weight per interval while promoting; all at once where left out.
    pub step_weight_promotion: Option<i64>,
    /// Mirror requests to the canary first.
    pub mirror: bool,
    /// Percentage of requests that is mirrored; 100.
    pub mirror_weight: Option<i64>,
    /// Percentage of the primary's pods that must be available; 100.
    pub primary_ready_threshold: Option<i64>,
    /// Percentage of the canary's pods that must be available; 100.
    pub canary_ready_threshold: Option<i64>,
    /// Warm-up between the canary being ready and the first check.
    pub delay: Option<String>,
    /// Requests that are routed to the canary (A/B).
    pub r#match: Option<Vec<Match>>,
    /// What is measured.
    pub metrics: Vec<Metric>,
    /// Who is told.
    pub alerts: Vec<Alert>,
    /// What is called.
    pub webhooks: Vec<Webhook>,
    /// Keep a user on the version the first request met.
    pub session_affinity: Option<SessionAffinity>,
    /// Settings of the canary alone.
    pub canary_analysis: Option<NestedAnalysis>,
}

/// `.spec.analysis.canaryAnalysis`: a type of its own, because a structural CRD schema cannot recurse.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NestedAnalysis {
    /// With `mirror`: growth of the mirrored percentage per iteration.
    pub step_weight_promotion: Option<i64>,
    /// With `mirror`: largest mirrored percentage; 100.
    pub max_mirror_weight: Option<i64>,
    /// Overrides for the canary's pods alone.
    pub template_variables: Option<PodOverrides>,
}

/// Pod settings of the canary that are never promoted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodOverrides {
    /// Replaces the pod's `nodeSelector`.
    pub node_selector: BTreeMap<String, String>,
    /// Replaces the pod's `tolerations`.
    pub tolerations: Vec<Toleration>,
}

/// One toleration of a pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Toleration {
    /// Taint key.
    pub key: Option<String>,
    /// `Equal` or `Exists`.
    pub operator: Option<String>,
    /// Taint value.
    pub value: Option<String>,
    /// Taint effect.
    pub effect: Option<String>,
    /// How long the taint is tolerated.
    pub toleration_seconds: Option<i64>,
}

/// One item of `match`: a request matches if all of it fits; several items are alternatives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Match {
    /// By request header.
    pub headers: BTreeMap<String, StringMatch>,
    /// By cookie, within the Cookie header.
    pub cookies: BTreeMap<String, StringMatch>,
    /// By query parameter.
    pub query_params: BTreeMap<String, StringMatch>,
    /// By label of the calling workload.
    pub source_labels: BTreeMap<String, String>,
}

/// How a text is compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StringMatch {
    /// The whole text.
    pub exact: Option<String>,
    /// Its beginning.
    pub prefix: Option<String>,
    /// Its end.
    pub suffix: Option<String>,
    /// A regular expression.
    pub regex: Option<String>,
}

/// One item of `metrics`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metric {
    /// Name; a built-in one, a template's, or of your own with `query` or `templateRef`.
    pub name: String,
    /// Window of the query; 1m.
    pub interval: Option<String>,
    /// Older form of `thresholdRange`: the smallest success rate, or the largest other value.
    pub threshold: Option<f64>,
    /// Bounds of a passing value.
    pub threshold_range: Option<ThresholdRange>,
    /// An inline Prometheus query.
    pub query: Option<String>,
    /// A MetricTemplate.
    pub template_ref: Option<NameRef>,
    /// Variables of the template.
    pub template_variables: BTreeMap<String, String>,
    /// What an answer without a value means: `fail` (the default), `hold` or `pass`.
    pub on_no_data: Option<String>,
    /// What an error of the provider means: `fail` (the default), `hold` or `pass`.
    pub on_error: Option<String>,
}

/// Bounds of a value, both inclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ThresholdRange {
    /// Smallest passing value.
    pub min: Option<f64>,
    /// Largest passing value.
    pub max: Option<f64>,
}

/// A reference by name; in the Canary's namespace where none is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NameRef {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: Option<String>,
}

/// One item of `alerts`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Alert {
    /// Name.
    pub name: String,
    /// Least severity that is sent: `info` (the default), `warn` or `error`.
    pub severity: Option<String>,
    /// The AlertProvider.
    pub provider_ref: NameRef,
}

/// One item of `webhooks`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Webhook {
    /// Name.
    pub name: String,
    /// When it is called; `rollout` where left out.
    pub r#type: Option<String>,
    /// Of a `rollback` hook: `trigger` (polled, 2xx rolls back) or `action` (called when a rollback happens).
    pub mode: Option<String>,
    /// Of a `post-rollout` hook: after `success`, `failure` or both.
    pub run_on: Option<Vec<String>>,
    /// Where it is.
    pub url: String,
    /// Time for one attempt; 10s.
    pub timeout: Option<String>,
    /// Attempts after the first.
    pub retries: Option<i64>,
    /// Send no alert when it denies.
    pub mute_alert: bool,
    /// Do not verify its certificate.
    #[serde(rename = "disableTLS")]
    pub disable_tls: bool,
    /// Sent with the call.
    pub metadata: BTreeMap<String, String>,
}

/// `.spec.analysis.sessionAffinity`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionAffinity {
    /// Cookie of users on the canary; required.
    pub cookie_name: String,
    /// Cookie of users on the primary.
    pub primary_cookie_name: Option<String>,
    /// Cookie attribute.
    pub domain: Option<String>,
    /// Cookie attribute.
    pub http_only: bool,
    /// Cookie attribute in seconds; 86400.
    pub max_age: Option<i64>,
    /// Cookie attribute.
    pub partitioned: bool,
    /// Cookie attribute.
    pub path: Option<String>,
    /// Cookie attribute: `Strict`, `Lax` or `None`.
    pub same_site: Option<String>,
    /// Cookie attribute.
    pub secure: bool,
}
