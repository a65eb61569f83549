//! Values as Go sees them: what is true, and how they are said.

use std::borrow::Cow;

use serde_json::{Number, Value};

/// Whether `if` takes a value for true: not false, zero, empty or missing.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// A value as `{{ . }}` says it; one that is missing says nothing.
pub(super) fn show(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        Value::Number(number) => Cow::Owned(show_number(number)),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(show).collect();
            Cow::Owned(format!("[{}]", items.join(" ")))
        }
        Value::Object(fields) => {
            let fields: Vec<_> = fields.iter().map(|(key, value)| format!("{key}:{}", show(value))).collect();
            Cow::Owned(format!("map[{}]", fields.join(" ")))
        }
    }
}

fn show_number(number: &Number) -> String {
    if number.is_f64() { show_float(number.as_f64().unwrap_or_default()) } else { number.to_string() }
}

/// With as few digits as tell it apart; with an exponent from 10^6 on and below 10^-4, as Go writes it.
pub(super) fn show_float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return format!("{value}") };
    match exponent.parse::<i32>() {
        Ok(exponent) if value != 0.0 && !(-4..6).contains(&exponent) => {
            format!("{digits}e{}", signed(exponent))
        }
        _ => format!("{value}"),
    }
}

/// An exponent with its sign and at least two digits.
pub(super) fn signed(exponent: i32) -> String {
    format!("{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs())
}
