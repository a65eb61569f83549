//! A sweep: curves over the first varied field, a line for each value of the second, and a small chart for each value
//! of the others.

use maud::{Markup, html};
use serin_policy::sweep::{Point, ShardResult, Share, Tally};

use super::{
    chart::{Axis, Chart, Dot, Form, Ink, Scale, Series, Sign, figure},
    page,
    text::{each, field, grouped, interval, part, percent, reasons as why, times},
};
use crate::reasons;

/// A report of a whole sweep.
#[must_use]
pub fn sweep(part: &ShardResult) -> String {
    let done = part.made();
    let body = html! {
        h1 { (part.title) }
        p.quiet {
            (grouped(part.runs)) " rollouts at each of " (part.points.len()) " points, seed " (part.seed)
            ", simulation " (part.simulation) ". "
            "Every point is run in the same worlds."
        }
        @if !part.is_complete() {
            p.verdict.bad {
                span.sign-bad { "✗" } " Stopped after " data value=(done) { (grouped(done)) } " of "
                (grouped(part.runs.saturating_mul(part.points.len() as u64))) " rollouts"
            }
        }
        (verdict(part))
        @if part.points.len() > 1 { (curves(part)) }
        h2 { "All points" }
        p.quiet {
            "False rollback: a good release is rolled back. Missed: a bad one is promoted. In brackets: 95 % intervals (Wilson). "
            "Times: median and 90th percentile. Requests: of users, per release, from its deployment on. "
            "Reasons: the check, hook or deadline that decided a rollback, in shares of all rollbacks; false: of a good release."
        }
        (table(part))
    };
    page::page("sweep", &part.title, &body, None)
}

/// The range of the results, in one sentence each.
fn verdict(part: &ShardResult) -> Markup {
    let ends = |of: fn(&Tally) -> Option<Share>| {
        let shares = || part.points.iter().filter_map(move |point| of(&point.tally)).map(|share| share.share);
        let (low, high) =
            (shares().fold(f64::INFINITY, f64::min), shares().fold(f64::NEG_INFINITY, f64::max));
        let show = |share: f64| format!("{:.1}%", 100.0 * share);
        if low > high {
            None
        } else if show(low) == show(high) {
            Some(show(low))
        } else {
            Some(format!("{} to {}", show(low), show(high)))
        }
    };
    let good = ends(Tally::false_rollback).map(|ends| format!("{ends} of the good releases are rolled back"));
    let bad = ends(Tally::missed_regression).map(|ends| format!("{ends} of the bad ones are promoted"));
    let sentence: Vec<String> = good.into_iter().chain(bad).collect();
    let mut reasons: Vec<String> = Vec::new();
    for point in &part.points {
        for share in reasons::shares(&point.tally) {
            if !reasons.contains(&share.words) {
                reasons.push(share.words);
            }
        }
    }
    html! {
        @if !sentence.is_empty() {
            div.verdict {
                p.headline { (sentence.join(", ")) "." }
                @if !reasons.is_empty() { p { "Reasons for rollbacks: " (reasons.join(", ")) "." } }
            }
        }
    }
}

/// A measure of a sweep.
struct Curve {
    id: &'static str,
    title: &'static str,
    about: &'static str,
    scale: Scale,
    /// The value and its interval.
    of: fn(&Tally) -> Option<(f64, f64, f64)>,
}

const CURVES: [Curve; 4] = [
    Curve {
        id: "false-rollback",
        title: "False rollback",
        about: "Chance that a good release is rolled back; bars: 95 % interval",
        scale: Scale::Percent,
        of: |tally| tally.false_rollback().map(shares),
    },
    Curve {
        id: "missed",
        title: "Missed regression",
        about: "Chance that a bad release is promoted; bars: 95 % interval",
        scale: Scale::Percent,
        of: |tally| tally.missed_regression().map(shares),
    },
    Curve {
        id: "to-promote",
        title: "Time to promote",
        about: "Median; bars: up to the 90th percentile",
        scale: Scale::Time,
        of: |tally| {
            let [half, most] = [50, 90].map(|percentile| tally.to_promote.percentile(percentile));
            Some((half?.as_secs_f64(), half?.as_secs_f64(), most?.as_secs_f64()))
        },
    },
    Curve {
        id: "failed",
        title: "Requests failed",
        about: "Of users, per release on average, from its deployment on",
        scale: Scale::Number,
        of: |tally| {
            let mean = (tally.runs > 0).then(|| tally.failed as f64 / tally.runs as f64)?;
            Some((mean, mean, mean))
        },
    },
];

fn shares(share: Share) -> (f64, f64, f64) {
    (100.0 * share.share, 100.0 * share.low, 100.0 * share.high)
}

fn curves(part: &ShardResult) -> Markup {
    let panels = panels(&part.points);
    html! {
        @for curve in &CURVES {
            @let shown: Vec<&Panel<'_>> = panels.iter().filter(|panel| panel.points.iter().any(|point| (curve.of)(&point.tally).is_some())).collect();
            @if !shown.is_empty() {
                section.curve {
                    h2 { (curve.title) }
                    div.panels {
                        @let top = top(curve, &part.points);
                        @for (number, panel) in shown.iter().enumerate() { (figure(&chart(curve, panel, number, top), 3, &numbers(curve, panel))) }
                    }
                }
            }
        }
    }
}

/// The points with the same values of all fields except the first two.
struct Panel<'a> {
    /// Those values.
    rest: String,
    points: Vec<&'a Point>,
}

fn panels(points: &[Point]) -> Vec<Panel<'_>> {
    let mut panels: Vec<Panel<'_>> = Vec::new();
    for point in points {
        let rest: Vec<String> =
            point.set.iter().skip(2).map(|(field, value)| format!("{field} = {value}")).collect();
        let rest = rest.join(", ");
        match panels.iter_mut().find(|panel| panel.rest == rest) {
            Some(panel) => panel.points.push(point),
            None => panels.push(Panel { rest, points: vec![point] }),
        }
    }
    panels
}

/// The maximum of all charts of a curve, so that they can be compared.
fn top(curve: &Curve, points: &[Point]) -> f64 {
    let ends = points.iter().filter_map(|point| (curve.of)(&point.tally));
    let most = ends.map(|(_, _, high)| high).fold(0.0, f64::max);
    match curve.scale {
        Scale::Percent => (1.1 * most).clamp(1.0, 100.0),
        Scale::Time | Scale::Millis | Scale::Number | Scale::Names(_) => (1.1 * most).max(1.0),
    }
}

/// The different values of a varied field, in order.
fn values<'a>(points: &[&'a Point], field: usize) -> Vec<&'a str> {
    let mut values = Vec::new();
    for point in points {
        if let Some((_, value)) = point.set.get(field)
            && !values.contains(&value.as_str())
        {
            values.push(value);
        }
    }
    values
}

fn chart(curve: &Curve, panel: &Panel<'_>, number: usize, top: f64) -> Chart {
    let names = values(&panel.points, 0);
    let lines = values(&panel.points, 1);
    let field = |place: usize| {
        panel.points.first().and_then(|point| point.set.get(place)).map_or("", |(field, _)| field)
    };
    let title = if panel.rest.is_empty() {
        format!("by {}", field(0))
    } else {
        format!("by {}, {}", field(0), panel.rest)
    };
    let line = |line: usize| {
        let points = panel.points.iter().filter(|point| {
            lines.is_empty() || point.set.get(1).is_some_and(|(_, value)| value == lines[line])
        });
        let aside = 0.07 * (line as f64 - (lines.len().max(1) - 1) as f64 / 2.0);
        Series {
            name: lines
                .get(line)
                .map_or_else(|| curve.title.into(), |value| format!("{} = {value}", field(1))),
            ink: Ink::Line((line % Ink::LINES) as u8),
            form: Form::Line,
            // After the last colour, the combinations of colour and sign change.
            sign: Some(Sign::of(line + line / Ink::LINES)),
            dots: points.map(|point| dot(curve, point, &names, aside)).collect(),
        }
    };
    Chart {
        id: format!("{}-{}", curve.id, number + 1),
        title,
        about: curve.about.into(),
        height: 230,
        x: Axis {
            from: -0.5,
            to: names.len() as f64 - 0.5,
            scale: Scale::Names(names.iter().map(|name| (*name).into()).collect()),
        },
        y: Axis { scale: curve.scale.clone(), from: 0.0, to: top },
        bands: Vec::new(),
        bounds: Vec::new(),
        series: (0..lines.len().max(1)).map(line).collect(),
        marks: Vec::new(),
        hints: Vec::new(),
    }
}

fn dot(curve: &Curve, point: &Point, names: &[&str], aside: f64) -> Dot {
    let place =
        point.set.first().and_then(|(_, value)| names.iter().position(|name| *name == value.as_str()));
    let x = place.unwrap_or(0) as f64 + aside;
    let Some((value, low, high)) = (curve.of)(&point.tally) else { return Dot { x, ..Dot::default() } };
    let text = format!("{}: {}", described(point), shown(curve, value, low, high));
    Dot { x, y: Some(value), ends: (high > low).then_some((low, high)), text, ..Dot::default() }
}

fn shown(curve: &Curve, value: f64, low: f64, high: f64) -> String {
    match curve.scale {
        Scale::Percent => format!("{} [{:.1}, {:.1}]", percent(value / 100.0), low, high),
        Scale::Time => format!("{} · {}", curve.scale.label(value), curve.scale.label(high)),
        Scale::Millis | Scale::Number | Scale::Names(_) => format!("{value:.1}"),
    }
}

fn described(point: &Point) -> String {
    let set: Vec<String> = point.set.iter().map(|(field, value)| format!("{field} = {value}")).collect();
    set.join(", ")
}

/// The values of one chart: a row for each value of the first field, a column for each of the second.
fn numbers(curve: &Curve, panel: &Panel<'_>) -> Markup {
    let (names, lines) = (values(&panel.points, 0), values(&panel.points, 1));
    let at = |name: &str, line: Option<&str>| {
        let is_it = |point: &&&Point| {
            point.set.first().is_some_and(|(_, value)| value == name)
                && line.is_none_or(|line| point.set.get(1).is_some_and(|(_, value)| value == line))
        };
        let tally = panel.points.iter().find(is_it).and_then(|point| (curve.of)(&point.tally));
        tally.map_or_else(|| "–".into(), |(value, low, high)| shown(curve, value, low, high))
    };
    let field = |place: usize| {
        panel.points.first().and_then(|point| point.set.get(place)).map_or("", |(field, _)| field)
    };
    html! {
        table {
            thead { tr {
                th scope="col" { (field(0)) }
                @if lines.is_empty() { th.n scope="col" { (curve.title) } }
                @for line in &lines { th.n scope="col" { (field(1)) " = " (line) } }
            } }
            tbody {
                @for name in names {
                    tr {
                        th scope="row" { (name) }
                        @if lines.is_empty() { td.n { (at(name, None)) } }
                        @for line in &lines { td.n { (at(name, Some(line))) } }
                    }
                }
            }
        }
    }
}

fn table(sweep: &ShardResult) -> Markup {
    let fields = sweep.points.first().map_or(&[][..], |point| &point.set);
    html! {
        div.scroll tabindex="0" role="region" aria-label="All points" {
            table.points {
                thead { tr {
                    @for (path, _) in fields { th.n scope="col" { (field(path)) } }
                    @for head in ["promoted", "rolled back", "false rollback", "missed", "to promote", "to roll back", "canary requests", "failed there", "all failed"] {
                        th.n scope="col" { (head) }
                    }
                    th scope="col" { "reasons for rollbacks" }
                } }
                tbody { @for point in &sweep.points { (row(point)) } }
            }
        }
    }
}

fn row(point: &Point) -> Markup {
    let tally = &point.tally;
    html! {
        tr {
            @for (_, value) in &point.set { th.n scope="row" { (value) } }
            td.n data-field="promoted" { (part(tally.promoted, tally.runs)) }
            td.n data-field="rolledBack" { (part(tally.rolled_back, tally.runs)) }
            td.n data-field="falseRollback" { (interval(tally.false_rollback())) }
            td.n data-field="missedRegression" { (interval(tally.missed_regression())) }
            td.n data-field="toPromote" { (times(&tally.to_promote)) }
            td.n data-field="toRollBack" { (times(&tally.to_roll_back)) }
            td.n data-field="canaryRequests" { (each(tally.canary, tally.runs)) }
            td.n data-field="canaryFailed" { (each(tally.canary_failed, tally.runs)) }
            td.n data-field="failed" { (each(tally.failed, tally.runs)) }
            td.reasons data-field="reasons" { (why(tally)) }
        }
    }
}
