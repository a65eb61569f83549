//! The top level of a scenario file, as it is written.

use serde::Deserialize;
use serde_yaml::Mapping;
use serin_core::state::Status;

use super::{
    event::WrittenEvent,
    expectation::WrittenItem,
    property::WrittenProperty,
    shape::{Lasting, TextOr},
    world::WrittenWorld,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) scenario: String,
    pub(super) canary: TextOr<Mapping>,
    #[serde(default)]
    pub(super) templates: Vec<TextOr<Mapping>>,
    #[serde(default)]
    pub(super) controller: Controller,
    #[serde(default)]
    pub(super) world: WrittenWorld,
    pub(super) status: Option<Status>,
    #[serde(default)]
    pub(super) events: Vec<WrittenEvent>,
    pub(super) until: Option<Lasting>,
    #[serde(default)]
    pub(super) expect: Vec<WrittenItem>,
    #[serde(default)]
    pub(super) properties: Vec<WrittenProperty>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Controller {
    pub(super) provider: Option<String>,
    pub(super) namespace: Option<String>,
}
