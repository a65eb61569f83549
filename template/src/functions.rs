//! The functions of the language itself.

use std::cmp::Ordering;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{
    MOST_SAID, Missing,
    format::printf,
    value::{Evaluated, Said, is_true, say},
};

const NAMES: [&str; 18] = [
    "and", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or", "print", "printf",
    "println", "slice", "urlquery",
];

/// Whether there is a function of this name.
pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Whether a function reads all of its arguments; the others read a part, or return one unchanged.
pub(super) fn reads_all(name: &str) -> bool {
    !matches!(name, "and" | "or" | "not" | "len" | "index" | "slice")
}

/// Calls a function, or says why the call is invalid.
pub(super) fn call<'a>(
    name: &str,
    values: &[Evaluated<'a>],
    missing: Missing,
) -> Result<Evaluated<'a>, String> {
    let made: Value = match (name, values) {
        ("and" | "or", [.., last]) => return Ok(last.clone()),
        ("index", [value, keys @ ..]) => return index(value, keys, missing),
        ("not", [value]) => (!is_true(value)).into(),
        ("eq", [first, others @ ..]) if !others.is_empty() => {
            others.iter().any(|other| equal(first, other)).into()
        }
        ("ne", [a, b]) => (!equal(a, b)).into(),
        ("lt", [a, b]) => (order(a, b)? == Some(Ordering::Less)).into(),
        ("gt", [a, b]) => (order(a, b)? == Some(Ordering::Greater)).into(),
        ("le", [a, b]) => order(a, b)?.is_some_and(Ordering::is_le).into(),
        ("ge", [a, b]) => order(a, b)?.is_some_and(Ordering::is_ge).into(),
        ("len", [value]) => length(value)?,
        ("slice", [value, bounds @ ..]) => slice(value, bounds)?,
        _ => {
            let mut said = Said::default();
            text(name, values, &mut said)?;
            said.end().ok_or_else(|| too_long(name))?.into()
        }
    };
    Ok(made.into())
}

/// The functions that print something.
fn text(name: &str, values: &[Evaluated<'_>], said: &mut Said) -> Result<(), String> {
    let all = || print(values).end().ok_or_else(|| too_long(name));
    match (name, values) {
        ("printf", [format, values @ ..]) if format.is_string() => {
            printf(format.as_str().unwrap_or_default(), values, said)?;
        }
        ("print", values) => *said = print(values),
        ("println", values) => {
            for (at, value) in values.iter().enumerate() {
                said.push(if at > 0 { " " } else { "" });
                say(said, value);
            }
            said.push("\n");
        }
        ("html", _) => escape(&all()?, said),
        ("js", _) => script(&all()?, said),
        ("urlquery", _) => urlquery(&all()?, said),
        _ => return Err(format!("`{name}` does not take such arguments")),
    }
    Ok(())
}

fn too_long(name: &str) -> String {
    format!("`{name}` says more than {} KiB", MOST_SAID / 1024)
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

fn index<'a>(
    value: &Evaluated<'a>,
    keys: &[Evaluated<'a>],
    missing: Missing,
) -> Result<Evaluated<'a>, String> {
    static NOTHING: Value = Value::Null;
    let mut value = value.clone();
    for key in keys {
        let found = match (&*value, &**key) {
            // This holds even if a missing field is an error: in Go, `index` tests whether a key exists.
            (Value::Object(_), Value::String(key)) => value.within(|value| value.get(key)),
            (Value::Array(_), key) if key.is_u64() => {
                let found = value.within(|value| value.get(whole(key)?));
                if found.is_none() && missing == Missing::Fails {
                    return Err(format!("there is no item {key}"));
                }
                found
            }
            (Value::Null, _) if missing == Missing::IsEmpty => None,
            (_, key) => return Err(format!("{key} cannot be looked up there")),
        };
        value = found.unwrap_or(Evaluated::There(&NOTHING));
    }
    Ok(value)
}

fn slice(value: &Value, bounds: &[Evaluated<'_>]) -> Result<Value, String> {
    let wrong = || "`slice` takes a text or a list, and one or two places in it".to_owned();
    let at = |bound: Option<&Evaluated<'_>>, other: usize| bound.map_or(Some(other), |bound| whole(bound));
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

/// All of them, with a space between two operands of which neither is a string.
fn print(values: &[Evaluated<'_>]) -> Said {
    let mut said = Said::default();
    for (at, value) in values.iter().enumerate() {
        if at > 0 && !value.is_string() && !values[at - 1].is_string() {
            said.push(" ");
        }
        say(&mut said, value);
    }
    said
}

fn escape(text: &str, said: &mut Said) {
    for c in text.chars() {
        match c {
            '&' => said.push("&amp;"),
            '<' => said.push("&lt;"),
            '>' => said.push("&gt;"),
            '"' => said.push("&#34;"),
            '\'' => said.push("&#39;"),
            c => said.push_char(c),
        }
    }
}

/// Escaped for a string in a script.
fn script(text: &str, said: &mut Said) {
    for c in text.chars() {
        match c {
            '\\' | '\'' | '"' => {
                said.push("\\");
                said.push_char(c);
            }
            '<' | '>' | '&' | '=' => said.push(&format!("\\u{:04X}", u32::from(c))),
            c if c.is_control() => said.push(&format!("\\u{:04X}", u32::from(c))),
            c => said.push_char(c),
        }
    }
}

/// Escaped for the query of a URL.
fn urlquery(text: &str, said: &mut Said) {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    for part in utf8_percent_encode(text, ESCAPED) {
        said.push(if part == "%20" { "+" } else { part });
    }
}
