//! What is wrong with a scenario file, and where.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// A file that cannot be used, with all its faults.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InputError {
    /// The faults; never empty.
    pub faults: Vec<Fault>,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file that contains it.
    pub file: PathBuf,
    /// Line and column, counted from 1, if they are known.
    pub at: Option<(usize, usize)>,
    /// Path of the field, such as `events[0].deploy`; empty for the file as a whole.
    pub field: String,
    /// What is wrong with it.
    pub what: String,
}

impl Fault {
    /// A fault of a file as a whole.
    #[must_use]
    pub fn of_file(file: &Path, what: impl Into<String>) -> Self {
        Self { file: file.into(), at: None, field: String::new(), what: what.into() }
    }
}

impl From<Fault> for InputError {
    fn from(fault: Fault) -> Self {
        Self { faults: vec![fault] }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some((line, column)) = self.at {
            write!(f, "{line}:{column}:")?;
        }
        if !self.field.is_empty() {
            write!(f, " {}:", self.field)?;
        }
        write!(f, " {}", self.what)
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            fmt::Display::fmt(fault, f)?;
        }
        Ok(())
    }
}

/// The known name that is closest to `name`.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&name, &known.to_lowercase());
    let near =
        known.into_iter().map(|known| (distance(known), known)).min_by_key(|(distance, _)| *distance)?;
    (near.0 <= 1 + name.chars().count() / 4).then_some(near.1)
}

/// `unknown metric `x`; did you mean `y`?`, or all known names if none is close.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("unknown {what} `{name}`; did you mean `{near}`?"),
        None if known.is_empty() => format!("unknown {what} `{name}`; none is defined"),
        None => format!("unknown {what} `{name}`; known are {}", known.join(", ")),
    }
}

/// The message of the YAML library about too deep nesting.
pub(super) const TOO_DEEP: &str = "recursion limit exceeded";

/// The message of the YAML library about a second document.
pub(super) const SECOND_DOCUMENT: &str = "more than one document";

/// Rewrites a message of serde: suggests a close name instead of listing all, and does not name types of Rust.
pub fn reword(message: &str) -> String {
    if message == TOO_DEEP {
        return "is nested too deeply: more than 128 levels".into();
    }
    if message.contains(SECOND_DOCUMENT) {
        return "contains more than one document".into();
    }
    for (what, ours) in [("unknown field ", "field"), ("unknown variant ", "value")] {
        let Some(rest) = message.strip_prefix(what) else { continue };
        let mut quoted = rest.split('`').skip(1).step_by(2);
        let name = quoted.next().unwrap_or_default();
        let known: Vec<&str> = quoted.filter(|known| !known.is_empty()).collect();
        return unknown(ours, name, &known);
    }
    if let Some((_, number)) = message.split_once("integer `")
        && let Some((number, kind)) = number.split_once("` as ")
        && ["i128", "u128"].iter().any(|wide| kind.starts_with(wide))
    {
        return format!("{number} is too large a number");
    }
    let Some((found, expected)) = message.rsplit_once(", expected ") else { return message.into() };
    let expected = match expected {
        "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a string" => "a text",
        "a sequence" => "a list",
        "a map" => "a mapping",
        _ if expected.starts_with("struct ") => "a mapping",
        _ => expected,
    };
    format!("{}, expected {expected}", found.replace("unit value", "nothing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_its_place_first() {
        let fault = Fault {
            file: "a.yaml".into(),
            at: Some((3, 7)),
            field: "events[0]".into(),
            what: "is odd".into(),
        };
        assert_eq!(fault.to_string(), "a.yaml:3:7: events[0]: is odd");
        assert_eq!(Fault::of_file(Path::new("a.yaml"), "is empty").to_string(), "a.yaml: is empty");
    }

    #[test]
    fn a_close_name_is_suggested_and_a_distant_one_is_not() {
        let serde = "unknown field `treshold`, expected one of `interval`, `threshold`, `metrics`";
        assert_eq!(reword(serde), "unknown field `treshold`; did you mean `threshold`?");
        let serde = "unknown variant `zzzzzz`, expected `a` or `b`";
        assert_eq!(reword(serde), "unknown value `zzzzzz`; known are a, b");
        assert_eq!(reword("invalid type"), "invalid type");
    }

    #[test]
    fn types_of_rust_are_not_named() {
        let serde = "invalid type: unit value, expected struct WrittenWorld";
        assert_eq!(reword(serde), "invalid type: nothing, expected a mapping");
        assert_eq!(
            reword("invalid value: integer `-1`, expected u32"),
            "invalid value: integer `-1`, expected a whole number"
        );
    }

    #[test]
    fn a_number_that_is_too_large_is_reported_as_such() {
        let serde = "invalid type: integer `99999999999999999999` as u128, expected any YAML value";
        assert_eq!(reword(serde), "99999999999999999999 is too large a number");
    }

    #[test]
    fn case_is_ignored_when_names_are_compared() {
        assert_eq!(nearest("CANARYWEIGHT", ["phase", "canaryWeight"]), Some("canaryWeight"));
    }
}
