//! A table of the times at which something was decided.

use maud::{Markup, html};
use serin_core::decision::Rule;
use serin_output::span::Span;
use serin_simulator::{record::Moment, scenario::rule_name};

use super::{Shown, weights::kind};
use crate::{
    html::text::{NONE, span},
    plan_text,
    row::Row,
    rule::{self, Say, say},
    share::Of,
};

/// The rows of the timeline, with the evidence, the reason and the commands in columns.
pub(super) fn table(shown: &Shown<'_>) -> Markup {
    let rows: Vec<&Row> = shown.rows.iter().filter(|row| row.matters).collect();
    let quiet = shown.rows.len() - rows.len();
    html! {
        @if quiet > 0 {
            p.quiet { "Times at which nothing changed are left out (" (quiet) ")." }
        }
        div.scroll tabindex="0" role="region" aria-label="Decisions" {
            table.decisions {
                thead {
                    tr {
                        th.n scope="col" { "Time" } th scope="col" { "Phase" } th.n scope="col" { "Canary" } th.n scope="col" { "Failed checks" }
                        th scope="col" { "Seen" } th scope="col" { "Rule" } th scope="col" { "Done" }
                    }
                }
                tbody { @for row in rows { (line(shown, row)) } }
            }
        }
    }
}

fn line(shown: &Shown<'_>, row: &Row) -> Markup {
    let moments = &shown.page.story.moments[row.moments.clone()];
    let seen: Vec<Span> = moments
        .iter()
        .filter(|moment| !is_known(moment))
        .flat_map(|moment| plan_text::evidence(shown.page, moment, shown.terminal))
        .collect();
    let done: Vec<Span> = moments.iter().flat_map(|moment| plan_text::done(moment, shown.terminal)).collect();
    let standing = row.standing;
    html! {
        tr {
            th.n scope="row" { (span(row.at)) }
            td { (standing.phase.name()) }
            td.n {
                data value=(standing.share.percent()) { (standing.share.percent()) "%" }
                @if standing.share.which() != Of::Requests { br; span.quiet { (kind(standing.share.which())) } }
            }
            td.n { (failed(standing.failed)) }
            td { (spans(&seen)) }
            td { (rules(moments)) }
            td { (spans(&done)) }
        }
    }
}

fn is_known(moment: &Moment) -> bool {
    say(moment.decision.rule) == Say::Known
}

fn failed(failed: Option<(u32, Option<u32>)>) -> Markup {
    match failed {
        None => html! { (NONE) },
        Some((failed, of)) => html! {
            data value=(failed) { (failed) } span.quiet { " of " @if let Some(of) = of { (of) } @else { "?" } }
        },
    }
}

fn spans(spans: &[Span]) -> Markup {
    html! { @if !spans.is_empty() { ul.plain { @for span in spans { li { (span.text()) } } } } }
}

/// The rules that fired, each with its name and meaning.
fn rules(moments: &[Moment]) -> Markup {
    let mut rules: Vec<Rule> = moments.iter().map(|moment| moment.decision.rule).collect();
    rules.dedup();
    let news = |rule: &&Rule| match say(**rule) {
        Say::Always | Say::Alone | Say::Waiting | Say::WaitingFor => true,
        Say::Nothing | Say::Known => **rule == Rule::PromotionApplied,
    };
    html! {
        ul.plain {
            @for rule in rules.iter().filter(news) {
                li { code { (rule_name(*rule)) } @if let Some(words) = words(*rule) { " " span.quiet { (words) } } }
            }
        }
    }
}

fn words(rule: Rule) -> Option<String> {
    match say(rule) {
        Say::Always | Say::Alone | Say::Waiting | Say::WaitingFor => Some(rule::words(rule)),
        Say::Nothing | Say::Known => None,
    }
}
