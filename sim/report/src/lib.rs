//! Stories as text: pure functions. Nothing here writes output or queries the terminal.

mod assumed;
mod counterexample;
pub mod diff;
pub mod exact;
pub mod explain;
pub mod html;
pub mod json;
mod list;
mod measured;
mod plan_text;
mod reasons;
pub mod replay;
mod row;
mod rule;
mod share;
mod summary;
pub mod sweep;
mod table;
mod timeline;
mod verdict;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use serin_core::Rollout;
use serin_output::{
    span::{Span, lines, paint, printable},
    terminal::{FAINT, STRONG, Terminal},
};
use serin_simulator::{expect::Verdict, record::Story};

pub use self::counterexample::{Counterexample, counterexample};
pub use self::list::{Item, list};
pub use self::summary::{Ended, quoted, summary};

/// One replayed scenario to print.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Path of its file.
    pub path: &'a str,
    /// Its title.
    pub title: &'a str,
    /// The Canary at the beginning.
    pub canary: &'a Rollout,
    /// What happened.
    pub story: &'a Story,
    /// The verdict.
    pub verdict: &'a Verdict,
}

/// A scenario as text: heading, timeline, verdict.
#[must_use]
pub fn text(page: &Page<'_>, terminal: &Terminal) -> String {
    let broken: Vec<usize> = page.broken().iter().filter_map(|broken| broken.moment).collect();
    let timeline = timeline::timeline(page, &broken, terminal);
    format!("{}\n{timeline}\n{}", heading(page, terminal), verdict::verdict(page, terminal))
}

/// The verdict of a scenario with its path: what was expected and what happened, without the timeline.
#[must_use]
pub fn judged(page: &Page<'_>, terminal: &Terminal) -> String {
    format!("{}\n{}", paint(FAINT, &printable(page.path)), verdict::verdict(page, terminal))
}

/// The first thing that does not hold, as one line; `None` if everything holds.
#[must_use]
pub fn first_broken(page: &Page<'_>) -> Option<String> {
    let broken = page.broken();
    let first = broken.first()?;
    Some(format!("expected {}", first.expected.lines().next().unwrap_or_default()))
}

/// The timeline around a moment, without heading and verdict.
#[must_use]
pub fn around(page: &Page<'_>, moment: usize, terminal: &Terminal) -> String {
    timeline::around(page, moment, terminal)
}

fn heading(page: &Page<'_>, terminal: &Terminal) -> String {
    let title: Vec<Span> = Span::words(STRONG, page.title);
    let policy = page.canary.policy();
    let mut about = format!(
        "{} {} {}, every {}, {} failed {} back",
        page.story.canary,
        terminal.signs.and,
        page.canary.strategy(),
        serin_core::time::Human(policy.interval),
        policy.threshold,
        if policy.threshold == 1 { "check rolls" } else { "checks roll" },
    );
    if let Some(not_driven) = &page.story.not_driven {
        about += &format!(" {} {not_driven}", terminal.signs.and);
    }
    let about = Span::words(FAINT, &about);
    let assumed = Span::words(FAINT, &assumed::assumed(page.story).unwrap_or_default());
    let lines = [title, about, assumed].map(|spans| lines(&spans, terminal.width)).concat();
    format!("{}\n{}\n", paint(FAINT, &printable(page.path)), lines.join("\n"))
}
