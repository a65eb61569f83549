//! Values as in Go: which are true, and how they are printed.

use std::{ops::Deref, rc::Rc};

use serde_json::{Number, Value};

use super::MOST_SAID;

/// A value of a template that is being rendered. A copy shares the value, and costs no memory.
#[derive(Clone, Debug)]
pub(super) enum Evaluated<'a> {
    /// It existed before: in the scope, or in the template.
    There(&'a Value),
    /// A function made it.
    Made(Rc<Value>),
}

impl Deref for Evaluated<'_> {
    type Target = Value;

    fn deref(&self) -> &Value {
        match self {
            Self::There(value) => value,
            Self::Made(value) => value,
        }
    }
}

impl From<Value> for Evaluated<'_> {
    fn from(value: Value) -> Self {
        Self::Made(Rc::new(value))
    }
}

impl Evaluated<'_> {
    /// A value inside this one.
    pub(super) fn within(&self, find: impl FnOnce(&Value) -> Option<&Value>) -> Option<Self> {
        match self {
            Self::There(value) => find(value).map(Self::There),
            Self::Made(value) => find(value).cloned().map(Self::from),
        }
    }
}

/// About how many bytes a value takes to read.
pub(super) fn size(value: &Value) -> usize {
    const LEAST: usize = 8;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => LEAST,
        Value::String(text) => LEAST + text.len(),
        Value::Array(items) => LEAST + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => {
            LEAST + fields.iter().map(|(key, value)| key.len() + size(value)).sum::<usize>()
        }
    }
}

/// A text that grows up to [`MOST_SAID`]; text beyond that is dropped, and then no text is returned.
#[derive(Debug, Default)]
pub(super) struct Said {
    text: String,
    is_over: bool,
}

impl Said {
    pub(super) fn push(&mut self, text: &str) {
        self.is_over |= self.text.len() + text.len() > MOST_SAID;
        if !self.is_over {
            self.text.push_str(text);
        }
    }

    pub(super) fn push_char(&mut self, c: char) {
        self.push(c.encode_utf8(&mut [0; 4]));
    }

    /// Its length, in bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether it is longer than allowed.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// The whole text, if it is not longer than allowed.
    pub(super) fn end(self) -> Option<String> {
        (!self.is_over).then_some(self.text)
    }
}

/// Whether `if` treats a value as true: not false, zero, empty or missing.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// Prints a value as `{{ . }}` does; a missing one prints nothing.
pub(super) fn say(said: &mut Said, value: &Value) {
    match value {
        Value::Null => {}
        Value::String(text) => said.push(text),
        Value::Bool(value) => said.push(if *value { "true" } else { "false" }),
        Value::Number(number) => said.push(&show_number(number)),
        Value::Array(items) => {
            said.push("[");
            for (at, item) in items.iter().enumerate() {
                said.push(if at > 0 { " " } else { "" });
                say(said, item);
            }
            said.push("]");
        }
        Value::Object(fields) => {
            said.push("map[");
            for (at, (key, value)) in fields.iter().enumerate() {
                said.push(if at > 0 { " " } else { "" });
                said.push(key);
                said.push(":");
                say(said, value);
            }
            said.push("]");
        }
    }
}

fn show_number(number: &Number) -> String {
    if number.is_f64() { show_float(number.as_f64().unwrap_or_default()) } else { number.to_string() }
}

/// With as few digits as identify it; with an exponent from 10^6 on and below 10^-4, as in Go.
pub(super) fn show_float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return format!("{value}") };
    match exponent.parse::<i32>() {
        Ok(exponent) if value != 0.0 && !(-4..6).contains(&exponent) => {
            format!("{digits}e{}", signed(exponent))
        }
        _ => format!("{value}"),
    }
}

/// An exponent with its sign and at least two digits.
pub(super) fn signed(exponent: i32) -> String {
    format!("{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs())
}
