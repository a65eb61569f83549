//! The Canary itself.

use alloc::{collections::BTreeMap, string::String};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Analysis, Metadata, Number, ObjectRef, Service};

/// How one workload is released, step by step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Canary {
    /// `flagger.app/v1beta1`.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["flagger.app/v1beta1"])))]
    pub api_version: String,
    /// `Canary`.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["Canary"])))]
    pub kind: String,
    /// Identity of the object.
    pub metadata: Metadata,
    /// The desired state.
    pub spec: CanarySpec,
    /// The current state, as the last controller wrote it.
    #[cfg_attr(feature = "schemars", schemars(with = "crate::state::Status"))]
    #[serde(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}

/// The desired state of a Canary.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["targetRef"])))]
#[serde(rename_all = "camelCase", default)]
pub struct CanarySpec {
    /// The router; the controller's default if left out.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = super::schema::providers())))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Prometheus of the built-in metrics and inline queries; the controller's if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_server: Option<String>,
    /// Seconds after which a workload that is not ready counts as failed; 600 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_deadline_seconds: Option<Number>,
    /// The workload that is released.
    #[cfg_attr(feature = "schemars", schemars(transform = super::schema::kinds::targets))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_ref: Option<ObjectRef>,
    /// Its autoscaler.
    #[cfg_attr(feature = "schemars", schemars(transform = super::schema::kinds::scalers))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoscaler_ref: Option<ScalerRef>,
    /// Ingress to copy (NGINX, Skipper).
    #[cfg_attr(feature = "schemars", schemars(transform = super::schema::kinds::ingresses))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_ref: Option<ObjectRef>,
    /// Route to copy (APISIX).
    #[cfg_attr(feature = "schemars", schemars(transform = super::schema::kinds::routes))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_ref: Option<ObjectRef>,
    /// Upstream to copy (Gloo).
    #[cfg_attr(feature = "schemars", schemars(transform = super::schema::kinds::upstreams))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_ref: Option<UpstreamRef>,
    /// How the workload is reached. A Knative service does not need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// How a new revision is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<Analysis>,
    /// Older name of `analysis`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary_analysis: Option<Analysis>,
    /// Promote without analysis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_analysis: Option<bool>,
    /// Give everything back when the Canary is deleted. Only an explicit `false` disables it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revert_on_deletion: Option<bool>,
    /// Make no move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
}

/// A reference to an Upstream, which can be in another namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schemars",
    derive(schemars::JsonSchema),
    schemars(extend("required" = ["apiVersion", "kind", "name"]))
)]
#[serde(rename_all = "camelCase", default)]
pub struct UpstreamRef {
    /// Its API group and version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Its kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// A reference to an autoscaler, and what differs for the primary's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["apiVersion", "kind", "name"])))]
#[serde(rename_all = "camelCase", default)]
pub struct ScalerRef {
    /// Its API group and version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Its kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// For a ScaledObject: the primary's queries, by name of the trigger.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub primary_scaler_queries: BTreeMap<String, String>,
    /// Bounds of the primary's replicas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_scaler_replicas: Option<ScalerReplicas>,
}

/// Bounds of an autoscaler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ScalerReplicas {
    /// Fewest replicas.
    #[cfg_attr(feature = "schemars", schemars(range(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_replicas: Option<i64>,
    /// Most replicas.
    #[cfg_attr(feature = "schemars", schemars(range(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_replicas: Option<i64>,
}
