//! Many stories in one page: the worst first, with a filter and a search. If the page would become too large, some
//! stories are shortened.

use maud::{Markup, PreEscaped, html};

use super::{Banner, Run};
use crate::{
    Ended,
    explain::Conclusion,
    html::{page, text::grouped},
};

/// The approximate maximum size of the stories in a page. A browser on a phone opens and searches such a page without
/// delay.
const MOST_BYTES: usize = 1_500_000;

/// The choices of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    All,
    NotAsExpected,
    RolledBack,
    PromotionFailed,
    Promoted,
    NotEnded,
    NoRelease,
    NothingExpected,
}

impl Filter {
    const ALL: [Self; 8] = [
        Self::All,
        Self::NotAsExpected,
        Self::RolledBack,
        Self::PromotionFailed,
        Self::Promoted,
        Self::NotEnded,
        Self::NoRelease,
        Self::NothingExpected,
    ];

    /// The class of the stories that it shows, as in the style sheet.
    fn class(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::NotAsExpected => "failed",
            Self::RolledBack => "rolled-back",
            Self::PromotionFailed => "promotion-failed",
            Self::Promoted => "promoted",
            Self::NotEnded => "not-ended",
            Self::NoRelease => "no-release",
            Self::NothingExpected => "nothing-expected",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::NotAsExpected => "Not as expected",
            Self::RolledBack => "Rolled back",
            Self::PromotionFailed => "Promotion failed",
            Self::Promoted => "Promoted",
            Self::NotEnded => "Not ended",
            Self::NoRelease => "No release",
            Self::NothingExpected => "Nothing expected",
        }
    }

    fn shows(self, run: &Run) -> bool {
        match self {
            Self::All => true,
            Self::NotAsExpected => run.banner == Banner::NotAsExpected,
            Self::NothingExpected => matches!(run.banner, Banner::Stopped | Banner::Open),
            Self::RolledBack => run.headline.conclusion == Conclusion::RolledBack,
            Self::PromotionFailed => run.headline.conclusion == Conclusion::PromotionFailed,
            Self::Promoted => run.headline.conclusion == Conclusion::Promoted,
            Self::NotEnded => run.headline.conclusion == Conclusion::NotEnded,
            Self::NoRelease => run.headline.conclusion == Conclusion::NoRelease,
        }
    }
}

pub(super) fn page(runs: &[Run], unusable: &[(String, String)]) -> String {
    let total = runs.len() + unusable.len();
    let title = format!("{} scenarios", grouped(total as u64));
    let mut order: Vec<(usize, &Run)> = runs.iter().enumerate().collect();
    order.sort_by_key(|(place, run)| (run.ended == Ended::AsExpected, *place));
    let full = full(&order);
    let body = html! {
        h1 { (title) }
        (verdict(runs, unusable))
        (filter(runs, unusable))
        div #stories {
            @for (place, run) in order.iter().filter(|(_, run)| run.ended != Ended::AsExpected) { (story(*place, run, full[*place])) }
            @for (path, what) in unusable {
                section.story.failed.unusable { h2 { span.sign-bad { "✗" } " " code { (path) } } p { "Not usable: " (what) } }
            }
            @for (place, run) in order.iter().filter(|(_, run)| run.ended == Ended::AsExpected) { (story(*place, run, full[*place])) }
        }
    };
    page::page("replay", &title, &body, Some(SEARCH))
}

/// Searches titles, sentences and paths as the user types.
const SEARCH: &str = include_str!("../search.js");

/// Which of the runs are shown in full: in this order, as many as fit; those that went as expected either all or none.
fn full(order: &[(usize, &Run)]) -> Vec<bool> {
    let size = |markup: &Markup| markup.0.len();
    let mut full = vec![false; order.len()];
    let mut bytes: usize = order.iter().map(|(_, run)| size(&run.short)).sum();
    for (place, run) in order {
        let longer = bytes - size(&run.short) + size(&run.full);
        if longer <= MOST_BYTES {
            (bytes, full[*place]) = (longer, true);
        }
    }
    if full.contains(&false) {
        for (place, run) in order.iter().filter(|(_, run)| run.ended == Ended::AsExpected) {
            let _ = run;
            full[*place] = false;
        }
    }
    full
}

fn verdict(runs: &[Run], unusable: &[(String, String)]) -> Markup {
    let total = runs.len() + unusable.len();
    let shown = |filter: Filter| runs.iter().filter(|run| filter.shows(run)).count();
    let failed = shown(Filter::NotAsExpected) + unusable.len();
    let open = shown(Filter::NothingExpected);
    let held = total - failed - open;
    let (class, sign) = match (failed, held) {
        (1.., _) => ("verdict bad", html! { span.sign-bad { "✗" } }),
        (0, 1..) => ("verdict good", html! { span.sign-good { "✓" } }),
        (0, 0) => ("verdict", html! { span.quiet { "–" } }),
    };
    html! {
        div class=(class) {
            p.headline {
                (sign) " " data value=(held) { (grouped(held as u64)) } " of " data value=(total) { (grouped(total as u64)) } " went as expected"
                @if failed > 0 { ", " data value=(failed) { (grouped(failed as u64)) } " did not" }
                @if open > 0 { "; without expectations: " data value=(open) { (grouped(open as u64)) } }
                "."
            }
            p { (conclusions(runs)) }
        }
    }
}

/// The number of stories for each ending.
fn conclusions(runs: &[Run]) -> String {
    let kinds =
        [Filter::Promoted, Filter::RolledBack, Filter::PromotionFailed, Filter::NotEnded, Filter::NoRelease];
    let counts = kinds.map(|kind| (kind, runs.iter().filter(|run| kind.shows(run)).count()));
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    let counts: Vec<String> =
        counts.map(|(kind, count)| format!("{}: {}", kind.name(), grouped(*count as u64))).collect();
    counts.join(" · ")
}

/// The filter works without a script: the style sheet hides the other stories. The search needs a script, which makes
/// it visible.
fn filter(runs: &[Run], unusable: &[(String, String)]) -> Markup {
    let count = |filter: Filter| {
        let unusable = if matches!(filter, Filter::All | Filter::NotAsExpected) { unusable.len() } else { 0 };
        runs.iter().filter(|run| filter.shows(run)).count() + unusable
    };
    let total = runs.len() + unusable.len();
    let offered = |filter: &Filter| *filter == Filter::All || (1..total).contains(&count(*filter));
    html! {
        fieldset.filter {
            legend { "Show" }
            @for filter in Filter::ALL.into_iter().filter(offered) {
                label {
                    input type="radio" name="show" id={ "show-" (filter.class()) } checked[filter == Filter::All];
                    " " (filter.name()) " " span.quiet { (grouped(count(filter) as u64)) }
                }
            }
            label #search-label hidden { "Search " input #search type="search" autocomplete="off" spellcheck="false"; }
            output #found for="search" {}
        }
    }
}

fn story(place: usize, run: &Run, full: bool) -> Markup {
    let classes = Filter::ALL.into_iter().skip(1).filter(|filter| filter.shows(run)).map(Filter::class);
    let classes: Vec<&str> = classes.collect();
    html! {
        details id={ "run-" (place + 1) } class={ "story " (classes.join(" ")) } open[run.banner == Banner::NotAsExpected] {
            summary {
                h2 { (run.banner.sign()) " " (run.title) }
                p { (run.headline.sentence) }
                code { (run.path) }
            }
            (PreEscaped(if full { &run.full.0 } else { &run.short.0 }))
        }
    }
}
