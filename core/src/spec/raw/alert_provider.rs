//! The AlertProvider: a receiver of alerts that several Canaries share.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::{Metadata, SecretRef};

/// A receiver of alerts that Canaries refer to by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AlertProvider {
    /// `flagger.app/v1beta1`.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["flagger.app/v1beta1"])))]
    pub api_version: String,
    /// `AlertProvider`.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["AlertProvider"])))]
    pub kind: String,
    /// Identity of the object.
    pub metadata: Metadata,
    /// The receiver.
    pub spec: AlertProviderSpec,
}

/// The receiver of an AlertProvider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["type"], "anyOf" = super::schema::address_or_secret())))]
#[serde(rename_all = "camelCase", default)]
pub struct AlertProviderSpec {
    /// The type of receiver.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = super::schema::alert_providers())))]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub r#type: String,
    /// Channel to write to; `general` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Name to write under; `flagger` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The address that alerts are sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// HTTP proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// The Secret that holds `address`, and `token` if one is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// The text: a Go template with `{{ .Status }}`, `{{ .Name }}`, `{{ .Metadata.version }}` and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_template: Option<String>,
}
