//! The drawing of a chart. It has no size of its own: coordinates are shares of its width and height, so that signs and
//! words have the same size on a phone and on a wide screen. Elements without room on a phone have the class `wide`,
//! and their replacements there `narrow`.

use maud::{Markup, html};

use super::{
    Axis, Band, Chart, Form, Mark, Scale,
    place::{GRID, Percent, path},
};

/// The minimum width of a chart in pixels: that of a phone, without the labels of the y axis.
const NARROW: f64 = 270.0;
/// The width from which on elements of class `wide` are shown (see the style sheet).
const WIDE: f64 = 580.0;
/// The width of a character of a label, roughly.
const CHARACTER: f64 = 7.0;

/// The elements of a chart, the lowest first.
pub(super) fn drawing(chart: &Chart) -> Markup {
    html! {
        (bands(chart))
        (grid(chart))
        (lines(chart))
        (bounds(chart))
        @for hint in &chart.hints {
            rect.hint x=(chart.x.across(hint.from)) width=(Percent(chart.x.across(hint.to).0 - chart.x.across(hint.from).0)) height="100%" {
                title { (hint.text) }
            }
        }
        (signs(chart))
        (marks(chart))
    }
}

/// Bands, with their names if there is room.
fn bands(chart: &Chart) -> Markup {
    let width = |band: &Band| chart.x.across(band.to).0 - chart.x.across(band.from).0;
    html! {
        @for band in &chart.bands {
            rect class={ "area " (band.ink.class()) } x=(chart.x.across(band.from)) width=(Percent(width(band))) height="100%" {}
        }
        @for band in &chart.bands {
            @let room = CHARACTER * band.name.chars().count() as f64 + 6.0;
            @if width(band) / 100.0 * NARROW > room {
                text.over x=(chart.x.across(band.from)) { (band.name) }
            } @else if width(band) / 100.0 * WIDE > room {
                text.over.wide x=(chart.x.across(band.from)) { (band.name) }
            }
        }
    }
}

fn grid(chart: &Chart) -> Markup {
    /// The number of lines on the height of a chart.
    const LINES: u32 = 5;
    /// The number of labels on the width of a phone.
    const LABELS: u32 = 5;
    html! {
        @for value in chart.y.scale.ticks(chart.y.from, chart.y.to, LINES) {
            @let y = chart.y.down(value);
            line.grid x2="100%" y1=(y) y2=(y) {}
            text.side y=(y) { (chart.y.scale.label(value)) }
        }
        @if let Scale::Names(names) = &chart.x.scale {
            (self::names(names, &chart.x))
        } @else {
            @for value in chart.x.scale.ticks(chart.x.from, chart.x.to, LABELS) {
                text.below x=(chart.x.across(value)) y="100%" { (chart.x.scale.label(value)) }
            }
        }
    }
}

/// The names on an axis; if there is no room for all, those that fit.
fn names(names: &[String], axis: &Axis) -> Markup {
    let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0) as f64;
    let every = |width: f64| {
        let each = width / names.len().max(1) as f64;
        ((CHARACTER * widest + 10.0) / each).ceil().max(1.0) as usize
    };
    let wide = every(WIDE);
    let narrow = every(NARROW).next_multiple_of(wide);
    html! {
        @for (place, name) in names.iter().enumerate().filter(|(place, _)| place % wide == 0) {
            text class=(if place % narrow == 0 { "below" } else { "below wide" }) x=(axis.across(place as f64)) y="100%" { (name) }
        }
    }
}

/// The lines of all series, and the intervals of their values.
fn lines(chart: &Chart) -> Markup {
    html! {
        svg viewBox={ "0 0 " (GRID) " " (GRID) } preserveAspectRatio="none" width="100%" height="100%" {
            @for series in chart.series.iter().filter(|series| series.form != Form::Dots) {
                @let path = path(series, &chart.x, &chart.y);
                @if !path.is_empty() { path class={ "line " (series.ink.class()) } d=(path) {} }
            }
        }
        @for series in &chart.series {
            @for dot in &series.dots {
                @if let Some((low, high)) = dot.ends {
                    @let x = chart.x.across(dot.x);
                    line class={ "whisker " (series.ink.class()) } x1=(x) x2=(x) y1=(chart.y.down(low)) y2=(chart.y.down(high)) {}
                }
            }
        }
    }
}

fn bounds(chart: &Chart) -> Markup {
    html! {
        @for bound in &chart.bounds {
            @let y = chart.y.down(bound.at);
            line.line.i-bound x2="100%" y1=(y) y2=(y) {}
            text.bound x="100%" y=(y) { (bound.name) }
        }
    }
}

fn signs(chart: &Chart) -> Markup {
    let mut labels = Vec::new();
    html! {
        @for series in &chart.series {
            @if let Some(sign) = series.sign {
                @for dot in &series.dots {
                    @if let Some(y) = dot.y {
                        @let at = (chart.x.across(dot.x), chart.y.down(y));
                        (sign.at(series.ink, at, &dot.text))
                        @if !dot.label.is_empty() { (label(&dot.label, at, chart.height, &mut labels)) }
                    }
                }
            }
        }
    }
}

/// A label beside a sign, unless it would cover another label on a phone; on a wider screen labels are further apart.
fn label(text: &str, at: (Percent, Percent), height: u32, labels: &mut Vec<(f64, f64)>) -> Markup {
    let (x, y) = (at.0.0 / 100.0 * NARROW, at.1.0 / 100.0 * f64::from(height));
    let places = [(9.0, -7.0), (9.0, 16.0), (-17.0, -7.0), (-17.0, 16.0)];
    let is_free = |(dx, dy): &(f64, f64)| {
        labels.iter().all(|label| (label.0 - x - dx).abs() > 15.0 || (label.1 - y - dy).abs() > 13.0)
    };
    let (dx, dy) = places.into_iter().find(is_free).unwrap_or(places[0]);
    labels.push((x + dx, y + dy));
    html! { text.label x=(at.0) y=(at.1) dx=(dx) dy=(dy) { (text) } }
}

/// Numbered marks above the plot; marks that would overlap are merged.
fn marks(chart: &Chart) -> Markup {
    let (narrow, wide) = (groups(chart, NARROW), groups(chart, WIDE));
    if narrow.len() == wide.len() {
        return html! { @for group in &narrow { (mark(chart, group, "mark")) } };
    }
    html! {
        @for group in &narrow { (mark(chart, group, "mark narrow")) }
        @for group in &wide { (mark(chart, group, "mark wide")) }
    }
}

/// Half the width of a mark with a number of one digit.
const HALF: f64 = 10.0;

fn groups(chart: &Chart, width: f64) -> Vec<Vec<&Mark>> {
    let mut groups: Vec<(f64, Vec<&Mark>)> = Vec::new();
    for mark in &chart.marks {
        let x = chart.x.across(mark.at).0 / 100.0 * width;
        match groups.last_mut() {
            Some((first, group)) if x - *first < 4.6 * HALF => group.push(mark),
            Some(_) | None => groups.push((x, vec![mark])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn mark(chart: &Chart, group: &[&Mark], class: &str) -> Markup {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return html! {} };
    let numbers = if group.len() == 1 {
        first.number.to_string()
    } else {
        format!("{}–{}", first.number, last.number)
    };
    let text: Vec<&str> = group.iter().map(|mark| mark.text.as_str()).collect();
    let half = (3.9 * numbers.chars().count() as f64 + 4.0).max(HALF);
    let x = chart.x.across(first.at);
    html! {
        g class=(class) {
            title { (text.join("\n")) }
            line x1=(x) x2=(x) y1="-18" y2="100%" {}
            rect x=(x) y="-38" width=(2.0 * half) height=(2.0 * HALF) rx=(HALF) transform={ "translate(-" (half) ")" } {}
            text x=(x) y="-28" { (numbers) }
        }
    }
}
