//! A table that fits the terminal: first intervals move below their values, then columns are left out by priority.

use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};
use serin_output::{
    span::{Span, lines},
    terminal::{PLAIN, Terminal},
};

/// A column and its cells, from top to bottom.
pub(super) struct Column {
    pub(super) name: String,
    /// Columns of the lowest priority are left out first.
    pub(super) priority: u8,
    pub(super) cells: Vec<Cell>,
}

/// The priority of a column that is never left out.
pub(super) const ALWAYS: u8 = u8::MAX;

/// The contents of a cell: a value and its additions, beside or below each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell(Vec<String>);

impl Cell {
    /// All parts in one line.
    pub(super) fn line(&self) -> String {
        self.0.join(" ")
    }

    pub(super) fn one(text: String) -> Self {
        Self(vec![text])
    }

    pub(super) fn two(value: String, more: String) -> Self {
        Self(vec![value, more])
    }
}

/// The layout of a table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// A line for each row and for the heading.
    Wide,
    /// A line for each row, several for the heading.
    Medium,
    /// Several lines for each row.
    Narrow,
}

/// The columns, with numbers aligned to the right; below them the names of those that do not fit. `hint` says how to
/// see them.
pub(super) fn table(columns: &[Column], hint: &str, terminal: &Terminal) -> String {
    let mut shown: Vec<&Column> = columns.iter().collect();
    for layout in [Layout::Wide, Layout::Medium] {
        let text = rendered(&shown, layout);
        if fits(&text, terminal) {
            return text;
        }
    }
    let mut left_out = Vec::new();
    loop {
        let text = rendered(&shown, Layout::Narrow);
        let least = shown.iter().map(|column| column.priority).min().unwrap_or(ALWAYS);
        if fits(&text, terminal) || least == ALWAYS {
            return text + &note(columns, &left_out, hint, terminal);
        }
        // Of several columns with this priority, the last one.
        if let Some(place) = shown.iter().rposition(|column| column.priority == least) {
            left_out.push(shown.remove(place).name.as_str());
        }
    }
}

fn fits(text: &str, terminal: &Terminal) -> bool {
    text.lines().all(|line| line.chars().count() <= terminal.width)
}

/// The columns that were left out, in order.
fn note(columns: &[Column], left_out: &[&str], hint: &str, terminal: &Terminal) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let names = columns.iter().map(|column| column.name.as_str()).filter(|name| left_out.contains(name));
    let names = names.collect::<Vec<_>>().join(", ");
    let sentence = format!("Not shown, for lack of space: {names}. {hint}");
    format!("\n{}\n", lines(&Span::words(PLAIN, &sentence), terminal.width).join("\n"))
}

fn rendered(columns: &[&Column], layout: Layout) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings(columns, layout));
    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or(0);
    for row in 0..rows {
        let cell = |column: &&Column| column.cells.get(row).map(|cell| cell.text(layout)).unwrap_or_default();
        table.add_row(columns.iter().map(cell).collect::<Vec<_>>());
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    for line in table.lines() {
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// The names, broken to the width of their columns, all ending in the last line.
fn headings(columns: &[&Column], layout: Layout) -> Vec<String> {
    let name = |column: &&Column| match layout {
        Layout::Wide => vec![column.name.clone()],
        Layout::Medium | Layout::Narrow => {
            let cells = column.cells.iter().map(|cell| cell.text(layout));
            let widest = cells.flat_map(|cell| cell.lines().map(|line| line.chars().count()).max()).max();
            broken(&column.name, widest.unwrap_or(0))
        }
    };
    let names: Vec<Vec<String>> = columns.iter().map(name).collect();
    let height = names.iter().map(Vec::len).max().unwrap_or(0);
    names.into_iter().map(|lines| "\n".repeat(height - lines.len()) + &lines.join("\n")).collect()
}

impl Cell {
    fn text(&self, layout: Layout) -> String {
        /// A longer value is broken.
        const LONGEST: usize = 24;
        match layout {
            Layout::Wide | Layout::Medium => self.line(),
            Layout::Narrow => {
                self.0.iter().flat_map(|part| broken(part, LONGEST)).collect::<Vec<_>>().join("\n")
            }
        }
    }
}

/// Lines of at most `width` columns, or of the longest piece: a word, or a part of a path or of a list.
fn broken(text: &str, width: usize) -> Vec<String> {
    let longest = spans(text).into_iter().map(|span| span.trim_end().chars().count()).max();
    let width = width.max(longest.unwrap_or(0));
    let mut lines: Vec<String> = Vec::new();
    for span in spans(text) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + span.trim_end().chars().count() <= width => {
                line.push_str(span);
            }
            Some(_) | None => lines.push(span.into()),
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Parts of a text between which a line can end: after a space, a comma or a dot, and before a bracket.
fn spans(text: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    let mut from = 0;
    let mut before = ' ';
    for (at, sign) in text.char_indices() {
        let ends = match before {
            ' ' | ',' => sign != ' ',
            '.' => sign.is_alphabetic(),
            _ => sign == '[',
        };
        if ends && at > from {
            spans.push(&text[from..at]);
            from = at;
        }
        before = sign;
    }
    spans.push(&text[from..]);
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        let column =
            |name: &str, priority, cell: Cell| Column { name: name.into(), priority, cells: vec![cell] };
        vec![
            column("analysis.threshold", ALWAYS, Cell::one("3".into())),
            column("false rollback", 2, Cell::two("0.3%".into(), "[0.1, 0.9]".into())),
            column("all failed", 1, Cell::one("1234".into())),
        ]
    }

    fn shown(width: usize) -> String {
        table(&columns(), "--format csv shows them.", &Terminal::new(width, true))
    }

    #[test]
    fn a_wide_screen_shows_a_line_for_each_row() {
        let expected = "\
analysis.threshold   false rollback  all failed
                 3  0.3% [0.1, 0.9]        1234
";
        assert_eq!(shown(48), expected);
    }

    #[test]
    fn names_are_broken_before_rows_are() {
        let expected = "\
analysis.                      all
threshold   false rollback  failed
        3  0.3% [0.1, 0.9]    1234
";
        assert_eq!(shown(40), expected);
    }

    #[test]
    fn intervals_move_below_their_values_if_they_do_not_fit_beside() {
        let expected = "\
 analysis.       false     all
threshold    rollback  failed
        3        0.3%    1234
           [0.1, 0.9]
";
        assert_eq!(shown(30), expected);
    }

    #[test]
    fn columns_that_do_not_fit_are_left_out_by_priority_and_named() {
        let expected = "\
 analysis.       false
threshold    rollback
        3        0.3%
           [0.1, 0.9]

Not shown, for lack of
  space: all failed.
  --format csv shows
  them.
";
        assert_eq!(shown(22), expected);
    }

    #[test]
    fn lines_end_between_words_and_between_parts_of_a_path() {
        let path = "analysis.metrics[request-success-rate].thresholdRange.min";
        let lines = ["analysis.metrics", "[request-success-rate].", "thresholdRange.min"];
        assert_eq!(broken(path, 10), lines);
        assert_eq!(broken(path, 30), lines);
        assert_eq!(broken("all failed", 7), ["all", "failed"]);
        assert_eq!(broken("0.25%", 1), ["0.25%"]);
        assert_eq!(broken("{rps: 5..50}", 6), ["{rps:", "5..50}"]);
    }
}
