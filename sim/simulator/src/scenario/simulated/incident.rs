//! `world.incidents`: a dependency of both copies fails.

use schemars::JsonSchema;
use serde::Deserialize;

use super::range::{Range, Seconds, Share};

/// A time in which a share of all requests fails, on the canary and on the primary.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// When it begins, since the beginning of the story.
    pub from: Range<Seconds>,
    /// How long it lasts.
    #[serde(rename = "for")]
    pub lasts: Range<Seconds>,
    /// The share of requests that fail because of it.
    pub errors: Range<Share>,
}
