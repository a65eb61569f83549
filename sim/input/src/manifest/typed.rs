//! Converts a manifest to the types of the core: reports every value of the wrong type, and every invalid field.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serin_core::spec::Problem;

use super::{Remedy, duration::is_duration};
use crate::reword;

/// The maximum number of wrong types that are reported for one object.
const MOST_WRONG: usize = 50;

/// A value of the wrong type.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrong {
    /// Its path.
    pub field: String,
    /// What is wrong with it.
    pub what: String,
    /// The value to write instead.
    pub remedy: Remedy,
}

/// A manifest despite values of the wrong type.
pub struct Read<T> {
    /// Its fields; `None`: nothing can be read.
    pub raw: Option<T>,
    /// The manifest that was read: each wrong value is replaced by the one that was meant, or removed.
    pub json: Value,
    /// The values of the wrong type, in the order of the file.
    pub wrong: Vec<Wrong>,
    /// The fields that were removed.
    pub left_out: Vec<String>,
}

impl Wrong {
    /// The fault and the remedy, in one line.
    pub fn sentence(&self) -> String {
        let gap = if self.remedy.text.is_empty() { "" } else { "; " };
        format!("{}{gap}{}", self.what, self.remedy)
    }
}

/// The problems that do not follow from a value of the wrong type.
pub fn news(problems: Vec<Problem>, wrong: &[Wrong]) -> Vec<Problem> {
    let follows =
        |problem: &Problem| wrong.iter().any(|wrong| problem.path.starts_with(wrong.field.as_str()));
    problems.into_iter().filter(|problem| !follows(problem)).collect()
}

/// The manifest's fields, and every value of the wrong type.
pub fn read_all<T: DeserializeOwned>(json: &Value) -> Read<T> {
    let mut read = Read { raw: None, json: json.clone(), wrong: Vec::new(), left_out: Vec::new() };
    // A missing value is reported elsewhere.
    if let Value::Object(fields) = &mut read.json {
        fields.entry("apiVersion").or_insert_with(|| "".into());
        for part in ["metadata", "spec"] {
            fields.entry(part).or_insert_with(|| Map::new().into());
        }
    }
    loop {
        let (field, what) = match read_raw(&read.json) {
            Ok(raw) => return Read { raw: Some(raw), ..read },
            Err(wrong) => wrong,
        };
        let Some(value) = take(&mut read.json, &field) else {
            read.wrong.push(Wrong { field, what, remedy: Remedy::default() });
            return read;
        };
        let (wrong, meant) = wrong(field.clone(), what, &value);
        match meant.zip(read.json.pointer_mut(&pointer(&field))) {
            Some((meant, place)) if *place != meant && value != meant => *place = meant,
            Some(_) | None => read.left_out.push(field),
        }
        read.wrong.push(wrong);
        if read.wrong.len() >= MOST_WRONG {
            return read;
        }
    }
}

/// The manifest's fields, or the field that has the wrong type.
pub fn read_raw<T: DeserializeOwned>(json: &Value) -> Result<T, (String, String)> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let field = error.path().to_string();
        (if field == "." { String::new() } else { field }, reword(&error.into_inner().to_string()))
    })
}

/// The message about a value, and the value that was meant.
fn wrong(field: String, what: String, value: &Value) -> (Wrong, Option<Value>) {
    let (what, text, meant) = match value {
        Value::Number(number) if is_duration(&field) => {
            let meant = format!("{number}s");
            let what = format!("{number} has no unit; a duration has one, such as 30s, 1m30s or 2h");
            (what, format!("write `{meant}`"), Some(meant.into()))
        }
        Value::String(text)
            if (what.ends_with("number") && text.parse::<f64>().is_ok())
                || (what.ends_with("true or false") && matches!(text.as_str(), "true" | "false")) =>
        {
            (what, format!("write {text} without quotes"), serde_json::from_str(text).ok())
        }
        value @ (Value::Number(_) | Value::Bool(_)) if what.contains("expected a text") => {
            (what, format!("write \"{value}\" in quotes"), Some(Value::from(value.to_string())))
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => (what, String::new(), None),
    };
    let remedy = match &meant {
        Some(meant) => Remedy::new(text).setting(&*field, meant.clone()),
        None => Remedy::default(),
    };
    (Wrong { field, what, remedy }, meant)
}

/// Removes the value at a path from a manifest, so that the rest can be read.
fn take(json: &mut Value, path: &str) -> Option<Value> {
    let value = json.pointer_mut(&pointer(path))?;
    if value.is_null() {
        return None;
    }
    Some(value.take())
}

/// A path as a JSON pointer.
pub fn pointer(path: &str) -> String {
    path.split(['.', '[']).map(|part| format!("/{}", part.trim_end_matches(']'))).collect()
}
