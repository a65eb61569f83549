//! Pieces of YAML that a user can edit.

use serde_json::Value;

use super::Written;

/// A text as a scalar or a key, in quotes if it needs them.
pub(super) fn scalar(text: &str) -> String {
    // YAML reads a JSON string as the same text.
    if is_plain(text) { text.into() } else { Value::from(text).to_string() }
}

/// Whether a text can be written without quotes, at any place.
pub(super) fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let begins = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    // The path of a file needs no quotes either.
    begins(text.trim_start_matches("../"))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// A field that contains a manifest or its path.
pub(super) fn manifest(field: &str, written: &Written) -> String {
    match written {
        Written::Path(path) => format!("{field}: {}\n", scalar(path)),
        Written::Manifest(json) => format!("{field}:\n{}", block(json, "  ", "  ")),
    }
}

/// Manifests or their paths as items of a list.
pub(super) fn items(written: &[Written]) -> String {
    let item = |written: &Written| match written {
        Written::Path(path) => format!("  - {}\n", scalar(path)),
        Written::Manifest(json) => block(json, "  - ", "    "),
    };
    written.iter().map(item).collect()
}

fn block(json: &Value, first: &str, others: &str) -> String {
    // JSON is always YAML.
    let yaml = serde_yaml::to_string(json).unwrap_or_default();
    let lines = yaml.lines().enumerate();
    lines
        .map(|(i, line)| match (i, line) {
            (0, line) => format!("{first}{line}\n"),
            (_, "") => "\n".into(),
            (_, line) => format!("{others}{line}\n"),
        })
        .collect()
}
