//! Hooks.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::Number;

/// One hook: an HTTP endpoint that is called during a rollout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["name", "url"])))]
#[serde(rename_all = "camelCase", default)]
pub struct Webhook {
    /// Name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// When it is called; `rollout` if left out.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = super::schema::hook_types())))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// For a `rollback` hook: `trigger` (polled, 2xx rolls back) or `action` (called when a rollback happens).
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["trigger", "action"])))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// For a `post-rollout` hook: after `success`, `failure` or both.
    #[cfg_attr(feature = "schemars", schemars(transform = super::schema::ends))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_on: Option<Vec<String>>,
    /// Its URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Timeout of one attempt; 10s if left out.
    #[cfg_attr(feature = "schemars", schemars(extend("pattern" = super::schema::DURATION)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// For a gate (`confirm-rollout`, `confirm-traffic-increase`, `confirm-promotion`): how long it may stay closed.
    /// Then the run is rolled back, or a revision that waits for approval is not rolled out. Without it a gate may stay
    /// closed for any time.
    #[cfg_attr(feature = "schemars", schemars(extend("pattern" = super::schema::DURATION)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// Attempts after the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<Number>,
    /// Send no alert when it denies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mute_alert: Option<bool>,
    /// Do not verify its certificate.
    #[serde(skip_serializing_if = "Option::is_none", rename = "disableTLS")]
    pub disable_tls: Option<bool>,
    /// Sent with the call.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}
