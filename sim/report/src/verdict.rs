//! The verdict of a story: one line if all is as expected, otherwise each difference with its row.

use std::time::Duration;

use serin_core::time::Human;
use serin_output::{
    span::{Span, lines, paint},
    terminal::{BAD, FAINT, GOOD, PLAIN, Terminal, WARNING},
};
use serin_simulator::expect::Judged;

use super::{Page, timeline};

/// The verdict, and the rows at which something broke.
pub(super) fn verdict(page: &Page<'_>, terminal: &Terminal) -> String {
    let broken = page.broken();
    let counts = paint(FAINT, &counts(page).join(&format!(" {} ", terminal.signs.and)));
    let word = if broken.is_empty() { paint(GOOD.bold(), "ok") } else { paint(BAD.bold(), "FAILED") };
    let mut text = format!("{word}  {counts}\n");
    for event in &page.story.missed {
        text += &format!("    {}\n", paint(WARNING, &format!("! events[{event}] never happened")));
    }
    for broken in &broken {
        text += "\n";
        text += &difference(broken, terminal);
        text += &place(page, broken.moment, terminal);
    }
    text
}

fn counts(page: &Page<'_>) -> Vec<String> {
    let outcomes = &page.verdict.outcomes;
    let failed = outcomes.iter().filter(|outcome| outcome.judged != Judged::Held).count();
    let of = if failed == 0 { String::new() } else { format!("{failed} of ") };
    let mut counts = vec![of + &count(outcomes.len(), "expectation")];
    let violations = page.verdict.violations.len();
    if violations > 0 {
        counts.push(format!("{} broken", count(violations, "invariant")));
    }
    let moments = &page.story.moments;
    counts.push(count(moments.len(), "decision"));
    counts.push(format!("virtual {}", Human(moments.last().map_or(Duration::ZERO, |moment| moment.at))));
    counts
}

/// Something that does not hold.
pub(super) struct Broken<'a> {
    pub(super) expected: &'a str,
    pub(super) actual: &'a str,
    pub(super) moment: Option<usize>,
}

impl<'a> Page<'a> {
    /// What does not hold: expectations first, then invariants.
    pub(super) fn broken(&self) -> Vec<Broken<'a>> {
        let expectations = self.verdict.outcomes.iter().filter_map(|outcome| match &outcome.judged {
            Judged::Held => None,
            Judged::Failed { expected, actual, broke_at, .. } => {
                Some(Broken { expected, actual, moment: *broke_at })
            }
        });
        let invariants = self.verdict.violations.iter();
        let invariants = invariants.map(|(moment, what)| Broken {
            expected: "every invariant holds",
            actual: what,
            moment: Some(*moment),
        });
        expectations.chain(invariants).collect()
    }
}

const MARK: usize = 4;
const INDENT: usize = 6;
const GAP: usize = 3;

/// Expected and actual side by side.
fn difference(broken: &Broken<'_>, terminal: &Terminal) -> String {
    let half = (terminal.width.saturating_sub(INDENT + GAP) / 2).max(20);
    let expected = column("expected", broken.expected, half);
    let actual = column("actual", broken.actual, half);
    let rows = expected.len().max(actual.len());
    let mut text = String::new();
    for i in 0..rows {
        let cell = |column: &[(usize, String)]| column.get(i).cloned().unwrap_or_default();
        let ((used, expected), (_, actual)) = (cell(&expected), cell(&actual));
        let pad = " ".repeat(half + GAP - used.min(half));
        let mark = if i == 0 { terminal.signs.failed } else { "" };
        let mark = paint(BAD, &format!("{mark:>MARK$}"));
        text += format!("{mark}{:1$}{expected}{pad}{actual}", "", INDENT - MARK).trim_end();
        text += "\n";
    }
    text
}

/// A heading and a text below it in lines of at most `width` columns, each with its width.
fn column(heading: &str, text: &str, width: usize) -> Vec<(usize, String)> {
    let mut cells = vec![(heading.len(), paint(FAINT, heading))];
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<Span> = line.split_whitespace().map(|word| Span::new(PLAIN, word).after(1)).collect();
        for line in lines(&words, width.saturating_sub(indent)) {
            cells.push((indent + line.chars().count(), " ".repeat(indent) + &line));
        }
    }
    cells
}

/// The row at which it broke; nothing if no row shows it.
fn place(page: &Page<'_>, moment: Option<usize>, terminal: &Terminal) -> String {
    let row = moment.and_then(|moment| timeline::row_of(page, moment, terminal));
    row.map(|row| format!("{:INDENT$}{}\n{row}\n", "", paint(FAINT, "broke on"))).unwrap_or_default()
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
