//! Measured values and their bounds; in a simulated world also the true values of both versions.

use maud::{Markup, html};
use serin_core::{
    decision::{Measured, Reading, Verdict},
    spec::MetricSource,
};
use serin_simulator::record::{Slice, Truth};

use super::{Shown, course, weights};
use crate::{
    html::{
        chart::{Axis, Bound, Chart, Dot, Form, Ink, Scale, Series, Sign, figure},
        page::heading,
        text::{NONE, span},
    },
    measured,
};

/// A measured value and its time.
type Point<'a> = (f64, &'a Measured);

/// A chart for each metric, in the order in which they were first measured.
pub(super) fn charts(shown: &Shown<'_>) -> Markup {
    let mut names: Vec<&str> = Vec::new();
    for measured in shown.page.story.moments.iter().flat_map(|moment| &moment.decision.measured) {
        if !names.contains(&&*measured.metric) {
            names.push(&measured.metric);
        }
    }
    html! {
        @if !names.is_empty() {
            (heading(shown.level, "What was measured"))
            @for (number, name) in names.iter().enumerate() { (metric(shown, name, number)) }
        }
    }
}

fn metric(shown: &Shown<'_>, name: &str, number: usize) -> Markup {
    let moments = shown.page.story.moments.iter();
    let seen: Vec<Point<'_>> = moments
        .flat_map(|moment| {
            moment.decision.measured.iter().map(|measured| (moment.at.as_secs_f64(), measured))
        })
        .filter(|(_, measured)| *measured.metric == *name)
        .collect();
    let scale = scale(shown, name);
    let bounds = bounds(&seen, &scale);
    let mut series = truths(shown, name);
    let has_truths = !series.is_empty();
    series.extend(measurements(&seen, shown));
    let (from, to) = reach(&series, &bounds, &scale);
    let chart = Chart {
        id: shown.id(&format!("metric{}", number + 1)),
        title: name.to_owned(),
        about: about(&seen, has_truths),
        height: 170,
        x: shown.time(),
        y: Axis { scale: scale.clone(), from, to },
        bands: weights::bands(shown),
        bounds,
        series,
        marks: Vec::new(),
        hints: course::slices(shown, |slice| truth_in(slice, name, &scale)),
    };
    figure(&chart, shown.level + 1, &table(shown, &seen))
}

fn about(seen: &[Point<'_>], truths: bool) -> String {
    let silent = seen.iter().filter(|(_, measured)| value(measured).is_none()).count();
    let mut text = String::from("As the checks measured it");
    if truths {
        text += "; true value: the long-run value of each version";
    }
    if silent > 0 {
        text += &format!("; {silent} of {} checks got no value", seen.len());
    }
    text
}

fn scale(shown: &Shown<'_>, name: &str) -> Scale {
    if measured::is_latency(name, shown.page.canary) {
        return Scale::Millis;
    }
    let known = shown.page.canary.metrics().iter().find(|metric| *metric.name == *name);
    match known.map(|metric| &metric.source) {
        Some(MetricSource::SuccessRate) => Scale::Percent,
        Some(MetricSource::Shipped(shipped)) if shipped.starts_with("latency") => Scale::Millis,
        Some(MetricSource::Shipped(shipped)) if shipped.ends_with("-rate") => Scale::Percent,
        Some(
            MetricSource::Shipped(_)
            | MetricSource::Duration
            | MetricSource::Query(_)
            | MetricSource::Template { .. },
        ) => Scale::Number,
        None => Scale::Number,
    }
}

fn value(measured: &Measured) -> Option<f64> {
    match measured.reading {
        Reading::Value(value) => Some(value).filter(|value| value.is_finite()),
        Reading::NoData | Reading::Error(_) => None,
    }
}

/// Every bound that was used, once.
fn bounds(seen: &[Point<'_>], scale: &Scale) -> Vec<Bound> {
    let mut bounds: Vec<Bound> = Vec::new();
    for (_, measured) in seen {
        for (word, at) in [("at least", measured.min), ("at most", measured.max)] {
            let Some(at) = at.filter(|at| at.is_finite()) else { continue };
            if bounds.iter().all(|bound| bound.at != at) {
                bounds.push(Bound { at, name: format!("{word} {}", scale.label(at)) });
            }
        }
    }
    bounds
}

fn measurements(seen: &[Point<'_>], shown: &Shown<'_>) -> Vec<Series> {
    let kinds = [
        ("passed", Ink::Good, Sign::Disc, &[Verdict::Passed][..]),
        ("failed", Ink::Bad, Sign::Cross, &[Verdict::Failed]),
        ("not counted", Ink::Waiting, Sign::Ring, &[Verdict::Held, Verdict::Waived, Verdict::Void]),
    ];
    let of = |verdicts: &[Verdict]| {
        let seen = seen.iter().filter(|(_, measured)| verdicts.contains(&measured.verdict));
        seen.filter_map(|(at, measured)| {
            let words = measured::span(measured, shown.page.canary, shown.terminal);
            let text = format!("{}: {}", Scale::Time.label(*at), words.text());
            Some(Dot { x: *at, y: Some(value(measured)?), text, ..Dot::default() })
        })
        .collect::<Vec<Dot>>()
    };
    let series = kinds.into_iter().map(|(name, ink, sign, verdicts)| Series {
        name: format!("check, {name}"),
        ink,
        form: Form::Dots,
        sign: Some(sign),
        dots: of(verdicts),
    });
    series.filter(|series| !series.dots.is_empty()).collect()
}

/// The true values of both versions, if they are known.
fn truths(shown: &Shown<'_>, name: &str) -> Vec<Series> {
    let course = &shown.page.story.course;
    let truth = |slice: &'_ Slice| slice.truths.iter().find(|truth| *truth.metric == *name).cloned();
    type Of = fn(&Truth) -> Option<f64>;
    let copies: [(&str, Ink, Of); 2] = [
        ("canary, true value", Ink::CanaryTrue, |truth| truth.canary),
        ("primary, true value", Ink::Primary, |truth| truth.primary),
    ];
    let series = copies.into_iter().map(|(name, ink, of)| {
        let mut dots: Vec<Dot> = Vec::new();
        for slice in course {
            let y = truth(slice).as_ref().and_then(of);
            dots.push(Dot { x: slice.from.as_secs_f64().max(shown.span.0), y, ..Dot::default() });
        }
        let end = course.last().map(|slice| slice.to.as_secs_f64());
        let last = dots.last().and_then(|dot| dot.y);
        dots.extend(end.map(|x| Dot { x, y: last, ..Dot::default() }));
        Series { name: name.into(), ink, form: Form::Steps, sign: None, dots }
    });
    series.filter(|series| series.dots.iter().any(|dot| dot.y.is_some())).collect()
}

/// The true values of a slice, for a pointer.
fn truth_in(slice: &Slice, name: &str, scale: &Scale) -> String {
    let show = |value: f64| scale.label((value * 100.0).round() / 100.0);
    let truth = slice.truths.iter().find(|truth| *truth.metric == *name);
    let values = truth.map(|truth| [("canary", truth.canary), ("primary", truth.primary)]);
    let values = values.into_iter().flatten();
    let lines = values.filter_map(|(copy, value)| Some(format!("{copy}, true value: {}", show(value?))));
    lines.collect::<Vec<_>>().join("\n")
}

/// From a little below the smallest to a little above the largest value.
fn reach(series: &[Series], bounds: &[Bound], scale: &Scale) -> (f64, f64) {
    let values = series.iter().flat_map(|series| series.dots.iter().filter_map(|dot| dot.y));
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.chain(bounds.iter().map(|bound| bound.at)) {
        (low, high) = (low.min(value), high.max(value));
    }
    if low > high {
        return (0.0, 1.0);
    }
    let pad = if high > low { 0.1 * (high - low) } else { (0.05 * high.abs()).max(0.5) };
    let is_below_zero = low < 0.0;
    let (low, high) = (low - pad, high + pad);
    let low = if is_below_zero { low } else { low.max(0.0) };
    if *scale == Scale::Percent && high - pad <= 100.0 {
        (low, high.min(100.0).max(low + 0.1))
    } else {
        (low, high)
    }
}

fn table(shown: &Shown<'_>, seen: &[Point<'_>]) -> Markup {
    html! {
        table {
            thead { tr { th.n scope="col" { "Time" } th.n scope="col" { "Value" } th scope="col" { "Against its bound" } } }
            tbody {
                @for (at, measured) in seen {
                    tr {
                        th.n scope="row" { (span(std::time::Duration::from_secs_f64(*at))) }
                        td.n { @if let Some(value) = value(measured) { data value=(value) { (format!("{value:.2}")) } } @else { (NONE) } }
                        td { (measured::span(measured, shown.page.canary, shown.terminal).text()) }
                    }
                }
            }
        }
    }
}
