//! How traffic moved: the canary's share over time, over bands of phases.

use maud::{Markup, html};
use serin_core::Phase;

use super::{Shown, events};
use crate::{
    html::{
        chart::{Axis, Band, Chart, Dot, Form, Hint, Ink, Scale, Series, bare, figure},
        text::span,
    },
    row::Row,
    share::Of,
};

pub(super) fn traffic(shown: &Shown<'_>) -> Markup {
    let chart = Chart { marks: events::marks(shown), hints: hints(shown), ..chart(shown, 210) };
    figure(&chart, shown.level + 1, &table(shown))
}

/// Only the drawing, for a report of many stories.
pub(super) fn small(shown: &Shown<'_>) -> Markup {
    bare(&chart(shown, 72))
}

fn chart(shown: &Shown<'_>, height: u32) -> Chart {
    Chart {
        id: shown.id("traffic"),
        title: "The canary's share of traffic".into(),
        about: "Percentage over time, with the phases".into(),
        height,
        x: shown.time(),
        y: Axis { scale: Scale::Percent, from: 0.0, to: 100.0 },
        bands: bands(shown),
        bounds: Vec::new(),
        series: series(shown),
        marks: Vec::new(),
        hints: Vec::new(),
    }
}

/// Phase and share, from one change to the next.
fn hints(shown: &Shown<'_>) -> Vec<Hint> {
    let mut hints: Vec<Hint> = Vec::new();
    let changes = changes(shown);
    for (place, row) in changes.iter().enumerate() {
        let end = changes.get(place + 1).map_or(shown.span.1, |next| next.at.as_secs_f64());
        let (from, to) = (row.at.as_secs_f64().max(shown.span.0), end.max(shown.span.0));
        if to > from {
            let share = row.standing.share;
            let (percent, of, phase) = (share.percent(), kind(share.which()), row.standing.phase);
            let text = format!("{}: {percent}% of {of}, {phase}", Scale::Time.label(row.at.as_secs_f64()));
            hints.push(Hint { from, to, text });
        }
    }
    hints
}

/// The rows in which the phase or the share changes.
fn changes<'a>(shown: &Shown<'a>) -> Vec<&'a Row> {
    let mut before = None;
    let changes = shown.rows.iter().filter(|row| {
        let now = Some((row.standing.phase, row.standing.share));
        std::mem::replace(&mut before, now) != now
    });
    changes.collect()
}

/// The phases, from one change to the next.
pub(super) fn bands(shown: &Shown<'_>) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    let mut phase = None;
    for row in shown.rows {
        if phase == Some(row.standing.phase) {
            continue;
        }
        phase = Some(row.standing.phase);
        let at = row.at.as_secs_f64().max(shown.span.0);
        if let Some(last) = bands.last_mut() {
            last.to = at;
        }
        let (name, ink) = (row.standing.phase.name().into(), ink(row.standing.phase));
        bands.push(Band { from: at, to: shown.span.1, name, ink });
    }
    bands.retain(|band| band.to > band.from);
    bands
}

fn ink(phase: Phase) -> Ink {
    match phase {
        Phase::New | Phase::Initializing | Phase::Initialized | Phase::Terminating => Ink::Quiet,
        Phase::Waiting | Phase::WaitingPromotion => Ink::Waiting,
        Phase::Progressing => Ink::Progressing,
        Phase::Promoting | Phase::Finalising => Ink::Promoting,
        Phase::Succeeded => Ink::Good,
        Phase::Failed => Ink::Bad,
    }
}

fn series(shown: &Shown<'_>) -> Vec<Series> {
    let kinds = [
        (Of::Requests, "of all requests", Ink::Canary),
        (Of::Matched, "of matching requests", Ink::Line(3)),
        (Of::Copies, "copies of requests", Ink::Line(4)),
    ];
    let is_given = |row: &Row, of: Of| row.standing.share.which() == of && row.standing.share.percent() > 0;
    let has = |of: Of| shown.rows.iter().any(|row| is_given(row, of));
    // If the canary never had a share, a line at zero is drawn.
    let has_none = ![Of::Requests, Of::Matched, Of::Copies].into_iter().any(has);
    let has = |of: Of| has(of) || (has_none && of == Of::Requests);
    let kinds = kinds.into_iter().filter(|(of, _, _)| has(*of));
    kinds
        .map(|(of, name, ink)| Series {
            name: name.into(),
            ink,
            form: Form::Steps,
            sign: None,
            dots: dots(shown, of),
        })
        .collect()
}

fn dots(shown: &Shown<'_>, of: Of) -> Vec<Dot> {
    let value = |row: &Row| {
        let share = row.standing.share;
        (share.which() == of).then(|| f64::from(share.percent()))
    };
    let (from, to) = shown.span;
    let mut dots: Vec<Dot> = Vec::new();
    for row in shown.rows {
        let (x, y) = (row.at.as_secs_f64().max(from), value(row));
        // Values from before the beginning of the chart are used at its beginning.
        if dots.last().is_some_and(|last| last.x == x) {
            dots.pop();
        }
        dots.push(Dot { x, y, ..Dot::default() });
    }
    let last = dots.last().and_then(|dot| dot.y);
    dots.push(Dot { x: to, y: last, ..Dot::default() });
    dots
}

fn table(shown: &Shown<'_>) -> Markup {
    html! {
        table {
            thead { tr { th.n scope="col" { "Time" } th scope="col" { "Phase" } th.n scope="col" { "Canary" } th scope="col" { "of" } } }
            tbody {
                @for row in changes(shown) {
                    tr {
                        th.n scope="row" { (span(row.at)) }
                        td { (row.standing.phase.name()) }
                        td.n { data value=(row.standing.share.percent()) { (row.standing.share.percent()) "%" } }
                        td { (kind(row.standing.share.which())) }
                    }
                }
            }
        }
    }
}

pub(super) fn kind(of: Of) -> &'static str {
    match of {
        Of::Requests => "requests",
        Of::Matched => "matching requests",
        Of::Copies => "copies",
    }
}
