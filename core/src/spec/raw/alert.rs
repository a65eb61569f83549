//! Receivers of alerts.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::NameRef;

/// One receiver of alerts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["name", "providerRef"])))]
#[serde(rename_all = "camelCase", default)]
pub struct Alert {
    /// Name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Lowest severity that is sent: `info` (the default), `warn` or `error`.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["", "info", "warn", "error"])))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// The AlertProvider.
    pub provider_ref: NameRef,
}
