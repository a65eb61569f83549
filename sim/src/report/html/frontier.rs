//! What a search found: time against risk, and each choice with the lines to paste.

use maud::{Markup, html};

use super::{
    chart::{Axis, Bound, Chart, Dot, Form, Ink, Scale, Series, Sign, figure},
    page,
    text::{each, grouped, interval, percent, span, times},
};
use crate::{
    scenario::manifest_lines,
    sweep::{Choice, Frontier, Goal, Met, Share},
};

/// A report of a search for policies. `title` is the scenario's.
#[must_use]
pub fn frontier(title: &str, found: &Frontier, goals: &[Goal]) -> String {
    let goals: Vec<String> = goals.iter().map(ToString::to_string).collect();
    let meeting = found.choices.iter().filter(|choice| choice.met == Met::Yes).count();
    let body = html! {
        h1 { (title) }
        p.quiet {
            "Wanted: " @for (i, goal) in goals.iter().enumerate() { @if i > 0 { " · " } code { (goal) } } ". "
            (grouped(found.points as u64)) " policies tried, " (grouped(found.left as u64)) " left in the last round."
        }
        @if let Some(stopped) = found.stopped {
            p.verdict.bad {
                span.sign-bad { "✗" } " Stopped after " data value=(stopped.made) { (grouped(stopped.made)) } " of at most "
                (grouped(stopped.of)) " rollouts"
            }
        }
        p.verdict.(if meeting > 0 { "good" } else { "bad" }) {
            @if meeting > 0 { span.sign-good { "✓" } } @else { span.sign-bad { "✗" } }
            " " data value=(meeting) { (meeting) } " of " data value=(found.choices.len()) { (found.choices.len()) }
            " policies on the frontier surely " @if meeting == 1 { "meets" } @else { "meet" } " the goals"
        }
        h2 { "Time against risk" }
        (figure(&chart(&found.choices), 3, &table(&found.choices)))
        h2 { "The policies" }
        p.quiet { "The best first. Paste the lines into the Canary." }
        ol.choices { @for choice in &found.choices { li { (one(choice)) } } }
    };
    page::page("tune", title, &body, None)
}

fn words(met: Met) -> &'static str {
    match met {
        Met::Yes => "meets the goals",
        Met::Perhaps => "may meet the goals: more --runs will tell",
        Met::No => "misses a goal",
    }
}

/// The chances of both mistakes together, in percent.
fn risk(choice: &Choice) -> f64 {
    let tally = &choice.point.tally;
    let share = |share: Option<Share>| share.map_or(0.0, |share| share.share);
    100.0 * (share(tally.false_rollback()) + share(tally.missed_regression()))
}

fn seconds(choice: &Choice) -> Option<f64> {
    choice.point.tally.to_promote.percentile(50).map(|half| half.as_secs_f64())
}

fn chart(choices: &[Choice]) -> Chart {
    let kinds = [
        (Met::Yes, Ink::Good, Sign::Disc),
        (Met::Perhaps, Ink::Waiting, Sign::Ring),
        (Met::No, Ink::Bad, Sign::Cross),
    ];
    let series = kinds.into_iter().map(|(met, ink, sign)| {
        let of_kind = (1..).zip(choices).filter(|(_, choice)| choice.met == met);
        let dots = of_kind.filter_map(|(number, choice)| dot(number, choice)).collect();
        Series { name: words(met).into(), ink, form: Form::Dots, sign: Some(sign), dots }
    });
    let most = |values: &mut dyn Iterator<Item = f64>| 1.15 * values.fold(0.0, f64::max);
    Chart {
        id: "frontier".into(),
        title: "The frontier".into(),
        about: "Across: half of the promotions within; up: chance of a false rollback plus chance of a miss. No policy here is \
                beaten in both by one that meets the goals as surely; numbers as in the list below"
            .into(),
        height: 280,
        x: Axis { scale: Scale::Time, from: 0.0, to: most(&mut choices.iter().filter_map(seconds)).max(1.0) },
        y: Axis { scale: Scale::Percent, from: 0.0, to: most(&mut choices.iter().map(risk)).max(1.0) },
        bands: Vec::new(),
        bounds: Vec::<Bound>::new(),
        series: series.filter(|series| !series.dots.is_empty()).collect(),
        marks: Vec::new(),
        hints: Vec::new(),
    }
}

fn dot(number: usize, choice: &Choice) -> Option<Dot> {
    let x = seconds(choice)?;
    let risk = risk(choice);
    let text = format!(
        "{number}: {} to promote, risk {}, {}",
        Scale::Time.label(x),
        percent(risk / 100.0),
        words(choice.met)
    );
    Some(Dot { x, y: Some(risk), label: number.to_string(), text, ends: None })
}

fn table(choices: &[Choice]) -> Markup {
    html! {
        table {
            thead { tr { th.n scope="col" { "No." } th.n scope="col" { "To promote" } th.n scope="col" { "Risk" } th scope="col" { "Goals" } th scope="col" { "Policy" } } }
            tbody {
                @for (number, choice) in (1..).zip(choices) {
                    @let number: usize = number;
                    tr {
                        th.n scope="row" { (number) }
                        td.n { @if let Some(half) = choice.point.tally.to_promote.percentile(50) { (span(half)) } @else { "–" } }
                        td.n { data value=(risk(choice) / 100.0) { (percent(risk(choice) / 100.0)) } }
                        td { (words(choice.met)) }
                        td { @for (field, value) in &choice.point.set { code { (field) "=" (value) } " " } }
                    }
                }
            }
        }
    }
}

fn one(choice: &Choice) -> Markup {
    let tally = &choice.point.tally;
    let set = choice.point.set.iter().map(|(path, value)| (path.as_str(), value.as_str()));
    let (class, sign) = match choice.met {
        Met::Yes => ("sign-good", "✓"),
        Met::Perhaps => ("sign-perhaps", "?"),
        Met::No => ("sign-bad", "✗"),
    };
    html! {
        h3 { span class=(class) { (sign) } " " (words(choice.met)) }
        dl.figures {
            div { dt { "Promotes within (half · 90 of 100)" } dd data-field="toPromote" { (times(&tally.to_promote)) } }
            div { dt { "Rolls back within" } dd data-field="toRollBack" { (times(&tally.to_roll_back)) } }
            div { dt { "False rollback" } dd data-field="falseRollback" { (interval(tally.false_rollback())) } }
            div { dt { "Missed" } dd data-field="missedRegression" { (interval(tally.missed_regression())) } }
            div { dt { "Failed requests a release" } dd data-field="failed" { (each(tally.failed, tally.runs)) } }
        }
        pre.manifest tabindex="0" { (manifest_lines(set)) }
    }
}
