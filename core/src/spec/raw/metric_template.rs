//! The MetricTemplate: a query that several Canaries share.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{Metadata, SecretRef};

/// A query that Canaries refer to by name, and the system that answers it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MetricTemplate {
    /// `flagger.app/v1beta1`.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["flagger.app/v1beta1"])))]
    pub api_version: String,
    /// `MetricTemplate`.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["MetricTemplate"])))]
    pub kind: String,
    /// Identity of the object.
    pub metadata: Metadata,
    /// The query, and the system that answers it.
    pub spec: MetricTemplateSpec,
}

/// The query of a MetricTemplate, and the system that answers it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["provider", "query"])))]
#[serde(rename_all = "camelCase", default)]
pub struct MetricTemplateSpec {
    /// The metric system.
    pub provider: MetricProvider,
    /// The query: a Go template with `{{ namespace }}`, `{{ target }}`, `{{ interval }}` and the like.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
}

/// A metric system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["type"])))]
#[serde(rename_all = "camelCase", default)]
pub struct MetricProvider {
    /// Its type.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = super::schema::metric_providers())))]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub r#type: String,
    /// Its address; some types have a default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Sent with each request (Prometheus).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Vec<String>>,
    /// Credentials, in the template's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// AWS region (CloudWatch).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Do not verify its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure_skip_verify: Option<bool>,
    /// How it is called (webhook). `POST`, the default, sends the query as the body, `GET` as the query string.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = super::schema::webhook_methods())))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The place of the number in its answer (webhook); `$.value` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_path: Option<String>,
}
