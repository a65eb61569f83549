//! The schema of an expectation, as far as it is not derived.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use serin_core::decision::Rule;

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
