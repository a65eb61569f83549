//! Many scenarios, one line each, by folder: the verdict, the time and kind of the ending, and a short reason.

use std::path::Path;

use serin_core::time::Human;
use serin_output::{
    span::{paint, printable},
    terminal::{FAINT, PLAIN, STRONG, Terminal},
};

use super::summary::Ended;
use crate::explain::Headline;

/// A scenario of a list.
#[derive(Clone, Debug)]
pub struct Item {
    /// Path of its file.
    pub path: String,
    /// Whether it went as expected.
    pub ended: Ended,
    /// How it ended; `None` if it was not run.
    pub headline: Option<Headline>,
    /// The first expectation that does not hold.
    pub broken: Option<String>,
}

/// A line for each scenario, in order; each folder has a heading with the number of its scenarios.
#[must_use]
pub fn list(items: &[Item], terminal: &Terminal) -> String {
    let groups: Vec<String> =
        items.chunk_by(|a, b| folder(a) == folder(b)).map(|group| of_folder(group, terminal)).collect();
    groups.join("\n")
}

fn folder(item: &Item) -> &Path {
    Path::new(&item.path).parent().unwrap_or(Path::new(""))
}

/// The file's name without its extension.
fn name(item: &Item) -> String {
    let stem = Path::new(&item.path).file_stem();
    printable(&stem.map_or(item.path.as_str().into(), |stem| stem.to_string_lossy()))
}

const INDENT: usize = 2;
const GAP: &str = "  ";

fn of_folder(items: &[Item], terminal: &Terminal) -> String {
    let heading =
        items.first().map(|item| printable(&folder(item).display().to_string())).unwrap_or_default();
    let count = if items.len() == 1 { "1 scenario".into() } else { format!("{} scenarios", items.len()) };
    let heading = if heading.is_empty() {
        paint(FAINT, &count)
    } else {
        format!("{}{GAP}{}", paint(STRONG, &heading), paint(FAINT, &count))
    };
    let columns = Columns::of(items, terminal);
    let lines = items.iter().map(|item| columns.line(item, terminal) + "\n");
    format!("{heading}\n{}", lines.collect::<String>())
}

/// The widths of the columns of a folder.
struct Columns {
    mark: usize,
    name: usize,
    time: usize,
}

impl Columns {
    fn of(items: &[Item], terminal: &Terminal) -> Self {
        let widest = |width: &dyn Fn(&Item) -> usize| items.iter().map(width).max().unwrap_or(0);
        Self {
            mark: widest(&|item| mark(item.ended, terminal).chars().count())
                .max(terminal.signs.passed.chars().count()),
            // A longer name moves the rest of its line.
            name: widest(&|item| name(item).chars().count()).min(terminal.width * 7 / 20),
            time: widest(&|item| time(item).chars().count()),
        }
    }

    fn line(&self, item: &Item, terminal: &Terminal) -> String {
        let style = item.ended.style();
        let mark = paint(style, &format!("{:1$}", mark(item.ended, terminal), self.mark));
        let before = format!("{:2$}{GAP}{:>3$}{GAP}", name(item), time(item), self.name, self.time);
        let outcome = outcome(item);
        let taken = INDENT + self.mark + 1 + before.chars().count() + outcome.len() + ": ".len();
        let why = item.broken.as_deref().or(item.headline.as_ref().map(|headline| headline.why.as_str()));
        let why = shortened(&printable(why.unwrap_or_default()), terminal.width.saturating_sub(taken));
        let why = if why.is_empty() { why } else { paint(FAINT, &format!(": {why}")) };
        let style = if item.ended == Ended::AsExpected { PLAIN } else { style };
        format!("{:INDENT$}{mark} {before}{}{why}", "", paint(style, outcome))
    }
}

fn mark(ended: Ended, terminal: &Terminal) -> &'static str {
    match ended {
        Ended::AsExpected => terminal.signs.passed,
        Ended::Failed | Ended::Differed | Ended::Unusable => terminal.signs.failed,
    }
}

fn outcome(item: &Item) -> &str {
    match (item.ended, &item.headline) {
        (Ended::Unusable | Ended::Differed, _) => item.ended.name(),
        (Ended::AsExpected | Ended::Failed, Some(headline)) => &headline.outcome,
        (Ended::AsExpected | Ended::Failed, None) => "",
    }
}

fn time(item: &Item) -> String {
    let at = item.headline.as_ref().and_then(|headline| headline.at);
    at.map(|at| Human(at).to_string()).unwrap_or_default()
}

/// The words that fit, and a sign for the others.
fn shortened(text: &str, columns: usize) -> String {
    const MORE: &str = " ...";
    if text.chars().count() <= columns {
        return text.into();
    }
    let mut short = String::new();
    for word in text.split_whitespace() {
        let gap = usize::from(!short.is_empty());
        if short.chars().count() + gap + word.chars().count() + MORE.len() > columns {
            break;
        }
        if gap > 0 {
            short.push(' ');
        }
        short += word;
    }
    if short.is_empty() { short } else { short.trim_end_matches([',', ':', ';']).to_owned() + MORE }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::explain::Conclusion;

    fn item(path: &str, ended: Ended, outcome: &str, minutes: u64, why: &str) -> Item {
        let at = Duration::from_secs(60 * minutes);
        let headline = Headline {
            conclusion: Conclusion::NoRelease,
            outcome: outcome.into(),
            at: Some(at),
            why: why.into(),
            took: None,
            sentence: String::new(),
        };
        Item { path: path.into(), ended, headline: Some(headline), broken: None }
    }

    fn shown(items: &[Item], width: usize) -> String {
        anstream::adapter::strip_str(&list(items, &Terminal::new(width, false))).to_string()
    }

    #[test]
    fn each_folder_is_a_table_of_its_own() {
        let unusable = Item { headline: None, ..item("b/broken.yaml", Ended::Unusable, "", 0, "") };
        let failed = Item {
            broken: Some("expected phase: Failed".into()),
            ..item("b/wrong.yaml", Ended::Failed, "promoted", 12, "")
        };
        let items = [
            item("a/good.yaml", Ended::AsExpected, "promoted", 75, ""),
            item("a/bad.yaml", Ended::AsExpected, "rolled back", 6, "success rate 97.97 < 99"),
            unusable,
            failed,
        ];
        let expected = "\
a  2 scenarios
  ✓ good  1h15m  promoted
  ✓ bad      6m  rolled back: success rate 97.97 < 99

b  2 scenarios
  ✗ broken       not usable
  ✗ wrong   12m  promoted: expected phase: Failed
";
        assert_eq!(shown(&items, 80), expected);
    }

    #[test]
    fn a_reason_is_shortened_between_words() {
        let items =
            [item("a.yaml", Ended::AsExpected, "under way", 3, "Progressing, waits for approval to start")];
        assert_eq!(shown(&items, 50), "1 scenario\n  ✓ a  3m  under way: Progressing, waits for ...\n");
        assert_eq!(shown(&items, 30), "1 scenario\n  ✓ a  3m  under way\n");
    }
}
