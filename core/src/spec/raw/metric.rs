//! Metrics.

use alloc::{collections::BTreeMap, string::String};

use serde::{Deserialize, Serialize};

use super::{NameRef, number};

/// One metric, which is queried in every check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["name"])))]
#[serde(rename_all = "camelCase", default)]
pub struct Metric {
    /// Name: a built-in one, a template's, or a custom name with `query` or `templateRef`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Window of the query; 1m if left out.
    #[cfg_attr(feature = "schemars", schemars(extend("pattern" = super::schema::DURATION)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// Older form of `thresholdRange`: the smallest success rate, or the largest other value.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<f64>"))]
    #[serde(skip_serializing_if = "Option::is_none", with = "number::plain")]
    pub threshold: Option<f64>,
    /// Bounds of a passing value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_range: Option<ThresholdRange>,
    /// An inline Prometheus query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// A MetricTemplate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_ref: Option<NameRef>,
    /// Variables of the template.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub template_variables: BTreeMap<String, String>,
    /// The meaning of an answer without a value: `fail` (the default), `hold` or `pass`.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["", "fail", "hold", "pass"])))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_no_data: Option<String>,
    /// The meaning of an error of the provider: `fail` (the default), `hold` or `pass`.
    #[cfg_attr(feature = "schemars", schemars(extend("enum" = ["", "fail", "hold", "pass"])))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_error: Option<String>,
}

/// Bounds of a value, both inclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ThresholdRange {
    /// Smallest passing value.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<f64>"))]
    #[serde(skip_serializing_if = "Option::is_none", with = "number::plain")]
    pub min: Option<f64>,
    /// Largest passing value.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<f64>"))]
    #[serde(skip_serializing_if = "Option::is_none", with = "number::plain")]
    pub max: Option<f64>,
}
