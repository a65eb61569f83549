//! Keeping users on a version.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::Number;

/// Keeps a user on the version of the first request, by cookie.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["cookieName"])))]
#[serde(rename_all = "camelCase", default)]
pub struct SessionAffinity {
    /// Cookie of users on the canary; required.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cookie_name: String,
    /// Cookie of users on the primary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_cookie_name: Option<String>,
    /// Cookie attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Cookie attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_only: Option<bool>,
    /// Cookie attribute in seconds; 86400 if left out.
    #[cfg_attr(feature = "schemars", schemars(extend("x-default" = 86400)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Number>,
    /// Cookie attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitioned: Option<bool>,
    /// Cookie attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Cookie attribute: `Strict`, `Lax` or `None`.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["Strict", "Lax", "None"])))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_site: Option<String>,
    /// Cookie attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure: Option<bool>,
}
