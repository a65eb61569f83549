//! The findings about unknown fields, values of the wrong type, and invalid fields.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serin_core::{
    provider::Reference,
    spec::{Malformed, Problem},
};
use serin_input::manifest::{
    fields::{Field, text},
    known::Unknown,
    typed::{Read, Wrong, news, pointer, read_all},
};

use super::{Draft, code::Code, values, versions};

/// All faults of an object that `parse` reads.
pub(super) fn look<T: DeserializeOwned>(json: &Value, parse: impl Fn(&T) -> Option<Malformed>) -> Vec<Draft> {
    let Read { raw, wrong, .. } = read_all(json);
    let problems = raw.and_then(|raw| parse(&raw)).map(|malformed| malformed.problems).unwrap_or_default();
    let problems = news(problems, &wrong);
    let mut told: Vec<Draft> = wrong.into_iter().map(wrong_type).collect();
    told.extend(problems.into_iter().map(|problem| refused(problem, json)));
    told
}

/// The finding about an unknown field of an object of this kind.
pub(super) fn unknown(unknown: &Unknown, table: &'static [Field], kind: &str) -> Draft {
    let article = if kind.starts_with('A') { "an" } else { "a" };
    let what = format!("{article} {kind} has no such field: the cluster drops it, or refuses the manifest");
    Draft {
        code: Code::UnknownField,
        field: unknown.path().to_owned(),
        what,
        remedy: unknown.remedy(table),
        offset: None,
    }
}

/// The finding about a value of the wrong type.
pub(super) fn wrong_type(wrong: Wrong) -> Draft {
    let Wrong { field, what, remedy } = wrong;
    Draft { code: Code::WrongType, field, what, remedy, offset: None }
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
