//! A report as JSON Lines: one object for each file.

use super::{FileReport, Report};

/// One line for each file; with `findings_only` without the plans of its Canaries.
#[must_use]
pub fn lines(report: &Report, findings_only: bool) -> String {
    let mut text = String::new();
    for file in &report.files {
        let line = if findings_only {
            serde_json::to_string(&FileReport { canaries: Vec::new(), ..file.clone() })
        } else {
            serde_json::to_string(file)
        };
        // Our own types contain nothing that JSON cannot represent.
        text += &line.unwrap_or_default();
        text.push('\n');
    }
    text
}
