//! How much is printed about each replay: a list, timelines, or only failures.

use serin_output::Terminal;
use serin_report::{self as report, Page};

use super::{Args, Replays};

/// How many were replayed before Ctrl-C.
pub(super) fn stopped(replays: &Replays, all: usize) -> String {
    format!("stopped after {} of {all} scenarios\n", replays.items.len())
}

/// The list, the details of single scenarios, and the summary.
pub(super) fn page_of_all(
    args: &Args,
    is_alone: bool,
    details: Vec<String>,
    replays: &Replays,
    all: usize,
    terminal: Terminal,
) -> String {
    let is_list = replays.items.len() > 1 && !(args.quiet || args.full || is_alone);
    let list = if is_list { report::list(&replays.items, &terminal) } else { String::new() };
    let stopped = if replays.stopped { stopped(replays, all) } else { String::new() };
    let summary = stopped + &report::summary(&replays.items, &terminal);
    let parts = [list].into_iter().chain(details).chain([summary]);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What is printed about a scenario besides its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Details {
    /// Its timeline.
    Timeline,
    /// Its timeline if it failed.
    TimelineOfFailures,
    /// Expected and actual if it failed.
    Failures,
}

impl Details {
    pub(super) fn of(args: &Args, is_alone: bool) -> Self {
        match (args.quiet, args.full || is_alone) {
            (true, _) => Self::Failures,
            (false, true) => Self::Timeline,
            (false, false) => Self::TimelineOfFailures,
        }
    }

    pub(super) fn text(self, page: &Page<'_>, terminal: &Terminal) -> String {
        match self {
            Self::Timeline => report::text(page, terminal),
            Self::TimelineOfFailures if !page.verdict.holds() => report::text(page, terminal),
            Self::Failures if !page.verdict.holds() => report::judged(page, terminal),
            Self::TimelineOfFailures | Self::Failures => String::new(),
        }
    }
}
