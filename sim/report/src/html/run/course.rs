//! Errors that users saw: their requests over time, on the canary and on the primary.

use maud::{Markup, html};
use serin_simulator::record::{Met, Slice};

use super::{Shown, weights};
use crate::html::{
    chart::{Axis, Chart, Dot, Form, Hint, Ink, Scale, Series, figure},
    page::heading,
    text::{count, grouped, part, span},
};

type Of = fn(&Slice) -> Met;
const COPIES: [(&str, Ink, Of); 2] =
    [("canary", Ink::Canary, |slice| slice.canary), ("primary", Ink::Primary, |slice| slice.primary)];

/// Nothing if users are not simulated.
pub(super) fn users(shown: &Shown<'_>) -> Markup {
    let course = &shown.page.story.course;
    html! {
        @if !course.is_empty() {
            (heading(shown.level, "Who saw errors"))
            (totals(course))
            (chart(shown, &RATES, &rates_table(course)))
            (chart(shown, &SUMS, &sums_table(course)))
        }
    }
}

fn sum_of(course: &[Slice], of: Of) -> Met {
    course.iter().map(of).fold(Met::default(), |sum, met| Met {
        requests: sum.requests + met.requests,
        failed: sum.failed + met.failed,
    })
}

fn totals(course: &[Slice]) -> Markup {
    let both = |slice: &Slice| Met {
        requests: slice.canary.requests + slice.primary.requests,
        failed: slice.canary.failed + slice.primary.failed,
    };
    let rows = COPIES.map(|(name, _, of)| (name, sum_of(course, of)));
    html! {
        div.scroll tabindex="0" role="region" aria-label="Requests of users" {
            table.users {
                thead { tr { th scope="col" { "Answered by" } th.n scope="col" { "Requests" } th.n scope="col" { "Failed" } th.n scope="col" { "of them" } } }
                tbody {
                    @for (name, met) in rows.into_iter().chain([("both", sum_of(course, both))]) {
                        tr data-copy=(name) {
                            th scope="row" { (name) }
                            td.n { (count(met.requests)) }
                            td.n { (count(met.failed)) }
                            td.n { (part(met.failed, met.requests)) }
                        }
                    }
                }
            }
        }
    }
}

/// The data of one chart.
struct Counted {
    id: &'static str,
    title: &'static str,
    about: &'static str,
    dots: fn(&[Slice], Of) -> Vec<Dot>,
    /// The text that a pointer shows for a copy in a slice.
    hint: fn(&Slice, Met) -> String,
}

const RATES: Counted = Counted {
    id: "requests",
    title: "Requests of users",
    about: "Per second, by the copy that answered",
    dots: rate,
    hint: |slice, met| format!("{:.1} requests per second", per_second(slice, met.requests)),
};

const SUMS: Counted = Counted {
    id: "failed",
    title: "Failed requests of users",
    about: "In total since the release, by the copy that answered",
    dots: sum,
    hint: |_, met| format!("{} of {} requests failed", grouped(met.failed), grouped(met.requests)),
};

fn chart(shown: &Shown<'_>, counted: &Counted, table: &Markup) -> Markup {
    let course = &shown.page.story.course;
    let from = shown.span.0;
    let series = COPIES.map(|(name, ink, of)| {
        let dots = (counted.dots)(course, of).into_iter().map(|dot| Dot { x: dot.x.max(from), ..dot });
        Series { name: name.into(), ink, form: Form::Steps, sign: None, dots: dots.collect() }
    });
    let most = series.iter().flat_map(|series| &series.dots).filter_map(|dot| dot.y).fold(0.0, f64::max);
    let chart = Chart {
        id: shown.id(counted.id),
        title: counted.title.into(),
        about: counted.about.into(),
        height: 150,
        x: shown.time(),
        y: Axis { scale: Scale::Number, from: 0.0, to: if most > 0.0 { 1.1 * most } else { 1.0 } },
        bands: weights::bands(shown),
        bounds: Vec::new(),
        series: series.into(),
        marks: Vec::new(),
        hints: slices(shown, |slice| {
            COPIES.map(|(name, _, of)| format!("{name}: {}", (counted.hint)(slice, of(slice)))).join("\n")
        }),
    };
    figure(&chart, shown.level + 1, table)
}

/// The text that a pointer shows in each slice of time.
pub(super) fn slices(shown: &Shown<'_>, text: impl Fn(&Slice) -> String) -> Vec<Hint> {
    let hint = |slice: &Slice| {
        let (from, to) = (slice.from.as_secs_f64().max(shown.span.0), slice.to.as_secs_f64());
        let label = |seconds| Scale::Time.label(seconds);
        let text = text(slice);
        let is_shown = to > from && !text.is_empty();
        let text = format!("{} to {}\n{text}", label(slice.from.as_secs_f64()), label(to));
        is_shown.then_some(Hint { from, to, text })
    };
    shown.page.story.course.iter().filter_map(hint).collect()
}

fn rate(course: &[Slice], of: Of) -> Vec<Dot> {
    let mut dots: Vec<Dot> = course
        .iter()
        .map(|slice| Dot {
            x: slice.from.as_secs_f64(),
            y: Some(per_second(slice, of(slice).requests)),
            ..Dot::default()
        })
        .collect();
    close(course, &mut dots);
    dots
}

fn per_second(slice: &Slice, requests: u64) -> f64 {
    requests as f64 / (slice.to - slice.from).as_secs_f64()
}

/// The last value holds to the end.
fn close(course: &[Slice], dots: &mut Vec<Dot>) {
    if let (Some(slice), Some(last)) = (course.last(), dots.last().cloned()) {
        dots.push(Dot { x: slice.to.as_secs_f64(), ..last });
    }
}

fn sum(course: &[Slice], of: Of) -> Vec<Dot> {
    let mut sum = 0;
    let first =
        course.first().map(|slice| Dot { x: slice.from.as_secs_f64(), y: Some(0.0), ..Dot::default() });
    let rest = course.iter().map(|slice| {
        sum += of(slice).failed;
        Dot { x: slice.to.as_secs_f64(), y: Some(sum as f64), ..Dot::default() }
    });
    first.into_iter().chain(rest).collect()
}

fn rates_table(course: &[Slice]) -> Markup {
    table(course, ["canary, a second", "primary, a second"], |slice, of| {
        let rate = per_second(slice, of(slice).requests);
        html! { data value=(rate) { (format!("{rate:.1}")) } }
    })
}

fn sums_table(course: &[Slice]) -> Markup {
    table(course, ["canary, failed of", "primary, failed of"], |slice, of| {
        let met = of(slice);
        html! { (count(met.failed)) span.quiet { " of " (grouped(met.requests)) } }
    })
}

fn table(course: &[Slice], heads: [&str; 2], cell: fn(&Slice, Of) -> Markup) -> Markup {
    html! {
        table {
            thead { tr { th.n scope="col" { "From" } th.n scope="col" { "to" } @for head in heads { th.n scope="col" { (head) } } } }
            tbody {
                @for slice in course {
                    tr {
                        th.n scope="row" { (span(slice.from)) }
                        td.n { (span(slice.to)) }
                        @for (_, _, of) in COPIES { td.n { (cell(slice, of)) } }
                    }
                }
            }
        }
    }
}
