//! Who saw errors: requests of users over time, on the canary and on the primary.

use maud::{Markup, html};

use super::{Shown, weights};
use crate::{
    record::{Met, Slice},
    report::html::{
        chart::{Axis, Chart, Dot, Form, Ink, Scale, Series, figure},
        page::heading,
        text::{count, grouped, part, span},
    },
};

type Of = fn(&Slice) -> Met;
const COPIES: [(&str, Ink, Of); 2] =
    [("canary", Ink::Canary, |slice| slice.canary), ("primary", Ink::Primary, |slice| slice.primary)];

/// Nothing where users are not simulated.
pub(super) fn users(shown: &Shown<'_>) -> Markup {
    let course = &shown.page.story.course;
    html! {
        @if !course.is_empty() {
            (heading(shown.level, "Who saw errors"))
            (totals(course))
            (chart(shown, "requests", "Requests of users", "A second, by the copy that answered", rate, &rates_table(course)))
            (chart(shown, "failed", "Failed requests of users", "All since the release, by the copy that answered", sum, &sums_table(course)))
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

fn chart(
    shown: &Shown<'_>,
    id: &str,
    title: &str,
    about: &str,
    dots: fn(&[Slice], Of) -> Vec<Dot>,
    table: &Markup,
) -> Markup {
    let course = &shown.page.story.course;
    let from = shown.span.0;
    let series = COPIES.map(|(name, ink, of)| {
        let dots = dots(course, of).into_iter().map(|dot| Dot { x: dot.x.max(from), ..dot });
        Series { name: name.into(), ink, form: Form::Steps, sign: None, dots: dots.collect() }
    });
    let most = series.iter().flat_map(|series| &series.dots).filter_map(|dot| dot.y).fold(0.0, f64::max);
    let chart = Chart {
        id: shown.id(id),
        title: title.into(),
        about: about.into(),
        size: (840, 200),
        x: shown.time(),
        y: Axis { scale: Scale::Number, from: 0.0, to: if most > 0.0 { 1.1 * most } else { 1.0 } },
        bands: weights::bands(shown),
        bounds: Vec::new(),
        series: series.into(),
        marks: Vec::new(),
    };
    figure(&chart, shown.level + 1, table)
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
