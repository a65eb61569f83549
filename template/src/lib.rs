//! Templates as people write them in queries and messages: the language of Go's `text/template`.
//!
//! [`render`] reads a text and fills it in; [`QueryNames`] are what a metric's query sees. A template sees what its [`Scope`] gives it and nothing else: no files, no
//! environment, no methods. It cannot run for long either: nesting, steps and the length of what it says are bounded.
//!
//! The crate `gotmpl` (0.6) reads the same language and was considered. It counts the passes of loops, but no steps: ten
//! templates that each call the next one 500 times run for ever, without a loop and without output. What a function makes
//! is not bounded, its errors have no place, and nothing says which part of the template a part of the result comes from,
//! which `serin lint` needs to place an error in a query.

mod eval;
mod format;
mod functions;
mod lex;
mod parse;
mod query;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

use serde_json::Value;
use serin_core::revision::bounded;

pub use self::query::QueryNames;

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
    /// Where it is in the template, in bytes.
    pub at: usize,
    /// The line of that, counted from 1.
    pub line: usize,
    /// What is wrong with it, and what was expected.
    pub what: String,
}

/// Fills a template in.
///
/// # Errors
/// It cannot be read, uses a name that is not there, or passes a bound.
pub fn render(text: &str, scope: &Scope) -> Result<String, TemplateError> {
    render_with_origins(text, scope).map(|rendered| rendered.text)
}

/// Fills a template in, and remembers where each part of the result comes from.
///
/// # Errors
/// The same as those of [`render`].
pub fn render_with_origins(text: &str, scope: &Scope) -> Result<Rendered, TemplateError> {
    let rendered = if text.len() > MOST_WRITTEN {
        fault(0, format!("it is longer than {} KiB", MOST_WRITTEN / 1024))
    } else {
        parse::parse(text, scope).and_then(|template| eval::evaluate(&template, scope))
    };
    rendered.map_err(|error| TemplateError { line: line_of(text, error.at), ..error })
}

/// The line of a place in a text, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// A template that is filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// What it says.
    pub text: String,
    /// By place in `text`, ascending.
    origins: Vec<Origin>,
}

/// Where a part of the result begins, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    /// Where it begins in the result.
    said: usize,
    /// Where it begins in the template: the text itself, or the action that says it.
    at: usize,
    is_text: bool,
}

impl Rendered {
    /// The place in the template that a place in the result comes from, both in bytes: of a text the same character, of
    /// what an action says the beginning of the action.
    #[must_use]
    pub fn origin(&self, at: usize) -> usize {
        let behind = self.origins.partition_point(|origin| origin.said <= at);
        match behind.checked_sub(1).map(|place| self.origins[place]) {
            Some(Origin { said, at: begins, is_text: true }) => begins + at - said,
            Some(Origin { at: begins, is_text: false, .. }) => begins,
            None => 0,
        }
    }
}

/// An error at a place in the template; [`render_with_origins`] adds its line.
fn fault<T>(at: usize, what: impl Into<String>) -> Result<T, TemplateError> {
    // It may quote what was given, which may be long.
    let what = bounded(what.into().into());
    Err(TemplateError { at, line: 0, what: what.to_string() })
}
