//! How the workload is reached.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CorsPolicy, GatewayRef, Headers, HttpMatch, IntOrString, Mirror, Number, Retries, Rewrite};

/// How the workload is reached: the services and routes that are made for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["port"])))]
#[serde(rename_all = "camelCase", default)]
pub struct Service {
    /// Name of the apex service; the target's name if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Port of the services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Number>,
    /// Name of that port; `http` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_name: Option<String>,
    /// Port of the pods, by number or name; `port` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_port: Option<IntOrString>,
    /// Protocol of the port; `tcp` makes Istio route connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_protocol: Option<String>,
    /// Which endpoints the services prefer.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["PreferClose", "PreferSameZone", "PreferSameNode"])))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_distribution: Option<String>,
    /// Add the other ports of the pods to the services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_discovery: Option<bool>,
    /// Make services without a cluster address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headless: Option<bool>,
    /// Time for a request (Istio, Contour, Gateway API, App Mesh).
    #[cfg_attr(feature = "schemars", schemars(extend("x-duration" = true)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// Time for a request to a backend (Gateway API).
    #[cfg_attr(feature = "schemars", schemars(extend("x-duration" = true)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend_timeout: Option<String>,
    /// Name of the mesh (App Mesh).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mesh_name: Option<String>,
    /// Services that the workload calls (App Mesh).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub backends: Vec<String>,
    /// Host names of the routes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Istio gateways the routes belong to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
    /// Parents of the routes (Gateway API).
    #[cfg_attr(feature = "schemars", schemars(length(max = 32)))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gateway_refs: Vec<GatewayRef>,
    /// Make an Istio route that another route delegates to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegation: Option<bool>,
    /// The requests that the routes apply to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub r#match: Vec<HttpMatch>,
    /// When a failed request is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// How requests are changed before they are forwarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<Rewrite>,
    /// Where copies of all requests are always sent (Gateway API).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mirror: Vec<Mirror>,
    /// Headers that are added, set or removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<Headers>,
    /// Cross-origin requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors_policy: Option<CorsPolicy>,
    /// Istio's traffic policy for both versions, passed on unchanged.
    #[cfg_attr(feature = "schemars", schemars(schema_with = "super::schema::opaque"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_policy: Option<Value>,
    /// Metadata of the apex service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apex: Option<ServiceMetadata>,
    /// Metadata of the primary's service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<ServiceMetadata>,
    /// Metadata of the canary's service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<ServiceMetadata>,
    /// Metadata of owned services that other clients write and Serin keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmanaged_metadata: Option<UnmanagedMetadata>,
}

/// Labels and annotations of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceMetadata {
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// Keys of metadata that Serin keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct UnmanagedMetadata {
    /// Keys of labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Keys of annotations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<String>,
}
