//! The schema of an expectation, as far as it is not derived.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use serin_core::decision::Rule;

use super::texts::{WrittenRegex, WrittenRoute};
use crate::scenario::{names, schema};

/// The fields that are one statement each.
const STATEMENTS: &[&str] = &[
    "not",
    "phases",
    "weights",
    "weight",
    "routes",
    "rows",
    "event",
    "alert",
    "condition",
    "hook",
    "receiver",
    "metric",
    "command",
    "rule",
    "promoted",
    "time",
    "requests",
    "never",
];

/// The fields that together are one statement.
const AT_THE_END: &[&str] = &["phase", "canaryWeight", "failedChecks", "iterations", "revision"];

pub(super) fn statements() -> Value {
    let mut choices = schema::one_each(STATEMENTS);
    if let Value::Array(choices) = &mut choices {
        choices.push(json!({"anyOf": schema::one_each(AT_THE_END)}));
    }
    choices
}

pub(super) fn rule(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<String> = Rule::ALL.into_iter().map(names::rule).collect();
    json_schema!({
        "anyOf": [
            {"enum": names},
            {
                "type": "object",
                "properties": {"name": {"enum": names}, "times": {"type": "integer", "minimum": 0}},
                "required": ["name"],
                "additionalProperties": false,
            },
        ],
    })
}

impl JsonSchema for WrittenRegex {
    fn schema_name() -> Cow<'static, str> {
        "Regex".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "regex"})
    }
}

impl JsonSchema for WrittenRoute {
    fn schema_name() -> Cow<'static, str> {
        "Division".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Where requests go: 90/10, 100/0 mirror 50 or 0/100 matched.",
            "type": "string",
            "pattern": "^[0-9]{1,3}/[0-9]{1,3}( mirror [0-9]{1,3})?( matched)?$",
        })
    }
}
