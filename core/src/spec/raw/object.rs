//! Objects and how they refer to each other.

use alloc::{collections::BTreeMap, string::String};

use serde::{Deserialize, Serialize};

/// The part of an object's metadata that is read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// Name of the object; required.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Namespace; `default` if left out.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Set by the cluster; empty in a file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Labels, which alert templates can show.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations. On a Canary, `flagger.app/promote` and similar ones are operator requests.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// A reference to another object in the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["apiVersion", "kind", "name"])))]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectRef {
    /// Its API group and version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Its kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// A reference by name; in the namespace of the referring object if none is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["name"])))]
#[serde(rename_all = "camelCase", default)]
pub struct NameRef {
    /// Name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// A reference to a Secret in the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("required" = ["name"])))]
#[serde(rename_all = "camelCase", default)]
pub struct SecretRef {
    /// Name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}
