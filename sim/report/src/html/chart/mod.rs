//! One chart: its data, its figure in the page, and a table of the same numbers.

mod draw;
mod ink;
mod place;
mod sign;
mod ticks;

use maud::{Markup, html};

use super::page::heading;

pub(super) use self::{
    ink::Ink,
    sign::{Sign, definitions},
    ticks::Scale,
};

/// The data of a chart.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// Unique in the page: letters, digits and hyphens.
    pub(super) id: String,
    pub(super) title: String,
    /// Units, and how to read it.
    pub(super) about: String,
    /// In pixels, without labels; the width is that of the page.
    pub(super) height: u32,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) bands: Vec<Band>,
    pub(super) bounds: Vec<Bound>,
    pub(super) series: Vec<Series>,
    pub(super) marks: Vec<Mark>,
    pub(super) hints: Vec<Hint>,
}

/// The values from one end to the other.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) scale: Scale,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// A named span of the x axis.
#[derive(Clone, Debug)]
pub(super) struct Band {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) name: String,
    pub(super) ink: Ink,
}

/// A value that others are compared with.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) at: f64,
    pub(super) name: String,
}

/// A numbered place on the x axis.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) at: f64,
    pub(super) number: usize,
    pub(super) text: String,
}

/// The text that a pointer shows in a span of the x axis.
#[derive(Clone, Debug)]
pub(super) struct Hint {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) text: String,
}

/// Values of one kind.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) ink: Ink,
    pub(super) form: Form,
    /// The sign at each value, so that series can be distinguished without colours.
    pub(super) sign: Option<Sign>,
    pub(super) dots: Vec<Dot>,
}

/// How values are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Line,
    /// A value holds until the next.
    Steps,
    /// They are not joined.
    Dots,
}

/// A value, with its interval if it has one.
#[derive(Clone, Debug, Default)]
pub(super) struct Dot {
    pub(super) x: f64,
    /// `None`: the line is interrupted here.
    pub(super) y: Option<f64>,
    pub(super) ends: Option<(f64, f64)>,
    /// The label beside it.
    pub(super) label: String,
    /// The text that a pointer shows there.
    pub(super) text: String,
}

/// A chart in a page, with a heading of this level. `table` contains the same numbers.
pub(super) fn figure(chart: &Chart, level: u8, table: &Markup) -> Markup {
    let (title, desc) = (format!("{}-title", chart.id), format!("{}-desc", chart.id));
    html! {
        figure.chart id=(chart.id) {
            figcaption {
                (heading(level, &chart.title))
                p.quiet { (chart.about) }
                (legend(chart))
            }
            div.plot.marked[!chart.marks.is_empty()] {
                svg.drawing role="img" aria-labelledby={ (title) " " (desc) } width="100%" height=(chart.height) {
                    title id=(title) { (chart.title) }
                    desc id=(desc) { (described(chart)) }
                    (draw::drawing(chart))
                }
            }
            details.numbers {
                summary { "The numbers of this chart" }
                div.scroll tabindex="0" role="region" aria-label={ "Table: " (chart.title) } { (table) }
            }
        }
    }
}

/// Only the drawing of a chart, with a description for screen readers.
pub(super) fn bare(chart: &Chart) -> Markup {
    html! {
        div.plot {
            svg.drawing role="img" aria-label={ (chart.title) ". " (described(chart)) } width="100%" height=(chart.height) { (draw::drawing(chart)) }
        }
    }
}

/// A chart in sentences.
fn described(chart: &Chart) -> String {
    let mut text = format!("{}.", chart.about.trim_end_matches('.'));
    for series in &chart.series {
        let values: Vec<f64> = series.dots.iter().filter_map(|dot| dot.y).collect();
        let (Some(first), Some(last)) = (values.first(), values.last()) else { continue };
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let show = |value: f64| chart.y.scale.label((value * 100.0).round() / 100.0);
        text += &format!(
            " {}: begins at {}, ends at {}, between {} and {}.",
            series.name,
            show(*first),
            show(*last),
            show(least),
            show(most)
        );
    }
    for bound in &chart.bounds {
        text += &format!(" Bound: {}.", bound.name);
    }
    text
}

/// The whole drawing.
fn legend(chart: &Chart) -> Markup {
    let drawn = chart.series.iter().filter(|series| series.dots.iter().any(|dot| dot.y.is_some()));
    html! {
        ul.legend {
            @for series in drawn {
                li { (swatch(series.form, series.sign, series.ink)) " " (series.name) }
            }
            @if !chart.bounds.is_empty() {
                li { (swatch(Form::Line, None, Ink::Bound)) " bound" }
            }
            @for (ink, names) in shades(&chart.bands) {
                li { (shade(ink)) " " (names.join(", ")) }
            }
            @if !chart.marks.is_empty() {
                li { span.pill { (chart.marks[0].number) } " what happened, listed below" }
            }
        }
    }
}

/// The names of bands, by their style.
fn shades(bands: &[Band]) -> Vec<(Ink, Vec<&str>)> {
    let mut shades: Vec<(Ink, Vec<&str>)> = Vec::new();
    for band in bands {
        match shades.iter_mut().find(|(ink, _)| *ink == band.ink) {
            Some((_, names)) if names.contains(&band.name.as_str()) => {}
            Some((_, names)) => names.push(&band.name),
            None => shades.push((band.ink, vec![&band.name])),
        }
    }
    shades
}

fn swatch(form: Form, sign: Option<Sign>, ink: Ink) -> Markup {
    html! {
        svg.swatch aria-hidden="true" {
            @if form != Form::Dots { path class={ "line " (ink.class()) } d="M1 7H33" {} }
            @if let Some(sign) = sign { (sign.at(ink, (place::Percent(50.0), place::Percent(50.0)), "")) }
        }
    }
}

fn shade(ink: Ink) -> Markup {
    html! { svg.swatch.shade aria-hidden="true" { rect class={ "area " (ink.class()) } width="100%" height="100%" {} } }
}
