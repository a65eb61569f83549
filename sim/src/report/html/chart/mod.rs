//! One chart: what it shows as plain data, and its figure in the page, with a table of the same numbers.

mod draw;
mod svg;
mod ticks;

use maud::{Markup, PreEscaped, html};

use super::page::heading;

pub(super) use self::{svg::Ink, ticks::Scale};

/// What a chart shows.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// Unique in the page: letters, digits and hyphens.
    pub(super) id: String,
    pub(super) title: String,
    /// Units, and how to read it.
    pub(super) about: String,
    pub(super) size: (u32, u32),
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) bands: Vec<Band>,
    pub(super) bounds: Vec<Bound>,
    pub(super) series: Vec<Series>,
    pub(super) marks: Vec<Mark>,
}

/// The values from one end to the other.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) scale: Scale,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// A span of the x axis that has a name.
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

/// Values of one kind.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) ink: Ink,
    pub(super) form: Form,
    /// The sign that stands for it without colour.
    pub(super) sign: Option<Sign>,
    pub(super) dots: Vec<Dot>,
}

/// How values are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Line,
    /// A value holds until the next.
    Steps,
    /// Not at all.
    Dots,
}

/// A sign at a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Disc,
    Ring,
    Square,
    Triangle,
    Diamond,
    Cross,
}

impl Sign {
    const ALL: [Self; 6] = [Self::Disc, Self::Square, Self::Triangle, Self::Diamond, Self::Ring, Self::Cross];

    /// One of several for lines of a kind.
    pub(super) fn of(line: usize) -> Self {
        Self::ALL[line % Self::ALL.len()]
    }

    /// Its outline around the origin.
    fn path(self) -> &'static str {
        match self {
            Self::Disc | Self::Ring => "M-4,0a4,4 0 1 0 8,0a4,4 0 1 0 -8,0z",
            Self::Square => "M-3.6,-3.6h7.2v7.2h-7.2z",
            Self::Triangle => "M0,-4.6l4.4,8h-8.8z",
            Self::Diamond => "M0,-5l4.6,5l-4.6,5l-4.6,-5z",
            Self::Cross => "M-4,-4l8,8M4,-4l-8,8",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Disc | Self::Square | Self::Triangle | Self::Diamond => "sign",
            Self::Ring => "sign hollow",
            Self::Cross => "sign cross",
        }
    }
}

/// A value, with its interval where it has one.
#[derive(Clone, Debug, Default)]
pub(super) struct Dot {
    pub(super) x: f64,
    /// `None`: the line is broken here.
    pub(super) y: Option<f64>,
    pub(super) ends: Option<(f64, f64)>,
    /// What stands beside it.
    pub(super) label: String,
    /// What a pointer shows there.
    pub(super) text: String,
}

/// A chart in a page, with a heading of this level. `table` holds the same numbers.
pub(super) fn figure(chart: &Chart, level: u8, table: &Markup) -> Markup {
    let (title, desc) = (format!("{}-title", chart.id), format!("{}-desc", chart.id));
    let mut drawn = String::new();
    let (width, height) = chart.size;
    let ended = draw::draw(chart, &mut drawn);
    html! {
        figure.chart id=(chart.id) {
            figcaption {
                (heading(level, &chart.title))
                p.quiet { (chart.about) }
                (legend(chart))
            }
            @if let Err(error) = ended {
                p { "This chart cannot be drawn: " (error) }
            } @else {
                div.scroll tabindex="0" role="region" aria-label={ "Chart: " (chart.title) } {
                    svg.drawing role="img" aria-labelledby={ (title) " " (desc) } viewBox={ "0 0 " (width) " " (height) } {
                        title id=(title) { (chart.title) }
                        desc id=(desc) { (described(chart)) }
                        (PreEscaped(drawn))
                    }
                }
            }
            details.numbers {
                summary { "The numbers of this chart" }
                div.scroll tabindex="0" role="region" aria-label={ "Table: " (chart.title) } { (table) }
            }
        }
    }
}

/// What a chart shows, in sentences.
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

fn legend(chart: &Chart) -> Markup {
    html! {
        @if !chart.series.is_empty() {
            ul.legend {
                @for series in &chart.series {
                    li { (swatch(series.form, series.sign, series.ink)) " " (series.name) }
                }
                @if !chart.bounds.is_empty() {
                    li { (swatch(Form::Line, None, Ink::Bound)) " bound" }
                }
            }
        }
    }
}

fn swatch(form: Form, sign: Option<Sign>, ink: Ink) -> Markup {
    html! {
        svg.swatch viewBox="0 0 34 14" aria-hidden="true" {
            @if form != Form::Dots {
                polyline class={ "line " (ink.class()) } points="1,7 33,7" {}
            }
            @if let Some(sign) = sign { (placed(sign, ink, (17.0, 7.0), None)) }
        }
    }
}

/// A sign at a place.
fn placed(sign: Sign, ink: Ink, (x, y): (f64, f64), text: Option<&str>) -> Markup {
    html! {
        path class={ (sign.class()) " " (ink.class()) } transform={ "translate(" (x) " " (y) ")" } d=(sign.path()) {
            @if let Some(text) = text { title { (text) } }
        }
    }
}
