//! Fills in the template of a query, and reports its faults.

use std::ops::Range;

use serin_input::nearest;
use serin_template::{QueryNames, Rendered, render_with_origins};

use super::{Code, Use};

/// A fault of a template, and its place in the text.
pub(super) struct Unfilled {
    pub(super) code: Code,
    pub(super) at: usize,
    pub(super) what: String,
    pub(super) remedy: String,
}

/// The maximum number of unknown names that are reported for one query.
const MOST_UNKNOWN: usize = 8;

/// Fills in a template as the controller does; otherwise returns every unknown name, up to the first fault of another
/// kind.
pub(super) fn fill(text: &str, asked: &Use) -> Result<Rendered, Vec<Unfilled>> {
    let mut tried = text.to_owned();
    let mut faults: Vec<Unfilled> = Vec::new();
    loop {
        let error = match render_with_origins(&tried, &asked.scope(text)) {
            Ok(rendered) if faults.is_empty() => return Ok(rendered),
            Ok(_) => return Err(faults),
            Err(error) => error,
        };
        let at = error.at;
        let word = word(&tried, at);
        let Some((what, remedy)) = unknown(&tried[word.clone()], asked) else {
            let what = format!("is not a Go template: {}", error.what);
            faults.push(Unfilled { code: Code::QueryTemplateInvalid, at, what, remedy: String::new() });
            return Err(faults);
        };
        faults.push(Unfilled { code: Code::QueryUnknownVariable, at, what, remedy });
        if faults.len() == MOST_UNKNOWN {
            return Err(faults);
        }
        // A constant of the same length replaces it, so that the next fault keeps its place.
        let constant = format!("{:<1$}", 0, word.len());
        tried.replace_range(word, &constant);
    }
}

/// The name at a place, or the first one in the action that begins there.
pub(super) fn word(text: &str, at: usize) -> Range<usize> {
    let rest = text[at..].trim_start_matches(['{', '-', ' ']);
    let begins = text.len() - rest.len();
    let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(rest.len());
    begins..begins + end
}

/// The message about an unknown name, and the name that was meant.
fn unknown(word: &str, asked: &Use) -> Option<(String, String)> {
    if let Some(key) = word.strip_prefix("variables.") {
        let given = asked.variables.as_ref().filter(|given| !given.contains_key(key))?;
        let what = format!(
            "`{{{{ {word} }}}}` is not among the metric's `templateVariables`: the query cannot be sent"
        );
        let near = nearest(key, given.keys().map(String::as_str));
        let remedy = match near {
            Some(near) => format!("did you mean `{{{{ variables.{near} }}}}`?"),
            None => format!("add `{key}` to `templateVariables`"),
        };
        return Some((what, remedy));
    }
    let name = word.split('.').find(|part| !part.is_empty())?;
    let is_name = word.starts_with(|c: char| c.is_alphabetic() || c == '.');
    if !is_name || QueryNames::ALL.contains(&word) || FUNCTIONS.contains(&word) {
        return None;
    }
    let what = format!("`{{{{ {word} }}}}` is not a variable of a query: the query cannot be sent");
    let remedy = match nearest(&name.to_lowercase(), QueryNames::ALL) {
        Some(near) => format!("did you mean `{{{{ {near} }}}}`?"),
        None => format!("use one of {}", QueryNames::ALL.join(", ")),
    };
    Some((what, remedy))
}

/// Words of the language with which an action can begin.
const FUNCTIONS: [&str; 29] = [
    "printf", "print", "println", "len", "index", "slice", "html", "js", "urlquery", "and", "or", "not",
    "eq", "ne", "lt", "le", "gt", "ge", "if", "else", "end", "range", "with", "define", "template", "block",
    "break", "continue", "nil",
];

/// The function that was meant, if the parser does not know the name.
pub(super) fn function_meant(error: &str) -> String {
    const KNOWN: [&str; 22] = [
        "abs",
        "absent",
        "avg_over_time",
        "ceil",
        "clamp_max",
        "clamp_min",
        "count_over_time",
        "delta",
        "floor",
        "histogram_quantile",
        "increase",
        "irate",
        "label_replace",
        "max_over_time",
        "min_over_time",
        "quantile_over_time",
        "rate",
        "round",
        "scalar",
        "sum_over_time",
        "time",
        "vector",
    ];
    let name = error.strip_prefix("unknown function with name '").and_then(|rest| rest.strip_suffix('\''));
    let near = name.and_then(|name| nearest(name, KNOWN));
    near.map_or(String::new(), |near| format!("did you mean `{near}`?"))
}
