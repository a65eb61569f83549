//! A story as a timeline: one row for each instant in which something happened.

use std::time::Duration;

use anstyle::Style;
use serin_core::{Phase, time::Human};
use serin_output::{
    span::{Span, lines, paint},
    terminal::{BAD, FAINT, GOOD, PLAIN, STRONG, Terminal, WARNING, WIDTH, WORLD},
};
use serin_simulator::record::Story;

use super::{
    Page,
    row::{Row, RowStatus, rows},
    share::{self, Of, sign},
};

/// The timeline of a story, with its heading. The moments of `broken` are marked.
pub(super) fn timeline(page: &Page<'_>, broken: &[usize], terminal: &Terminal) -> String {
    let columns = Columns::of(page.story, terminal);
    let rows = rows(page, columns.rest, terminal);
    let mut text = columns.heading(&rows, terminal);
    let mut shown = rows.iter().filter(|row| row.matters).peekable();
    let mut before = None;
    while let Some(row) = shown.next() {
        text += &columns.events(row, terminal);
        let breaks = |row: &Row| broken.iter().any(|moment| row.moments.contains(moment));
        text += &columns.row(row, before, breaks(row), terminal);
        before = Some(row.standing.phase);
        let mut alike = Vec::new();
        while let Some(next) = shown.next_if(|next| is_likewise(row, next) && !breaks(next)) {
            alike.push(next);
        }
        text += &columns.likewise(&alike, before, terminal);
    }
    text
}

/// The first line of the row of a moment, as in the timeline.
pub(super) fn row_of(page: &Page<'_>, moment: usize, terminal: &Terminal) -> Option<String> {
    let columns = Columns::of(page.story, terminal);
    let rows = rows(page, columns.rest, terminal);
    let row = rows.iter().find(|row| row.moments.contains(&moment))?;
    let text = columns.row(row, None, true, terminal);
    text.lines().next().map(str::to_owned)
}

/// The rows around a moment, with their heading; the row of the moment is marked.
pub(super) fn around(page: &Page<'_>, moment: usize, terminal: &Terminal) -> String {
    const BEFORE: usize = 5;
    const BEHIND: usize = 2;
    let columns = Columns::of(page.story, terminal);
    let rows = rows(page, columns.rest, terminal);
    let shown: Vec<&Row> = rows.iter().filter(|row| row.matters || row.moments.contains(&moment)).collect();
    let is_past = |row: &&&Row| row.moments.end <= moment;
    let place = shown.iter().take_while(is_past).count().min(shown.len().saturating_sub(1));
    let first = place.saturating_sub(BEFORE);
    let mut text = columns.heading(&rows, terminal);
    let mut before = None;
    for row in shown.iter().skip(first).take(place - first + 1 + BEHIND) {
        text += &columns.events(row, terminal);
        text += &columns.row(row, before, row.moments.contains(&moment), terminal);
        before = Some(row.standing.phase);
    }
    text
}

fn is_likewise(row: &Row, next: &Row) -> bool {
    next.happened.is_empty() && next.standing == row.standing && next.told == row.told
}

/// The widths of the columns.
struct Columns {
    time: usize,
    phase: usize,
    cells: usize,
    failed: usize,
    rest: usize,
}

const GUTTER: usize = 2;
const GAP: &str = "  ";
const PHASE: &str = "phase";
const FAILED: &str = "failed";
/// On a narrower terminal, lines are wider than the terminal.
const NARROWEST: usize = 28;

impl Columns {
    fn of(story: &Story, terminal: &Terminal) -> Self {
        let times = story.moments.iter().map(|moment| human(moment.at).len());
        let phases = story.moments.iter().flat_map(|moment| {
            let saved = moment.saved.as_ref().map(|state| state.phase);
            [Some(moment.decision.after.phase), saved].into_iter().flatten()
        });
        let time = times.max().unwrap_or(0).max(5);
        let phase = phases.map(|phase| name(phase).len()).max().unwrap_or(0).max(PHASE.len());
        let failed = FAILED.len();
        let cells = if terminal.width < WIDTH { 5 } else { 10 };
        let taken = GUTTER + time + phase + cells + share::NUMBER + 1 + failed + 3 * GAP.len();
        Self { time, phase, cells, failed, rest: terminal.width.saturating_sub(taken).max(NARROWEST) }
    }

    fn heading(&self, rows: &[Row], terminal: &Terminal) -> String {
        let bar = self.cells + share::NUMBER;
        let names = format!(
            "{:GUTTER$}{:>time$}{GAP}{PHASE:<phase$}{GAP}{:<bar$} {FAILED:>failed$}{GAP}{}",
            "",
            "time",
            "canary",
            legend(rows, terminal),
            time = self.time,
            phase = self.phase,
            failed = self.failed,
        );
        paint(FAINT, names.trim_end()) + "\n"
    }

    /// What happened in the world up to a row.
    fn events(&self, row: &Row, terminal: &Terminal) -> String {
        let indent = GUTTER + self.time + GAP.len();
        let lead = format!("{:>1$}{GAP}", terminal.signs.happened, indent - GAP.len());
        let width = terminal.width.saturating_sub(indent).max(NARROWEST);
        let told = |event: &String| {
            let spans = Span::words(WORLD, event);
            self.hanging(&paint(WORLD, &lead), &lines(&spans, width), indent)
        };
        row.happened.iter().map(told).collect()
    }

    fn row(&self, row: &Row, before: Option<Phase>, breaks: bool, terminal: &Terminal) -> String {
        let mark = if breaks { paint(BAD, terminal.signs.broke) } else { " ".into() };
        let RowStatus { phase, share, failed } = row.standing;
        let phase_style = if before == Some(phase) { FAINT } else { style_of(phase) };
        let counted = failed.map(|(failed, of)| count(failed, of)).unwrap_or_default();
        let lead = format!(
            "{mark} {:>time$}{GAP}{}{GAP}{} {}{GAP}",
            human(row.at),
            paint(phase_style, &format!("{:<width$}", name(phase), width = self.phase)),
            share.bar(self.cells, terminal),
            paint(style_of_count(failed), &format!("{counted:>width$}", width = self.failed)),
            time = self.time,
        );
        let told: Vec<String> = row.told.iter().flat_map(|paragraph| lines(paragraph, self.rest)).collect();
        self.hanging(&lead, &told, terminal.width.saturating_sub(self.rest))
    }

    /// Rows that differ from the previous one only in their time.
    fn likewise(&self, rows: &[&Row], before: Option<Phase>, terminal: &Terminal) -> String {
        match rows {
            [] => String::new(),
            [row] => self.row(row, before, false, terminal),
            [.., last] => {
                let lead = format!("{:GUTTER$}{:>time$}{GAP}", "", terminal.signs.likewise, time = self.time);
                let note = format!("{} more like this, the last at {}", rows.len(), human(last.at));
                paint(FAINT, &format!("{lead}{note}")) + "\n"
            }
        }
    }

    /// Lines after a prefix, with a hanging indent.
    fn hanging(&self, lead: &str, lines: &[String], indent: usize) -> String {
        let (first, more) = lines.split_first().map_or(("", &[][..]), |(first, more)| (first, more));
        let mut text = format!("{lead}{first}").trim_end().to_owned() + "\n";
        for line in more {
            text += &format!("{:indent$}{line}\n", "");
        }
        text
    }
}

/// What the bars show, if it is not a share of all requests.
fn legend(rows: &[Row], terminal: &Terminal) -> String {
    let has = |of| rows.iter().any(|row| row.matters && row.standing.share.which() == of);
    let kinds = [(Of::Matched, "of matching requests"), (Of::Copies, "copies of requests")];
    let kinds = kinds.into_iter().filter(|(of, _)| has(*of));
    kinds.map(|(of, what)| format!("{} {what}", sign(of, terminal))).collect::<Vec<_>>().join(", ")
}

fn style_of(phase: Phase) -> Style {
    match phase {
        Phase::Succeeded | Phase::Initialized => GOOD.bold(),
        Phase::Failed => BAD.bold(),
        Phase::Waiting | Phase::WaitingPromotion => WARNING.bold(),
        Phase::New
        | Phase::Initializing
        | Phase::Progressing
        | Phase::Promoting
        | Phase::Finalising
        | Phase::Terminating => STRONG,
    }
}

/// `1/2`: the number of failed checks, and the number that rolls back.
fn count(failed: u32, of: Option<u32>) -> String {
    of.map_or_else(|| format!("{failed}/?"), |of| format!("{failed}/{of}"))
}

fn style_of_count(failed: Option<(u32, Option<u32>)>) -> Style {
    match failed {
        None => PLAIN,
        Some((0, _)) => FAINT,
        Some((failed, Some(of))) if failed >= of => BAD,
        Some(_) => WARNING,
    }
}

fn name(phase: Phase) -> &'static str {
    if phase == Phase::New { "New" } else { phase.name() }
}

fn human(span: Duration) -> String {
    Human(span).to_string()
}
