//! A comparison for people.

use comfy_table::{ContentArrangement, Table, TableStyle};
use serin_output::{
    span::{Span, lines},
    terminal::{FAINT, PLAIN, STRONG, Terminal},
};
use serin_policy::diff::Diff;

use super::{
    legend, release,
    rows::{self, Row},
    verdict,
};

/// The verdict, the plans and the risk, in lines of the terminal.
#[must_use]
pub fn text(diff: &Diff, terminal: &Terminal) -> String {
    let paragraph = |style, text: &str| lines(&Span::words(style, text), terminal.width).join("\n") + "\n";
    let [old, new] = &diff.files;
    let mut text = paragraph(STRONG, &diff.canary);
    text += &paragraph(FAINT, &format!("old: {old}; new: {new}"));
    text += &paragraph(PLAIN, &verdict(diff));
    let plan = rows::plan(diff);
    if !plan.is_empty() {
        text += &format!("\n{}", table("plan", &plan, terminal));
    }
    if let Ok(risk) = &diff.risk {
        text += &format!("\n{}\n", table("risk", &rows::risk(&risk.results), terminal));
        text += &release(diff).map(|release| paragraph(FAINT, &format!("Of {release}."))).unwrap_or_default();
        legend(risk).iter().for_each(|sentence| text += &paragraph(FAINT, sentence));
    } else {
        text += "\n";
    }
    diff.notes.iter().for_each(|note| text += &paragraph(FAINT, &format!("Note: {note}")));
    text.trim_end().to_owned() + "\n"
}

fn table(heading: &str, rows: &[Row], terminal: &Terminal) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(terminal.width).unwrap_or(u16::MAX));
    let has_differences = rows.iter().any(|row| !row.difference.is_empty());
    let cells = |label: &str, old: &str, new: &str, difference: &str, change: &str| {
        let mut cells = vec![label.to_owned(), old.to_owned(), new.to_owned()];
        cells.extend(has_differences.then(|| difference.to_owned()));
        cells.push(change.to_owned());
        cells
    };
    table.set_header(cells(heading, "old", "new", "difference", ""));
    for Row { label, old, new, difference, change } in rows {
        table.add_row(cells(label, old, new, difference, change));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}
