//! The schema of an event, as far as it is not derived.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use serin_core::request::RequestKind;

use super::{Pods, Times};
use crate::scenario::shape::{SPAN, scalar};

/// The fields that are actions.
pub(super) const ACTIONS: &[&str] = &[
    "deploy",
    "config",
    "annotate",
    "edit",
    "delete",
    "ready",
    "scale",
    "routes",
    "drift",
    "fail",
    "unknown",
    "restart",
    "stop",
    "clock",
    "away",
    "secondController",
    "metrics",
    "hooks",
    "receivers",
];

/// The triggers that are allowed together, as a schema.
pub(super) fn triggers() -> Value {
    json!([
        {"required": ["at"], "properties": {"after": false, "when": false}},
        {"required": ["after"], "properties": {"at": false}},
        {"required": ["when"], "properties": {"at": false}},
    ])
}

pub(super) fn configs(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "additionalProperties": scalar(generator)})
}

pub(super) fn annotations(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": {"enum": RequestKind::ALL.map(RequestKind::name)},
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    })
}

impl JsonSchema for Times {
    fn schema_name() -> Cow<'static, str> {
        "Times".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number, or forever.",
            "anyOf": [{"type": "integer", "minimum": 0}, {"enum": ["forever"]}],
        })
    }
}

impl JsonSchema for Pods {
    fn schema_name() -> Cow<'static, str> {
        "Pods".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "true, false, never, stalled, a percentage such as 50% or a duration.",
            "anyOf": [
                {"type": "boolean"},
                {"type": "string", "pattern": format!("^(never|stalled|(100|[0-9]{{1,2}})%|{SPAN}|0)$")},
            ],
        })
    }
}
