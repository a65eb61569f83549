//! Templates as people write them in queries and messages: the language of Go's `text/template`.
//!
//! [`render`] reads a text and fills it in. A template sees what its [`Scope`] gives it and nothing else: no files, no
//! environment, no methods. It cannot run for long either: nesting, steps and the length of what it says are bounded.

mod eval;
mod format;
mod functions;
mod lex;
mod parse;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

use serde_json::Value;
use serin_core::revision::bounded;

/// The longest text a template may say, in bytes.
pub const MOST_SAID: usize = 64 * 1024;
/// The longest template, in bytes.
const MOST_WRITTEN: usize = 64 * 1024;
/// Blocks, parentheses and templates within each other.
const DEEPEST: usize = 64;
/// Nodes visited; a loop over the 20 last measurements takes a few hundred.
const MOST_STEPS: usize = 100_000;
/// What a function reads and makes takes a step for so many bytes: some 6 MB in all.
const BYTES_A_STEP: usize = 64;

/// What a template can see.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Functions without arguments, by name: `{{ target }}`.
    pub names: BTreeMap<&'static str, Value>,
    /// What `.` is: `{{ .Status }}`.
    pub dot: Value,
    /// What a key means that is not there.
    pub missing: Missing,
}

/// What `{{ .Metadata.version }}` means where there is no `version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// The template fails: a query with a hole measures something else.
    #[default]
    Fails,
    /// Nothing: a message with a hole is still a message.
    IsEmpty,
}

/// Why a template could not be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template, line {line}: {what}")]
pub struct TemplateError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it, and what was expected.
    pub what: String,
}

/// Fills a template in.
///
/// # Errors
/// It cannot be read, uses a name that is not there, or passes a bound.
pub fn render(text: &str, scope: &Scope) -> Result<String, TemplateError> {
    if text.len() > MOST_WRITTEN {
        return fault(1, format!("it is longer than {} KiB", MOST_WRITTEN / 1024));
    }
    let template = parse::parse(text, scope)?;
    eval::evaluate(&template, scope)
}

fn fault<T>(line: usize, what: impl Into<String>) -> Result<T, TemplateError> {
    // It may quote what was given, which may be long.
    let what = bounded(what.into().into());
    Err(TemplateError { line, what: what.to_string() })
}
