//! The top level of a scenario file.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_yaml::Mapping;
use serin_core::state::Status;

use super::{
    event::WrittenEvent,
    expectation::WrittenItem,
    property::WrittenProperty,
    schema,
    shape::{Lasting, TextOr},
    world::WrittenWorld,
};

/// The story of one rollout: a Canary, what happens to it, and what must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// What the story is about, in one sentence.
    pub(super) scenario: String,
    /// The Canary: its manifest, or the path of one, relative to this file.
    #[schemars(schema_with = "schema::canary")]
    pub(super) canary: TextOr<Mapping>,
    /// MetricTemplates: manifests, or paths of them.
    #[serde(default)]
    #[schemars(schema_with = "schema::templates")]
    pub(super) templates: Vec<TextOr<Mapping>>,
    /// Settings of the controller.
    #[serde(default)]
    pub(super) controller: Controller,
    /// How the cluster behaves; by default everything works.
    pub(super) world: Option<WrittenWorld>,
    /// `.status` of the Canary at the beginning, as another controller left it.
    #[serde(default)]
    #[schemars(schema_with = "schema::status")]
    pub(super) status: Option<Status>,
    /// What happens.
    #[serde(default)]
    pub(super) events: Vec<WrittenEvent>,
    /// The virtual time at which the story ends at the latest; 24h by default.
    pub(super) until: Option<Lasting>,
    /// What must hold.
    #[serde(default)]
    pub(super) expect: Vec<WrittenItem>,
    /// What must hold in every world that the scenario allows.
    #[serde(default)]
    pub(super) properties: Vec<WrittenProperty>,
}

/// Settings of the controller.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Controller {
    /// The router of Canaries without a provider; `istio` by default.
    pub(super) provider: Option<String>,
    /// The controller's own namespace; `flagger-system` by default.
    pub(super) namespace: Option<String>,
}
