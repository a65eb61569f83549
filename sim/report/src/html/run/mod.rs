//! One rollout: how it ended, how traffic moved, what was measured, the errors that users saw, and every decision.

mod course;
mod decisions;
mod events;
mod many;
mod metrics;
mod weights;

use std::time::Duration;

use maud::{Markup, html};
use serin_core::{Phase, time::Human};
use serin_output::Terminal;

use super::{
    chart::{Axis, Scale},
    page,
    text::{count, part, span},
};
use crate::{
    Ended, Page,
    assumed::assumed,
    explain::{Conclusion, Headline, headline},
    row::{Row, rows},
};

/// A replayed scenario, ready for a report.
#[derive(Clone, Debug)]
pub struct Run {
    title: String,
    path: String,
    ended: Ended,
    banner: Banner,
    headline: Headline,
    /// Its full part, as a page of its own or as one of several.
    full: Markup,
    /// Its short part, for a page of many.
    short: Markup,
}

impl Run {
    /// Prepares a story. In a report of several stories it has the number `among`, from 1; otherwise none.
    #[must_use]
    pub fn of(page: &Page<'_>, ended: Ended, among: Option<usize>) -> Self {
        let terminal = Terminal::new(usize::MAX >> 1, false);
        let rows = rows(page, usize::MAX >> 1, &terminal);
        let (level, number) = among.map_or((2, 1), |number| (3, number));
        let (prefix, span) = (format!("run{number}"), extent(page, &rows));
        let shown = Shown { page, rows: &rows, terminal: &terminal, prefix, level, span };
        let headline = headline(page.canary, page.story);
        let banner = Banner::of(page, ended, headline.conclusion);
        let top = html! {
            (verdict(page, banner, &headline))
            (broken(page))
        };
        Self {
            title: page.title.into(),
            path: page.path.into(),
            ended,
            banner,
            full: html! { (top) (full(&shown, &headline)) },
            short: if among.is_some() {
                html! { (top) (short(&shown)) }
            } else {
                html! {}
            },
            headline,
        }
    }
}

/// A report of replayed scenarios; those that are not as expected come first. Files that cannot be used are listed with
/// the reason.
#[must_use]
pub fn replays(runs: &[Run], unusable: &[(String, String)]) -> String {
    match (runs, unusable) {
        ([run], []) => {
            let body = html! {
                h1 { (run.title) }
                (run.full)
            };
            page::page("replay", &run.title, &body, None)
        }
        (runs, unusable) => many::page(runs, unusable),
    }
}

/// The verdict of a story, with its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Banner {
    /// All expectations hold.
    AsExpected,
    /// An expectation does not hold.
    NotAsExpected,
    /// There are no expectations, and the release did not reach its users.
    Stopped,
    /// There are no expectations, and the release was not stopped.
    Open,
}

impl Banner {
    fn of(page: &Page<'_>, ended: Ended, conclusion: Conclusion) -> Self {
        let is_expected = !page.verdict.outcomes.is_empty();
        match (ended, conclusion) {
            (Ended::Failed | Ended::Differed | Ended::Unusable, _) => Self::NotAsExpected,
            (Ended::AsExpected, _) if is_expected => Self::AsExpected,
            (Ended::AsExpected, Conclusion::RolledBack | Conclusion::PromotionFailed) => Self::Stopped,
            (Ended::AsExpected, Conclusion::Promoted | Conclusion::NotEnded | Conclusion::NoRelease) => {
                Self::Open
            }
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::AsExpected => "verdict good",
            Self::NotAsExpected => "verdict bad",
            Self::Stopped => "verdict stopped",
            Self::Open => "verdict",
        }
    }

    fn sign(self) -> Markup {
        match self {
            Self::AsExpected => html! { span.sign-good { "✓" } },
            Self::NotAsExpected => html! { span.sign-bad { "✗" } },
            Self::Stopped => html! { span.sign-perhaps { "!" } },
            Self::Open => html! { span.quiet { "–" } },
        }
    }
}

/// The input of the parts of a run.
struct Shown<'a> {
    page: &'a Page<'a>,
    rows: &'a [Row],
    terminal: &'a Terminal,
    /// The prefix of ids.
    prefix: String,
    /// The level of its headings.
    level: u8,
    /// The seconds that charts show.
    span: (f64, f64),
}

impl Shown<'_> {
    fn id(&self, what: &str) -> String {
        format!("{}-{what}", self.prefix)
    }

    /// The time axis, which is the same for all charts.
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
    // The end should be visible too.
    ((from - 0.05 * (to - from)).max(0.0), to + 0.08 * (to - from))
}

/// When the first release was detected.
fn released(rows: &[Row]) -> Option<Duration> {
    let running = |phase: Phase| !matches!(phase, Phase::New | Phase::Initializing | Phase::Initialized);
    rows.iter().find(|row| running(row.standing.phase)).map(|row| row.at)
}

fn full(shown: &Shown<'_>, headline: &Headline) -> Markup {
    let page = shown.page;
    html! {
        @if let Some(assumed) = assumed(page.story) { p.quiet { (assumed) } }
        (figures(shown, headline))
        (page::heading(shown.level, "Traffic"))
        (weights::traffic(shown))
        (events::list(shown))
        (metrics::charts(shown))
        (course::users(shown))
        (page::heading(shown.level, "Decisions"))
        (decisions::table(shown))
        p.quiet { "Replay it: " code { "serin replay " (page.path) } }
    }
}

fn short(shown: &Shown<'_>) -> Markup {
    html! {
        (weights::small(shown))
        (events::short(shown))
        p.quiet { "All charts and decisions: " code { "serin replay " (shown.page.path) " --report one.html" } }
    }
}

fn about(page: &Page<'_>) -> String {
    let policy = page.canary.policy();
    let checks = if policy.threshold == 1 { "check rolls" } else { "checks roll" };
    let every = Human(policy.interval);
    let not_driven = page.story.not_driven.as_ref().map_or(String::new(), |phrase| format!(" · {phrase}"));
    format!(
        "{} · {}, every {every}, {} failed {checks} back{not_driven}",
        page.story.canary,
        page.canary.strategy(),
        policy.threshold
    )
}

/// How it ended, and whether that was expected.
fn verdict(page: &Page<'_>, banner: Banner, headline: &Headline) -> Markup {
    let all = page.verdict.outcomes.len();
    html! {
        div class=(banner.class()) {
            p.headline { (banner.sign()) " " (headline.sentence) "." }
            p {
                @match banner {
                    Banner::AsExpected => { "As expected: " data value=(all) { (all) } @if all == 1 { " expectation holds" } @else { " expectations hold" } "." }
                    Banner::NotAsExpected => { (what_broke(page)) "." }
                    Banner::Stopped | Banner::Open => "The scenario has no expectations.",
                }
            }
            p.quiet { (about(page)) }
        }
    }
}

/// The expectations that do not hold.
fn broken(page: &Page<'_>) -> Markup {
    let broken = page.broken();
    html! {
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
    if failed + violations == 0 {
        return "Not deterministic: two replays differ".into();
    }
    let mut text = String::from("Not as expected");
    if failed > 0 {
        text += &format!(": {failed} of {all} expectations failed");
    }
    if violations > 0 {
        let invariants = if violations == 1 { "invariant" } else { "invariants" };
        text += &format!("{} {violations} {invariants} broken", if failed > 0 { "," } else { ":" });
    }
    text
}

fn figures(shown: &Shown<'_>, headline: &Headline) -> Markup {
    let (page, rows) = (shown.page, shown.rows);
    let most = rows.iter().map(|row| row.standing.share.percent()).max().unwrap_or(0);
    let users = page.story.users;
    html! {
        dl.figures {
            div { dt { "Ended in" } dd data-field="phase" { (page.story.end.phase.name()) } }
            @if let Some(took) = headline.took {
                div { dt { "After" } dd data-field="took" { (span(took)) } }
            }
            div { dt { "Peak canary weight" } dd data-field="mostWeight" { data value=(most) { (most) "%" } } }
            div { dt { "Decisions" } dd data-field="decisions" { (count(page.story.moments.len() as u64)) } }
            @if let Some(users) = users {
                (met("Requests of users", ["requests", "failed"], users.requests, users.failed))
                (met("On the canary", ["canary", "canaryFailed"], users.canary, users.canary_failed))
            }
        }
    }
}

/// Requests, and the failed ones among them.
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
