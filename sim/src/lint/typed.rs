//! From a manifest to the types of the core: every value of the wrong type, and every field that makes no sense.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serin_core::spec::{Malformed, Problem};

use super::{Told, code::Code, values};
use crate::scenario::read_raw;

/// More wrong types than this in one object are not told.
const MOST_WRONG: usize = 50;

/// Everything that is wrong with an object that `parse` gives a meaning.
pub(super) fn look<T: DeserializeOwned>(json: &Value, parse: impl Fn(&T) -> Option<Malformed>) -> Vec<Told> {
    let (raw, mut told) = read_all(json);
    let problems = raw.and_then(|raw| parse(&raw)).map(|malformed| malformed.problems).unwrap_or_default();
    told.extend(news(problems, &told).into_iter().map(|problem| refused(problem, json)));
    told
}

/// The problems that do not follow from a value of the wrong type.
pub(super) fn news(problems: Vec<Problem>, wrong: &[Told]) -> Vec<Problem> {
    let follows = |problem: &Problem| wrong.iter().any(|told| problem.path.starts_with(told.field.as_str()));
    problems.into_iter().filter(|problem| !follows(problem)).collect()
}

/// The manifest's fields, and every value that has the wrong type.
pub(super) fn read_all<T: DeserializeOwned>(json: &Value) -> (Option<T>, Vec<Told>) {
    let mut json = json.clone();
    let mut wrong = Vec::new();
    // What is left out altogether is told by what is missing in it.
    if let Value::Object(fields) = &mut json {
        fields.entry("apiVersion").or_insert_with(|| "".into());
        for part in ["metadata", "spec"] {
            fields.entry(part).or_insert_with(|| Map::new().into());
        }
    }
    loop {
        match read_raw(&json) {
            Ok(raw) => return (Some(raw), wrong),
            Err((field, what)) => {
                let value = take(&mut json, &field);
                let is_gone = value.is_some();
                wrong.push(Told {
                    code: Code::WrongType,
                    remedy: quoting(value.as_ref(), &what),
                    what,
                    field,
                    offset: None,
                });
                if !is_gone || wrong.len() >= MOST_WRONG {
                    return (None, wrong);
                }
            }
        }
    }
}

/// Takes the value at a path out of a manifest, so that the rest can be read.
fn take(json: &mut Value, path: &str) -> Option<Value> {
    let pointer: String =
        path.split(['.', '[']).map(|part| format!("/{}", part.trim_end_matches(']'))).collect();
    let value = json.pointer_mut(&pointer)?;
    if value.is_null() {
        return None;
    }
    Some(value.take())
}

/// A number in quotes, or a text without them.
fn quoting(value: Option<&Value>, what: &str) -> String {
    match value {
        Some(Value::String(text))
            if text.parse::<f64>().is_ok() || matches!(text.as_str(), "true" | "false") =>
        {
            format!("write {text} without quotes")
        }
        Some(value @ (Value::Number(_) | Value::Bool(_))) if what.contains("expected a text") => {
            format!("write \"{value}\" in quotes")
        }
        _ => String::new(),
    }
}

/// A field that makes no sense.
pub(super) fn refused(problem: Problem, json: &Value) -> Told {
    let Problem { path, what } = problem;
    let pointer: String =
        path.split(['.', '[']).map(|part| format!("/{}", part.trim_end_matches(']'))).collect();
    let value = json.pointer(&pointer);
    let remedy = values::meant(&path, value);
    // Problems do not always name the value.
    let what = match value {
        Some(Value::String(text)) if !text.is_empty() && !what.contains(text.as_str()) => {
            format!("`{text}` {what}")
        }
        Some(Value::Number(number)) if !what.contains(&number.to_string()) => format!("{number} {what}"),
        _ => what,
    };
    Told { code: Code::Refused, field: path, what, remedy, offset: None }
}
