//! Converts a manifest to the types of the core: reports every value of the wrong type, and every invalid field.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serin_core::{
    provider::Reference,
    spec::{Malformed, Problem},
};

use super::{Draft, Remedy, code::Code, fields::text, values, versions};
use crate::scenario::read_raw;

/// The maximum number of wrong types that are reported for one object.
const MOST_WRONG: usize = 50;

/// A value of the wrong type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wrong {
    /// Its path.
    pub(crate) field: String,
    pub(crate) what: String,
    /// The value to write instead.
    remedy: Remedy,
}

/// A manifest despite values of the wrong type.
pub(crate) struct Read<T> {
    /// Its fields; `None`: nothing can be read.
    pub(crate) raw: Option<T>,
    /// The manifest that was read: each wrong value is replaced by the one that was meant, or removed.
    pub(crate) json: Value,
    pub(crate) wrong: Vec<Wrong>,
    /// The fields that were removed.
    pub(crate) left_out: Vec<String>,
}

/// All faults of an object that `parse` reads.
pub(super) fn look<T: DeserializeOwned>(json: &Value, parse: impl Fn(&T) -> Option<Malformed>) -> Vec<Draft> {
    let Read { raw, wrong, .. } = read_all(json);
    let problems = raw.and_then(|raw| parse(&raw)).map(|malformed| malformed.problems).unwrap_or_default();
    let problems = news(problems, &wrong);
    let mut told: Vec<Draft> = wrong.into_iter().map(Wrong::told).collect();
    told.extend(problems.into_iter().map(|problem| refused(problem, json)));
    told
}

impl Wrong {
    /// The fault and the remedy, in one line.
    pub(crate) fn sentence(&self) -> String {
        let gap = if self.remedy.text.is_empty() { "" } else { "; " };
        format!("{}{gap}{}", self.what, self.remedy)
    }

    pub(super) fn told(self) -> Draft {
        let Self { field, what, remedy } = self;
        Draft { code: Code::WrongType, field, what, remedy, offset: None }
    }
}

/// The problems that do not follow from a value of the wrong type.
pub(crate) fn news(problems: Vec<Problem>, wrong: &[Wrong]) -> Vec<Problem> {
    let follows =
        |problem: &Problem| wrong.iter().any(|wrong| problem.path.starts_with(wrong.field.as_str()));
    problems.into_iter().filter(|problem| !follows(problem)).collect()
}

/// The manifest's fields, and every value of the wrong type.
pub(crate) fn read_all<T: DeserializeOwned>(json: &Value) -> Read<T> {
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

/// The message about a value, and the value that was meant.
fn wrong(field: String, what: String, value: &Value) -> (Wrong, Option<Value>) {
    let (what, text, meant) = match value {
        Value::Number(number) if values::is_duration(&field) => {
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
pub(super) fn pointer(path: &str) -> String {
    path.split(['.', '[']).map(|part| format!("/{}", part.trim_end_matches(']'))).collect()
}

/// An invalid field.
pub(super) fn refused(problem: Problem, json: &Value) -> Draft {
    let Problem { path, what } = problem;
    let removed = versions::removed(text(json, "/apiVersion"), text(json, "/kind"));
    if let Some(removed) = removed.filter(|_| path == "apiVersion") {
        return Draft {
            code: Code::Refused,
            field: path,
            what: removed.what(),
            remedy: removed.remedy("apiVersion"),
            offset: None,
        };
    }
    let value = json.pointer(&pointer(&path));
    let remedy = if path == "spec.targetRef" && value.is_none() {
        "add a name; if this is a patch, lint the output of `kubectl kustomize`".into()
    } else if let Some(reference) = Reference::at(&path) {
        reference.remedy().into()
    } else {
        values::meant(&path, value)
    };
    // Problems do not always name the value.
    let what = match value {
        Some(Value::String(text)) if !text.is_empty() && !what.contains(text.as_str()) => {
            format!("`{text}` {what}")
        }
        Some(Value::Number(number)) if !what.contains(&number.to_string()) => format!("{number} {what}"),
        _ => what,
    };
    Draft { code: Code::Refused, field: path, what, remedy, offset: None }
}
