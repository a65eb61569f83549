//! Findings as text: one line with place, level, field and code, then the problem and the remedy.

use std::fmt::Write as _;

use anstyle::Style;

use super::{Finding, Level};
use crate::{
    Terminal,
    span::{Span, lines, paint, printable},
    terminal::{BAD, CANARY, FAINT, GOOD, PLAIN, STRONG, WARNING},
};

/// The widths of line and column, and of the level.
const PLACE: usize = 7;

/// The findings of one file.
pub fn findings<'a>(findings: impl IntoIterator<Item = &'a Finding>, terminal: &Terminal) -> String {
    let mut text = String::new();
    for finding in findings {
        let place = finding.at.map_or(String::new(), |(line, column)| format!("{line}:{column}"));
        let lead = format!("{place:>PLACE$}  ");
        let mut head = vec![Span::new(style(finding.level), finding.level.to_string())];
        if !finding.field.is_empty() {
            head.push(Span::new(STRONG, printable(&finding.field)).after(1));
        }
        head.push(Span::new(FAINT, finding.code));
        paragraph(&mut text, &paint(FAINT, &lead), lead.len(), &head, terminal);
        let indent = " ".repeat(lead.len() + 2);
        paragraph(&mut text, &indent, indent.len(), &Span::sentence(PLAIN, &finding.what), terminal);
        if !finding.remedy.is_empty() {
            let sign = terminal.signs.leads_to;
            let remedy = Span::sentence(GOOD, &format!("{sign} {}", finding.remedy));
            paragraph(&mut text, &indent, indent.len(), &remedy, terminal);
        }
    }
    text
}

/// The style of a level.
pub fn style(level: Level) -> Style {
    match level {
        Level::Error => BAD,
        Level::Warning => WARNING,
        Level::Hint => CANARY.dimmed(),
    }
}

/// Lines of a paragraph after `lead`, which takes `columns`; the next lines have the same indentation.
pub fn paragraph(text: &mut String, lead: &str, columns: usize, spans: &[Span], terminal: &Terminal) {
    let room = terminal.width.saturating_sub(columns).max(24);
    for (i, line) in lines(spans, room).into_iter().enumerate() {
        let _ = match i {
            0 => writeln!(text, "{lead}{line}"),
            _ => writeln!(text, "{}{line}", " ".repeat(columns)),
        };
    }
}
