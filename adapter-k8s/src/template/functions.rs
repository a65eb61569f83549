//! The functions of the language itself.

use std::cmp::Ordering;

use serde_json::Value;

use super::{
    MOST_SAID, Missing,
    format::printf,
    value::{is_true, show},
};

const NAMES: [&str; 18] = [
    "and", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or", "print", "printf",
    "println", "slice", "urlquery",
];

/// Whether there is a function of that name.
pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Calls a function, or says why that makes no sense.
pub(super) fn call(name: &str, values: &[&Value], missing: Missing) -> Result<Value, String> {
    let said = match (name, values) {
        ("and" | "or", [.., last]) => return Ok((*last).clone()),
        ("not", [value]) => return Ok((!is_true(value)).into()),
        ("eq", [first, others @ ..]) if !others.is_empty() => {
            return Ok(others.iter().any(|other| equal(first, other)).into());
        }
        ("ne", [a, b]) => return Ok((!equal(a, b)).into()),
        ("lt", [a, b]) => return Ok((order(a, b)? == Some(Ordering::Less)).into()),
        ("gt", [a, b]) => return Ok((order(a, b)? == Some(Ordering::Greater)).into()),
        ("le", [a, b]) => return Ok(order(a, b)?.is_some_and(Ordering::is_le).into()),
        ("ge", [a, b]) => return Ok(order(a, b)?.is_some_and(Ordering::is_ge).into()),
        ("len", [value]) => return length(value),
        ("index", [value, keys @ ..]) => return index(value, keys, missing),
        ("slice", [value, bounds @ ..]) => return slice(value, bounds),
        ("printf", [Value::String(format), values @ ..]) => printf(format, values)?,
        ("print", values) => print(values),
        ("println", values) => values.iter().map(|value| show(value)).collect::<Vec<_>>().join(" ") + "\n",
        ("html", values) => escape(&print(values)),
        ("js", values) => script(&print(values)),
        ("urlquery", values) => urlquery(&print(values)),
        _ => return Err(format!("`{name}` does not take such arguments")),
    };
    if said.len() > MOST_SAID {
        return Err(format!("`{name}` says more than {} KiB", MOST_SAID / 1024));
    }
    Ok(said.into())
}

/// Numbers are equal by value, whether or not they are whole.
fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn order(a: &Value, b: &Value) -> Result<Option<Ordering>, String> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Ok(Some(a.cmp(b))),
        (Value::Number(a), Value::Number(b)) => Ok(a.as_f64().partial_cmp(&b.as_f64())),
        _ => Err(format!("{a} and {b} cannot be compared")),
    }
}

fn length(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(text) => Ok(text.len().into()),
        Value::Array(items) => Ok(items.len().into()),
        Value::Object(fields) => Ok(fields.len().into()),
        Value::Null | Value::Bool(_) | Value::Number(_) => Err(format!("{value} has no length")),
    }
}

fn index(value: &Value, keys: &[&Value], missing: Missing) -> Result<Value, String> {
    let mut value = value;
    for key in keys {
        value = match (value, key) {
            // Even where a missing field fails: in Go, this is how one asks whether a key is there.
            (Value::Object(fields), Value::String(key)) => fields.get(key).unwrap_or(&Value::Null),
            (Value::Array(items), key) if key.is_u64() => {
                match (whole(key).and_then(|at| items.get(at)), missing) {
                    (Some(found), _) => found,
                    (None, Missing::IsEmpty) => &Value::Null,
                    (None, Missing::Fails) => return Err(format!("there is no item {key}")),
                }
            }
            (Value::Null, _) if missing == Missing::IsEmpty => &Value::Null,
            _ => return Err(format!("{key} cannot be looked up there")),
        };
    }
    Ok(value.clone())
}

fn slice(value: &Value, bounds: &[&Value]) -> Result<Value, String> {
    let wrong = || "`slice` takes a text or a list, and one or two places in it".to_owned();
    let at = |bound: Option<&&Value>, other: usize| bound.map_or(Some(other), |bound| whole(bound));
    let length = length(value)?.as_u64().and_then(|length| usize::try_from(length).ok());
    let (from, to) = (at(bounds.first(), 0), at(bounds.get(1), length.unwrap_or_default()));
    let range = from.zip(to).map(|(from, to)| from..to).filter(|_| bounds.len() <= 2).ok_or_else(wrong)?;
    match value {
        Value::String(text) => text.get(range).map(Value::from).ok_or_else(wrong),
        Value::Array(items) => items.get(range).map(|items| items.to_vec().into()).ok_or_else(wrong),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Err(wrong()),
    }
}

fn whole(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|value| usize::try_from(value).ok())
}

/// All of them; a blank between two of which neither is a text.
fn print(values: &[&Value]) -> String {
    let mut said = String::new();
    for (at, value) in values.iter().enumerate() {
        if at > 0 && !value.is_string() && !values[at - 1].is_string() {
            said.push(' ');
        }
        said.push_str(&show(value));
    }
    said
}

fn escape(text: &str) -> String {
    let mut said = String::new();
    for c in text.chars() {
        match c {
            '&' => said.push_str("&amp;"),
            '<' => said.push_str("&lt;"),
            '>' => said.push_str("&gt;"),
            '"' => said.push_str("&#34;"),
            '\'' => said.push_str("&#39;"),
            c => said.push(c),
        }
    }
    said
}

/// As it may stand in a text of a script.
fn script(text: &str) -> String {
    let mut said = String::new();
    for c in text.chars() {
        match c {
            '\\' | '\'' | '"' => said.extend(['\\', c]),
            '<' | '>' | '&' | '=' => said.push_str(&format!("\\u{:04X}", u32::from(c))),
            c if c.is_control() => said.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => said.push(c),
        }
    }
    said
}

/// As it may stand in the query of a URL.
fn urlquery(text: &str) -> String {
    let mut said = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                said.push(char::from(byte));
            }
            b' ' => said.push('+'),
            _ => said.push_str(&format!("%{byte:02X}")),
        }
    }
    said
}
