//! One rollout: how it ended, how traffic moved, what was measured, who saw errors, and every decision.

mod course;
mod decisions;
mod events;
mod metrics;
mod weights;

use std::time::Duration;

use maud::{Markup, html};
use serin_core::{Phase, time::Human};

use super::{
    chart::{Axis, Scale},
    page,
    text::{self, count, part, span},
};
use crate::report::{
    Ended, Look, Page,
    assumed::assumed,
    row::{Row, rows},
};

/// Where a run stands in its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The report is of it alone.
    Alone,
    /// It is one of several; runs are counted from 1.
    Among(usize),
}

/// A replayed scenario, ready for a report.
#[derive(Clone, Debug)]
pub struct Run {
    title: String,
    path: String,
    place: Place,
    ended: Ended,
    phase: Phase,
    took: Option<Duration>,
    body: Markup,
}

/// A report of replayed scenarios, in their order. Those whose file cannot be used are given with what is wrong.
#[must_use]
pub fn replays(runs: &[Run], unusable: &[(String, String)]) -> String {
    if let ([run], []) = (runs, unusable)
        && run.place == Place::Alone
    {
        let body = html! {
            h1 { (run.title) }
            (run.body)
        };
        return page::page("replay", &run.title, &body);
    }
    let total = runs.len() + unusable.len();
    let title = format!("{total} scenarios");
    let good = runs.iter().filter(|run| run.ended == Ended::AsExpected).count();
    let body = html! {
        h1 { (title) }
        p.verdict.(if good == total { "good" } else { "bad" }) {
            (sign(good == total)) " " data value=(good) { (good) } " of " data value=(total) { (total) } " went as expected"
        }
        (list(runs, unusable))
        @for (number, run) in runs.iter().enumerate() {
            details.run open[run.ended != Ended::AsExpected] {
                summary { h2 { (sign(run.ended == Ended::AsExpected)) " " (run.title) } }
                div id={ "run-" (number + 1) } { (run.body) }
            }
        }
    };
    page::page("replay", &title, &body)
}

fn list(runs: &[Run], unusable: &[(String, String)]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="All scenarios" {
            table {
                thead { tr { th scope="col" { "Scenario" } th scope="col" { "Verdict" } th scope="col" { "Ended in" } th.n scope="col" { "After" } th scope="col" { "File" } } }
                tbody {
                    @for (number, run) in runs.iter().enumerate() {
                        tr {
                            th scope="row" { a href={ "#run-" (number + 1) } { (run.title) } }
                            td.w { (sign(run.ended == Ended::AsExpected)) " " (run.ended.name()) }
                            td { (run.phase.name()) }
                            td.n { @if let Some(took) = run.took { (span(took)) } @else { (text::NONE) } }
                            td { code { (run.path) } }
                        }
                    }
                    @for (path, what) in unusable {
                        tr { th scope="row" { code { (path) } } td { (sign(false)) " not usable" } td colspan="3" { (what) } }
                    }
                }
            }
        }
    }
}

fn sign(good: bool) -> Markup {
    if good {
        html! { span.sign-good { "✓" } }
    } else {
        html! { span.sign-bad { "✗" } }
    }
}

impl Run {
    /// Shows a story.
    #[must_use]
    pub fn of(page: &Page<'_>, ended: Ended, place: Place) -> Self {
        let look = Look::new(usize::MAX >> 1, false);
        let rows = rows(page, usize::MAX >> 1, &look);
        let (level, number) = match place {
            Place::Alone => (2, 1),
            Place::Among(number) => (3, number),
        };
        let (prefix, span) = (format!("run{number}"), extent(page, &rows));
        let shown = Shown { page, rows: &rows, look: &look, prefix, level, span };
        let phase = page.story.end.phase;
        Self {
            title: page.title.into(),
            path: page.path.into(),
            place,
            ended,
            phase,
            took: took(page, &rows),
            body: body(&shown, ended),
        }
    }
}

/// What the parts of a run are made from.
struct Shown<'a> {
    page: &'a Page<'a>,
    rows: &'a [Row],
    look: &'a Look,
    /// What ids begin with.
    prefix: String,
    /// Of the headings of its sections.
    level: u8,
    /// The seconds that charts show.
    span: (f64, f64),
}

impl Shown<'_> {
    fn id(&self, what: &str) -> String {
        format!("{}-{what}", self.prefix)
    }

    /// The axis of time, the same for all charts.
    fn time(&self) -> Axis {
        Axis { scale: Scale::Time, from: self.span.0, to: self.span.1 }
    }
}

/// From shortly before the first release to the end.
fn extent(page: &Page<'_>, rows: &[Row]) -> (f64, f64) {
    let last = page.story.moments.last().map_or(0.0, |moment| moment.at.as_secs_f64());
    let until = page.story.course.last().map_or(0.0, |slice| slice.to.as_secs_f64());
    let to = last.max(until).max(1.0);
    let from = released(rows).map_or(0.0, |at| at.as_secs_f64());
    // How it ended is to be seen as well.
    ((from - 0.05 * (to - from)).max(0.0), to + 0.08 * (to - from))
}

/// When the first release was seen.
fn released(rows: &[Row]) -> Option<Duration> {
    let running = |phase: Phase| !matches!(phase, Phase::New | Phase::Initializing | Phase::Initialized);
    rows.iter().find(|row| running(row.standing.phase)).map(|row| row.at)
}

/// From the first release to where it ended.
fn took(page: &Page<'_>, rows: &[Row]) -> Option<Duration> {
    let from = released(rows)?;
    let is_over = |phase: Phase| matches!(phase, Phase::Succeeded | Phase::Failed);
    let ended = rows.iter().rev().take_while(|row| row.standing.phase == page.story.end.phase).last()?;
    is_over(page.story.end.phase).then(|| ended.at.saturating_sub(from))
}

fn body(shown: &Shown<'_>, ended: Ended) -> Markup {
    let page = shown.page;
    html! {
        p.quiet { (about(page)) }
        @if let Some(assumed) = assumed(page.story) { p.quiet { (assumed) } }
        (verdict(page, ended))
        (figures(shown))
        (page::heading(shown.level, "Traffic"))
        (weights::traffic(shown))
        (events::list(shown))
        (metrics::charts(shown))
        (course::users(shown))
        (page::heading(shown.level, "Decisions"))
        (decisions::table(shown))
        p.quiet { "To see it again: " code { "serin replay " (page.path) } }
    }
}

fn about(page: &Page<'_>) -> String {
    let policy = page.canary.policy();
    let checks = if policy.threshold == 1 { "check rolls" } else { "checks roll" };
    let every = Human(policy.interval);
    format!(
        "{} · {}, every {every}, {} failed {checks} back",
        page.story.canary,
        page.canary.strategy(),
        policy.threshold
    )
}

fn verdict(page: &Page<'_>, ended: Ended) -> Markup {
    let broken = page.broken();
    let all = page.verdict.outcomes.len();
    html! {
            p.verdict.(if ended == Ended::AsExpected { "good" } else { "bad" }) {
                (sign(ended == Ended::AsExpected)) " "
                @match ended {
                    Ended::AsExpected => { "As expected: " data value=(all) { (all) } @if all == 1 { " expectation holds" } @else { " expectations hold" } }
                    Ended::Differed => "Not deterministic: two replays differ",
    Ended::Failed | Ended::Unusable => (what_broke(page)),
                }
            }
            @if !broken.is_empty() {
                ul.broken {
                    @for broken in &broken {
                        li {
                            dl {
                                div { dt { "expected" } dd { pre { (broken.expected) } } }
                                div { dt { "actual" } dd { pre { (broken.actual) } } }
                            }
                        }
                    }
                }
            }
            @for event in &page.story.missed { p { "! events[" (event) "] never happened" } }
        }
}

fn what_broke(page: &Page<'_>) -> String {
    let (all, violations) = (page.verdict.outcomes.len(), page.verdict.violations.len());
    let failed = page.broken().len() - violations;
    let mut text = format!("Not as expected: {failed} of {all} expectations failed");
    if violations > 0 {
        text += &format!(", {violations} invariants broken");
    }
    text
}

fn figures(shown: &Shown<'_>) -> Markup {
    let (page, rows) = (shown.page, shown.rows);
    let most = rows.iter().map(|row| row.standing.share.percent()).max().unwrap_or(0);
    let users = page.story.users;
    html! {
        dl.figures {
            div { dt { "Ended in" } dd data-field="phase" { (page.story.end.phase.name()) } }
            @if let Some(took) = took(page, rows) {
                div { dt { "After" } dd data-field="took" { (span(took)) } }
            }
            div { dt { "Most to the canary" } dd data-field="mostWeight" { data value=(most) { (most) "%" } } }
            div { dt { "Decisions" } dd data-field="decisions" { (count(page.story.moments.len() as u64)) } }
            @if let Some(users) = users {
                (met("Requests of users", ["requests", "failed"], users.requests, users.failed))
                (met("On the canary", ["canary", "canaryFailed"], users.canary, users.canary_failed))
            }
        }
    }
}

/// Requests, and those of them that failed.
fn met(name: &str, fields: [&str; 2], requests: u64, failed: u64) -> Markup {
    html! {
        div {
            dt { (name) }
            dd {
                span data-field=(fields[0]) { (count(requests)) }
                span.quiet { " " span data-field=(fields[1]) { (count(failed)) } " failed (" (part(failed, requests)) ")" }
            }
        }
    }
}
