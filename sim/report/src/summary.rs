//! The results of many scenarios, in a few lines; the last line reproduces the first failure.

use serin_output::{
    span::{paint, printable},
    terminal::{BAD, FAINT, GOOD, STRONG, Terminal, WARNING},
};

use super::list::Item;

/// How a scenario ended; the worst is last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// Everything was as expected.
    AsExpected,
    /// An expectation or an invariant does not hold.
    Failed,
    /// The same scenario gave different bytes the second time.
    Differed,
    /// Its file cannot be used.
    Unusable,
}

impl Ended {
    const ALL: [Self; 4] = [Self::AsExpected, Self::Failed, Self::Differed, Self::Unusable];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AsExpected => "as expected",
            Self::Failed => "failed",
            Self::Differed => "not deterministic",
            Self::Unusable => "not usable",
        }
    }

    pub(super) fn style(self) -> anstyle::Style {
        match self {
            Self::AsExpected => GOOD,
            Self::Failed | Self::Differed => BAD,
            Self::Unusable => WARNING,
        }
    }

    /// The command that reproduces a failure.
    fn again(self, path: &str) -> Option<String> {
        let path = quoted(path);
        match self {
            Self::AsExpected | Self::Unusable => None,
            Self::Failed => Some(format!("serin replay {path}")),
            Self::Differed => Some(format!("serin replay --check-determinism {path}")),
        }
    }
}

/// The summary of scenarios, in the order they were replayed.
#[must_use]
pub fn summary(scenarios: &[Item], terminal: &Terminal) -> String {
    let total = scenarios.len();
    let counts = Ended::ALL.map(|ended| (ended, scenarios.iter().filter(|item| item.ended == ended).count()));
    let counts = counts.iter().filter(|(ended, count)| *count > 0 || *ended == Ended::AsExpected);
    let counts: Vec<String> =
        counts.map(|(ended, count)| paint(ended.style(), &format!("{count} {}", ended.name()))).collect();
    let mut text = format!("{total} scenario{}: {}\n", if total == 1 { "" } else { "s" }, counts.join(", "));
    let bad: Vec<_> = scenarios.iter().filter(|item| item.ended != Ended::AsExpected).collect();
    for Item { path, ended, .. } in &bad {
        let mark = paint(ended.style(), terminal.signs.failed);
        text += &format!("  {mark} {}  {}\n", printable(path), paint(FAINT, ended.name()));
    }
    if let Some(again) = bad.iter().find_map(|item| item.ended.again(&item.path)) {
        text += &format!("\nTo reproduce the first one:\n  {}\n", paint(STRONG, &again));
    }
    text
}

/// A path, quoted for a shell.
#[must_use]
pub fn quoted(path: &str) -> String {
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | ':' | '@' | '%' | '\\');
    if path.chars().all(plain) { path.into() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(scenarios: &[(&str, Ended)]) -> String {
        let item = |(path, ended): &(&str, Ended)| Item {
            path: (*path).into(),
            ended: *ended,
            headline: None,
            broken: None,
        };
        let scenarios: Vec<Item> = scenarios.iter().map(item).collect();
        anstream::adapter::strip_str(&summary(&scenarios, &Terminal::new(100, false))).to_string()
    }

    #[test]
    fn without_a_failure_there_is_one_line() {
        assert_eq!(shown(&[("a.yaml", Ended::AsExpected)]), "1 scenario: 1 as expected\n");
        assert_eq!(
            shown(&[("a", Ended::AsExpected), ("b", Ended::AsExpected)]),
            "2 scenarios: 2 as expected\n"
        );
    }

    #[test]
    fn the_last_line_reproduces_the_first_failure() {
        let scenarios = [
            ("a.yaml", Ended::AsExpected),
            ("it's b.yaml", Ended::Failed),
            ("c.yaml", Ended::Differed),
            ("d.yaml", Ended::Unusable),
        ];
        let expected = "\
4 scenarios: 1 as expected, 1 failed, 1 not deterministic, 1 not usable
  ✗ it's b.yaml  failed
  ✗ c.yaml  not deterministic
  ✗ d.yaml  not usable

To reproduce the first one:
  serin replay 'it'\\''s b.yaml'
";
        assert_eq!(shown(&scenarios), expected);
        assert!(shown(&scenarios[2..3]).ends_with("serin replay --check-determinism c.yaml\n"));
    }
}
