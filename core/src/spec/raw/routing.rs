//! What routers do with the requests that they forward.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::StringMatch;

/// When a failed request is tried again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Retries {
    /// Number of attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<i64>,
    /// Time for one attempt.
    #[cfg_attr(feature = "schemars", schemars(extend("x-duration" = true)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_try_timeout: Option<String>,
    /// The failures after which a request is retried, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_on: Option<String>,
}

/// How requests are changed before they are forwarded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Rewrite {
    /// The path, or its prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// `ReplacePrefixMatch` replaces what was matched, everything else the whole path (Gateway API).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
}

/// Changes of headers in both directions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Headers {
    /// Changes of request headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<HeaderChanges>,
    /// Changes of response headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<HeaderChanges>,
}

/// Changes of headers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct HeaderChanges {
    /// Added to the existing ones.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub add: BTreeMap<String, String>,
    /// Set, replacing the existing ones.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// Removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// Which pages of other origins may send requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct CorsPolicy {
    /// Whether they may send credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_credentials: Option<bool>,
    /// Headers they may send.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_headers: Vec<String>,
    /// Methods they may use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_methods: Vec<String>,
    /// Allowed origins, in full.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_origin: Vec<String>,
    /// Allowed origins, by pattern (Istio).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_origins: Vec<StringMatch>,
    /// Headers they may read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expose_headers: Vec<String>,
    /// How long browsers may cache this.
    #[cfg_attr(feature = "schemars", schemars(extend("x-duration" = true)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<String>,
}

/// A parent of routes (Gateway API).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["name"])))]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayRef {
    /// API group.
    #[cfg_attr(feature = "schemars", schemars(length(max = 253), extend("x-default" = "gateway.networking.k8s.io", "pattern" = super::schema::GROUP)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Kind.
    #[cfg_attr(feature = "schemars", schemars(length(min = 1, max = 63), extend("x-default" = "Gateway", "pattern" = super::schema::KIND)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Name.
    #[cfg_attr(feature = "schemars", schemars(length(min = 1, max = 253)))]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Namespace; the Canary's if left out.
    #[cfg_attr(feature = "schemars", schemars(length(min = 1, max = 63), extend("pattern" = super::schema::LABEL)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Listener; all of them if left out.
    #[cfg_attr(feature = "schemars", schemars(length(min = 1, max = 253), extend("pattern" = super::schema::SUBDOMAIN)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
    /// Port of the listener.
    #[cfg_attr(feature = "schemars", schemars(range(min = 1, max = 65535)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i64>,
}

/// Where copies of requests go (Gateway API).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Mirror {
    /// The receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend_ref: Option<BackendRef>,
}

/// A receiver of requests (Gateway API).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["name"])))]
#[serde(rename_all = "camelCase", default)]
pub struct BackendRef {
    /// API group; empty for services.
    #[cfg_attr(feature = "schemars", schemars(length(max = 253), extend("x-default" = "", "pattern" = super::schema::GROUP)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Kind.
    #[cfg_attr(feature = "schemars", schemars(length(min = 1, max = 63), extend("x-default" = "Service", "pattern" = super::schema::KIND)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Name.
    #[cfg_attr(feature = "schemars", schemars(length(min = 1, max = 253)))]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Namespace; the Canary's if left out.
    #[cfg_attr(feature = "schemars", schemars(length(min = 1, max = 63), extend("pattern" = super::schema::LABEL)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Port; a service needs one.
    #[cfg_attr(feature = "schemars", schemars(range(min = 1, max = 65535)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i64>,
}
