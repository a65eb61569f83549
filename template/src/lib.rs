//! Templates as people write them in queries and messages: the language of Go's `text/template`.
//!
//! [`render`] parses a template and renders it; [`QueryNames`] are the names in a metric's query. A template sees only
//! what its [`Scope`] gives it: no files, no environment, no methods. It cannot run for long either: nesting, steps and
//! the length of its output are limited.
//!
//! The crate `gotmpl` (0.6) reads the same language and was considered. It counts the iterations of loops, but no
//! steps: ten templates that each call the next one 500 times run practically without end, without a loop and without
//! output. It does not limit the values that functions make, its errors have no place, and it does not report which
//! part of the template a part of the output comes from, which `serin lint` needs to place an error in a query.

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
use serin_core::revision::{LONGEST_TEXT, one_line};

pub use self::query::QueryNames;

/// The longest output of a template, in bytes.
pub const MOST_SAID: usize = 64 * 1024;
/// The longest template, in bytes.
const MOST_WRITTEN: usize = 64 * 1024;
/// Nesting of blocks, parentheses and templates.
const DEEPEST: usize = 64;
/// Nodes visited; a loop over the 20 last measurements takes a few hundred.
const MOST_STEPS: usize = 100_000;
/// A function takes a step for this many bytes that it reads and makes: some 6 MB in all.
const BYTES_A_STEP: usize = 64;

/// What a template can read.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Functions without arguments, by name: `{{ target }}`.
    pub names: BTreeMap<&'static str, Value>,
    /// The value of `.`: `{{ .Status }}`.
    pub dot: Value,
    /// The meaning of a missing key.
    pub missing: Missing,
}

/// The meaning of `{{ .Metadata.version }}` if there is no `version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// The template fails, because a query with a gap measures something else.
    #[default]
    Fails,
    /// Nothing is printed, because a message with a gap is still useful.
    IsEmpty,
}

/// Why a template could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template, line {line}: {what}")]
pub struct TemplateError {
    /// Where it is in the template, in bytes.
    pub at: usize,
    /// The line of this place, counted from 1.
    pub line: usize,
    /// What is wrong with it, and what was expected.
    pub what: String,
}

/// Renders a template.
///
/// # Errors
/// It cannot be parsed, uses an unknown name, or exceeds a limit.
pub fn render(text: &str, scope: &Scope) -> Result<String, TemplateError> {
    render_with_origins(text, scope).map(|rendered| rendered.text)
}

/// Renders a template, and notes where each part of the output comes from.
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

/// The line of an offset in a text, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// A rendered template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The output.
    pub text: String,
    /// By offset in `text`, ascending.
    origins: Vec<Origin>,
}

/// Where a part of the output begins, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    /// Its offset in the output.
    said: usize,
    /// Its offset in the template: that of the text, or of the action that printed it.
    at: usize,
    is_text: bool,
}

impl Rendered {
    /// The offset in the template that an offset in the output comes from, both in bytes: for text the same character,
    /// for the output of an action the beginning of the action.
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

/// An error at an offset in the template; [`render_with_origins`] adds its line.
fn fault<T>(at: usize, what: impl Into<String>) -> Result<T, TemplateError> {
    // It may quote a value, which can be long and contain anything.
    Err(TemplateError { at, line: 0, what: one_line(&what.into(), LONGEST_TEXT) })
}
