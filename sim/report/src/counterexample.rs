//! A world in which something breaks, as text: the seed first, the command that reproduces it last.

use serin_core::time::Human;
use serin_output::{
    span::{Span, lines, paint, printable},
    terminal::{BAD, FAINT, PLAIN, STRONG, Terminal},
};
use serin_policy::check::Broken;

use super::{Page, summary::quoted};

/// A counterexample to print.
#[derive(Clone, Copy, Debug)]
pub struct Counterexample<'a> {
    /// The seed of the world.
    pub seed: u64,
    /// Its index among the searched worlds, from 0.
    pub case: u64,
    /// What it breaks.
    pub broken: &'a Broken,
    /// The story of that world.
    pub page: Page<'a>,
    /// The small world, as a file, and the number of runs that it took; `None` if the world could not be made smaller.
    pub shrunk: Option<(&'a str, u64)>,
    /// The path of the file that was written.
    pub file: &'a str,
}

/// A counterexample in lines.
#[must_use]
pub fn counterexample(found: &Counterexample<'_>, terminal: &Terminal) -> String {
    let Counterexample { seed, case, broken, page, shrunk, file } = found;
    let mark = paint(BAD, terminal.signs.failed);
    let when = broken.at.map(|at| format!(", at {}", Human(at))).unwrap_or_default();
    let mut text =
        format!("{}\n{}\n", paint(FAINT, &printable(page.path)), paint(STRONG, &printable(page.title)));
    text += &format!(
        "seed {} {}\n\n",
        paint(STRONG, &seed.to_string()),
        paint(FAINT, &format!("(world {})", case + 1))
    );
    let claim = lines(&Span::words(BAD.bold(), &broken.claim), terminal.width.saturating_sub(5));
    text += &format!("{mark} {}\n", claim.join("\n"));
    for line in broken.actual.lines().flat_map(|line| {
        let indent = line.len() - line.trim_start().len();
        let words = Span::words(PLAIN, line);
        lines(&words, terminal.width.saturating_sub(2 + indent))
            .into_iter()
            .map(move |line| " ".repeat(2 + indent) + &line)
    }) {
        text += &format!("{line}\n");
    }
    if let Some(moment) = broken.moment {
        text += &format!(
            "  {}\n\n{}",
            paint(FAINT, &format!("decision {moment}{when}")),
            super::around(page, moment, terminal)
        );
    }
    if let Some((yaml, runs)) = shrunk {
        text += &format!(
            "\n{}\n",
            paint(FAINT, &format!("the same failure in a smaller world, found with {runs} runs"))
        );
        for line in yaml.lines() {
            text += format!("    {}", printable(line)).trim_end();
            text += "\n";
        }
    }
    text += &format!("\nTo reproduce it:\n  {}\n", paint(STRONG, &format!("serin replay {}", quoted(file))));
    text
}
