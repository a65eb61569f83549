//! The drawing of a chart. Plotters lays out axes, grid and lines; signs and marks are set where it says a value lies.

use std::{convert::Infallible, ops::Range};

use maud::{Markup, html};
use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged},
    drawing::{DrawingAreaErrorKind, IntoDrawingArea as _},
    element::{PathElement, Rectangle},
    prelude::{Cartesian2d, IntoTextStyle as _},
    style::{
        Color as _, IntoFont as _, ShapeStyle, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{
    Axis, Band, Chart, Form, Series, placed,
    svg::{FINE, Ink, Svg, units},
};

pub(super) type Drawn = Result<(), DrawingAreaErrorKind<Infallible>>;

type Context<'a, 'b> = ChartContext<'a, Svg<'b>, Cartesian2d<Ruler, Ruler>>;

/// An axis with its ticks, as plotters wants it.
struct Ruler {
    from: f64,
    to: f64,
    ticks: Vec<f64>,
}

impl Ruler {
    fn of(axis: &Axis, most: u32) -> Self {
        Self { from: axis.from, to: axis.to, ticks: axis.scale.ticks(axis.from, axis.to, most) }
    }
}

impl Ranged for Ruler {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (low, high): (i32, i32)) -> i32 {
        let share = (value - self.from) / (self.to - self.from);
        low + (share * f64::from(high - low)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, hint: H) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

/// Units of the drawing around the plot.
const LEFT: u32 = 62;
const BELOW: u32 = 30;
/// Above the plot, for the names of bands.
const ABOVE: u32 = 24;
const RIGHT: u32 = 18;
/// Above the plot, for numbered marks.
const MARKS: u32 = 26;
const TEXT: u32 = 13;

/// Writes the elements of a chart to `out`.
pub(super) fn draw(chart: &Chart, out: &mut String) -> Drawn {
    let (width, height) = chart.size;
    let mut over = String::new();
    {
        let root = Svg::new(width, height, out).into_drawing_area();
        let above = if chart.marks.is_empty() { ABOVE } else { ABOVE + MARKS };
        let x = Ruler::of(&chart.x, width / 90);
        let y = Ruler::of(&chart.y, (height / 48).max(2));
        let mut context = ChartBuilder::on(&root)
            .margin_top(fine(above))
            .margin_right(fine(RIGHT))
            .x_label_area_size(fine(BELOW))
            .y_label_area_size(fine(LEFT))
            .build_cartesian_2d(x, y)?;
        bands(chart, &mut context)?;
        grid(chart, &mut context)?;
        bounds(chart, &mut context)?;
        for series in &chart.series {
            join(series, &mut context)?;
        }
        names(chart, &context, &mut over);
        signs(chart, &context, &mut over);
        marks(chart, &context, &mut over);
        root.present()?;
    }
    out.push_str(&over);
    Ok(())
}

fn fine(units: u32) -> u32 {
    units * FINE.unsigned_abs()
}

fn pen(ink: Ink) -> ShapeStyle {
    ink.colour().stroke_width(1)
}

fn words(ink: Ink, across: HPos, along: VPos) -> TextStyle<'static> {
    ("sans-serif", fine(TEXT)).into_font().color(&ink.colour()).pos(Pos::new(across, along))
}

fn grid(chart: &Chart, context: &mut Context<'_, '_>) -> Drawn {
    context
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(Ink::Grid.colour().mix(0.0))
        .bold_line_style(Ink::Grid.colour())
        .axis_style(Ink::Grid.colour())
        .set_all_tick_mark_size(fine(6))
        .x_label_style(("sans-serif", fine(TEXT)).into_text_style(&(0, 0)).color(&Ink::Text.colour()))
        .y_label_style(("sans-serif", fine(TEXT)).into_text_style(&(0, 0)).color(&Ink::Text.colour()))
        .x_label_formatter(&|value| chart.x.scale.label(*value))
        .y_label_formatter(&|value| chart.y.scale.label(*value))
        .draw()
}

/// Bands, with their names where there is room for them.
fn bands(chart: &Chart, context: &mut Context<'_, '_>) -> Drawn {
    let (low, high) = (chart.y.from, chart.y.to);
    for band in &chart.bands {
        let area = Rectangle::new([(band.from, high), (band.to, low)], band.ink.colour().filled());
        context.draw_series([area])?;
        let (left, right) = (place(context, (band.from, high)), place(context, (band.to, high)));
        let is_last = band.to >= chart.x.to;
        let beyond = if is_last { f64::from(RIGHT) } else { 0.0 };
        if right.0 - left.0 + beyond > room(band) {
            let name = words(Ink::Text, HPos::Left, VPos::Bottom);
            let at = ((left.0 + 1.0) * f64::from(FINE), (left.1 - 6.0) * f64::from(FINE));
            let area = context.plotting_area().strip_coord_spec();
            let (dx, dy) = area.get_base_pixel();
            area.draw_text(&band.name, &name, (at.0 as i32 - dx, at.1 as i32 - dy))?;
        }
    }
    Ok(())
}

/// Units that the name of a band takes, with some around it.
fn room(band: &Band) -> f64 {
    7.0 * band.name.chars().count() as f64 + 6.0
}

fn bounds(chart: &Chart, context: &mut Context<'_, '_>) -> Drawn {
    let (from, to) = (chart.x.from, chart.x.to);
    for bound in &chart.bounds {
        context.draw_series([PathElement::new([(from, bound.at), (to, bound.at)], pen(Ink::Bound))])?;
    }
    Ok(())
}

/// The lines of a series.
fn join(series: &Series, context: &mut Context<'_, '_>) -> Drawn {
    let mut line: Vec<(f64, f64)> = Vec::new();
    let mut lines = Vec::new();
    for dot in &series.dots {
        match (dot.y, line.last().copied()) {
            (Some(y), Some((_, before))) if series.form == Form::Steps => {
                line.extend([(dot.x, before), (dot.x, y)]);
            }
            (Some(y), _) => line.push((dot.x, y)),
            (None, Some((_, before))) => {
                line.extend((series.form == Form::Steps).then_some((dot.x, before)));
                lines.push(std::mem::take(&mut line));
            }
            (None, None) => {}
        }
    }
    lines.push(line);
    if series.form != Form::Dots {
        for line in lines.into_iter().filter(|line| line.len() > 1) {
            context.draw_series([PathElement::new(line, pen(series.ink))])?;
        }
    }
    Ok(())
}

/// The names of bounds, at the end of their lines.
fn names(chart: &Chart, context: &Context<'_, '_>, over: &mut String) {
    for bound in &chart.bounds {
        let (x, y) = place(context, (chart.x.to, bound.at));
        let markup = html! {
            text class="text strong halo" x=(round(x - 4.0)) y=(round(y - 6.0)) text-anchor="end" { (bound.name) }
        };
        over.push_str(&markup.into_string());
    }
}

fn signs(chart: &Chart, context: &Context<'_, '_>, over: &mut String) {
    let mut labels = Vec::new();
    for series in &chart.series {
        let Some(sign) = series.sign else { continue };
        for dot in &series.dots {
            if let Some((low, high)) = dot.ends {
                let (low, high) = (place(context, (dot.x, low)), place(context, (dot.x, high)));
                over.push_str(&whisker(low, high.1, series.ink).into_string());
            }
            if let Some(y) = dot.y {
                let at = place(context, (dot.x, y));
                over.push_str(&placed(sign, series.ink, at, Some(&dot.text)).into_string());
                if !dot.label.is_empty() {
                    label(&dot.label, at, &mut labels, over);
                }
            }
        }
    }
}

/// A label beside a sign, where it covers no label that stands already.
fn label(text: &str, (x, y): (f64, f64), labels: &mut Vec<(f64, f64)>, over: &mut String) {
    let places = [(9.0, -7.0), (9.0, 16.0), (-17.0, -7.0), (-17.0, 16.0)].map(|(dx, dy)| (x + dx, y + dy));
    let is_free = |(x, y): &(f64, f64)| {
        labels.iter().all(|label| (label.0 - x).abs() > 15.0 || (label.1 - y).abs() > 13.0)
    };
    let (x, y) = places.into_iter().find(is_free).unwrap_or(places[0]);
    labels.push((x, y));
    over.push_str(&html! { text.text.strong x=(round(x)) y=(round(y)) { (text) } }.into_string());
}

/// An interval, with its ends.
fn whisker((x, low): (f64, f64), high: f64, ink: Ink) -> Markup {
    let cap = |y: f64| format!("M{},{y}h7", round(x - 3.5));
    html! { path class={ "line whisker " (ink.class()) } d={ (cap(low)) (cap(high)) "M" (x) "," (low) "V" (high) } {} }
}

/// Numbered marks above the plot; those that would cover each other are one.
fn marks(chart: &Chart, context: &Context<'_, '_>, over: &mut String) {
    const HALF: f64 = 10.0;
    let mut groups: Vec<(f64, f64, Vec<&super::Mark>)> = Vec::new();
    for mark in &chart.marks {
        let (x, top) = place(context, (mark.at, chart.y.to));
        match groups.last_mut() {
            Some((last, _, group)) if x - *last < 3.4 * HALF => group.push(mark),
            Some(_) | None => groups.push((x, top, vec![mark])),
        }
    }
    let bottom = place(context, (chart.x.from, chart.y.from)).1;
    for (x, top, group) in groups {
        let numbers = match group.as_slice() {
            [] => continue,
            [mark] => mark.number.to_string(),
            [first, .., last] => format!("{}–{}", first.number, last.number),
        };
        let text: Vec<&str> = group.iter().map(|mark| mark.text.as_str()).collect();
        let half = (3.9 * numbers.chars().count() as f64 + 4.0).max(HALF);
        let middle = top - f64::from(MARKS) / 2.0 - f64::from(ABOVE) + 6.0;
        let markup = html! {
            g.mark {
                title { (text.join("\n")) }
                line class="line i-quiet" x1=(x) y1=(middle + HALF) x2=(x) y2=(bottom) {}
                rect.pill x=(round(x - half)) y=(round(middle - HALF)) width=(round(2.0 * half)) height=(2.0 * HALF) rx=(HALF) {}
                text.text.on x=(x) y=(round(middle)) text-anchor="middle" dominant-baseline="central" { (numbers) }
            }
        };
        over.push_str(&markup.into_string());
    }
}

fn round(units: f64) -> f64 {
    (units * 10.0).round() / 10.0
}

/// Where a value lies, in units of the drawing.
fn place(context: &Context<'_, '_>, at: (f64, f64)) -> (f64, f64) {
    let (x, y) = context.backend_coord(&at);
    (units(x), units(y))
}
