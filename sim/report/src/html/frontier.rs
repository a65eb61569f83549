//! The result of a search for policies: time against risk, and each choice with the lines to paste.

use maud::{Markup, html};
use serin_policy::sweep::{Choice, Frontier, Goal, Met, Share};
use serin_simulator::scenario::manifest_lines;

use super::{
    chart::{Axis, Bound, Chart, Dot, Form, Ink, Scale, Series, Sign, figure},
    page,
    text::{each, field, grouped, interval, percent, reasons, span, times},
};
use crate::sweep::{verdict, words};

/// The report of a search for policies. `title` is the scenario's.
#[must_use]
pub fn frontier(title: &str, found: &Frontier, goals: &[Goal]) -> String {
    let goals: Vec<String> = goals.iter().map(ToString::to_string).collect();
    let class = match found.met() {
        Met::Yes => "verdict good",
        Met::Perhaps => "verdict stopped",
        Met::No => "verdict bad",
    };
    let body = html! {
        h1 { (title) }
        div class=(class) {
            p.headline { (sign(found.met())) " " (verdict(found)) }
            p { "Goals: " @for (i, goal) in goals.iter().enumerate() { @if i > 0 { " · " } code { (goal) } } "." }
        }
        p.quiet {
            (grouped(found.points as u64)) " policies tried, " (grouped(found.left as u64)) " left in the last round, at most "
            (grouped(found.most_runs)) " runs of each. A goal is decided when the whole 95 % interval is on one side of it."
        }
        @if let Some(stopped) = found.stopped {
            p.verdict.bad {
                span.sign-bad { "✗" } " Stopped after " data value=(stopped.made) { (grouped(stopped.made)) } " of at most "
                (grouped(stopped.of)) " rollouts"
            }
        }
        h2 { "Time against risk" }
        (figure(&chart(found), 3, &table(found)))
        h2 { "Today's policy" }
        div.choice #today {
            @if found.baseline.point.tally.runs == 0 {
                p { "Not run before the search was stopped." }
            } @else {
                (one(&found.baseline))
            }
        }
        h2 { "The policies" }
        p.quiet { "The best first. Paste the lines into the Canary." }
        ol.choices { @for choice in &found.choices { li { (one(choice)) } } }
    };
    page::page("tune", title, &body, None)
}

fn sign(met: Met) -> Markup {
    match met {
        Met::Yes => html! { span.sign-good { "✓" } },
        Met::Perhaps => html! { span.sign-perhaps { "?" } },
        Met::No => html! { span.sign-bad { "✗" } },
    }
}

/// The sum of the chances of both mistakes, in percent.
fn risk(choice: &Choice) -> f64 {
    let tally = &choice.point.tally;
    let share = |share: Option<Share>| share.map_or(0.0, |share| share.share);
    100.0 * (share(tally.false_rollback()) + share(tally.missed_regression()))
}

fn seconds(choice: &Choice) -> Option<f64> {
    choice.point.tally.to_promote.percentile(50).map(|half| half.as_secs_f64())
}

fn chart(found: &Frontier) -> Chart {
    let choices = &found.choices;
    let kinds = [
        (Met::Yes, Ink::Good, Sign::Disc),
        (Met::Perhaps, Ink::Waiting, Sign::Ring),
        (Met::No, Ink::Bad, Sign::Cross),
    ];
    let today = Series {
        name: "today's policy".into(),
        ink: Ink::Primary,
        form: Form::Dots,
        sign: Some(Sign::Square),
        dots: dot("today", &found.baseline)
            .into_iter()
            .map(|dot| Dot { label: String::new(), ..dot })
            .collect(),
    };
    let series = kinds.into_iter().map(|(met, ink, sign)| {
        let of_kind = (1..).zip(choices).filter(|(_, choice)| choice.met == met);
        let dots =
            of_kind.filter_map(|(number, choice): (usize, _)| dot(&number.to_string(), choice)).collect();
        Series { name: words(met).into(), ink, form: Form::Dots, sign: Some(sign), dots }
    });
    let shown = || choices.iter().chain([&found.baseline]);
    let most = |values: &mut dyn Iterator<Item = f64>| 1.15 * values.fold(0.0, f64::max);
    Chart {
        id: "frontier".into(),
        title: "The frontier".into(),
        about: "Across: median time to promote; up: chance of a false rollback plus chance of a missed regression. No policy \
                that meets the goals with the same certainty is better in both; numbers as in the list below"
            .into(),
        height: 280,
        x: Axis { scale: Scale::Time, from: 0.0, to: most(&mut shown().filter_map(seconds)).max(1.0) },
        y: Axis { scale: Scale::Percent, from: 0.0, to: most(&mut shown().map(risk)).max(1.0) },
        bands: Vec::new(),
        bounds: Vec::<Bound>::new(),
        series: [today].into_iter().chain(series).filter(|series| !series.dots.is_empty()).collect(),
        marks: Vec::new(),
        hints: Vec::new(),
    }
}

fn dot(name: &str, choice: &Choice) -> Option<Dot> {
    let x = seconds(choice)?;
    let risk = risk(choice);
    let text = format!(
        "{name}: {} to promote, risk {}, {}",
        Scale::Time.label(x),
        percent(risk / 100.0),
        words(choice.met)
    );
    Some(Dot { x, y: Some(risk), label: name.into(), text, ends: None })
}

/// Today's policy first.
fn table(found: &Frontier) -> Markup {
    html! {
        table {
            thead { tr { th.n scope="col" { "No." } th.n scope="col" { "To promote" } th.n scope="col" { "Risk" } th scope="col" { "Goals" } th.n scope="col" { "Runs" } th scope="col" { "Policy" } } }
            tbody {
                (line("today", &found.baseline))
                @for (number, choice) in (1..).zip(&found.choices) {
                    @let number: usize = number;
                    (line(&number.to_string(), choice))
                }
            }
        }
    }
}

fn line(name: &str, choice: &Choice) -> Markup {
    html! {
        tr {
            th.n scope="row" { (name) }
            td.n { @if let Some(half) = choice.point.tally.to_promote.percentile(50) { (span(half)) } @else { "–" } }
            td.n { data value=(risk(choice) / 100.0) { (percent(risk(choice) / 100.0)) } }
            td { (words(choice.met)) @if choice.is_today && name != "today" { ", today's policy" } }
            td.n { (grouped(choice.point.tally.runs)) }
            td { @for (path, value) in &choice.point.set { code { (field(path)) "=" (value) } " " } }
        }
    }
}

fn one(choice: &Choice) -> Markup {
    let tally = &choice.point.tally;
    let set = choice.point.set.iter().map(|(path, value)| (path.as_str(), value.as_str()));
    html! {
        h3 {
            (sign(choice.met)) " " (words(choice.met))
            @if choice.is_today { " " span.tag { "today's policy" } }
            " " span.quiet { (grouped(tally.runs)) " runs" }
        }
        dl.figures {
            div { dt { "To promote (median · 90th percentile)" } dd data-field="toPromote" { (times(&tally.to_promote)) } }
            div { dt { "To roll back" } dd data-field="toRollBack" { (times(&tally.to_roll_back)) } }
            div { dt { "False rollback" } dd data-field="falseRollback" { (interval(tally.false_rollback())) } }
            div { dt { "Missed" } dd data-field="missedRegression" { (interval(tally.missed_regression())) } }
            div { dt { "Failed requests per release" } dd data-field="failed" { (each(tally.failed, tally.runs)) } }
        }
        @if tally.rolled_back > 0 {
            p.reasons data-field="reasons" { span.quiet { "Reasons for rollbacks: " } (reasons(tally)) }
        }
        @let lines = manifest_lines(set);
        @if !lines.is_empty() { pre.manifest tabindex="0" { (lines) } }
    }
}
