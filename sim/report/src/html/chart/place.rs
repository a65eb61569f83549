//! Coordinates in a drawing. Drawings are as wide as the page allows, so coordinates are shares of width and height.

use std::fmt::{self, Write as _};

use super::{Axis, Form, Series};

/// A share of the width or the height, with at most two decimals.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) struct Percent(pub(super) f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", (self.0 * 100.0).round() / 100.0)
    }
}

impl Axis {
    /// From left to right, 0 to 1.
    fn share(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }

    /// From left to right.
    pub(super) fn across(&self, value: f64) -> Percent {
        Percent(100.0 * self.share(value))
    }

    /// From the top down.
    pub(super) fn down(&self, value: f64) -> Percent {
        Percent(100.0 - 100.0 * self.share(value))
    }
}

/// Width and height of the coordinate system of lines, which is stretched over the drawing.
pub(super) const GRID: f64 = 1000.0;

/// The lines of a series as the `d` of a path; empty if the values are not joined.
pub(super) fn path(series: &Series, x: &Axis, y: &Axis) -> String {
    let mut path = String::new();
    if series.form == Form::Dots {
        return path;
    }
    // Whole coordinates of the line; `None` where it is interrupted.
    let mut pen: Option<(i64, i64)> = None;
    for dot in &series.dots {
        let right = (GRID * x.share(dot.x)).round() as i64;
        let Some(value) = dot.y else {
            if let Some((left, _)) =
                pen.take().filter(|(left, _)| *left != right && series.form == Form::Steps)
            {
                debug_assert!(left < right, "dots are in order");
                let _ = write!(path, "H{right}");
            }
            continue;
        };
        let down = (GRID - GRID * y.share(value)).round() as i64;
        // Writing to a `String` never fails.
        let _ = match (pen, series.form) {
            (None, _) => write!(path, "M{right} {down}"),
            (Some(_), Form::Line | Form::Dots) => write!(path, "L{right} {down}"),
            (Some((left, level)), Form::Steps) => {
                if left != right {
                    let _ = write!(path, "H{right}");
                }
                if level == down { Ok(()) } else { write!(path, "V{down}") }
            }
        };
        pen = Some((right, down));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::html::chart::{Dot, Ink, Scale};

    fn drawn(form: Form, values: &[(f64, Option<f64>)]) -> String {
        let dots = values.iter().map(|(x, y)| Dot { x: *x, y: *y, ..Dot::default() }).collect();
        let series = Series { name: String::new(), ink: Ink::Canary, form, sign: None, dots };
        let axis = |scale, to| Axis { scale, from: 0.0, to };
        path(&series, &axis(Scale::Time, 10.0), &axis(Scale::Percent, 100.0))
    }

    #[test]
    fn a_value_holds_until_the_next() {
        let values = [(0.0, Some(0.0)), (4.0, Some(50.0)), (6.0, Some(50.0)), (10.0, Some(100.0))];
        assert_eq!(drawn(Form::Steps, &values), "M0 1000H400V500H600H1000V0");
        assert_eq!(drawn(Form::Line, &values), "M0 1000L400 500L600 500L1000 0");
        assert_eq!(drawn(Form::Dots, &values), "");
    }

    #[test]
    fn a_line_is_broken_where_there_is_no_value() {
        let values = [(0.0, Some(0.0)), (4.0, None), (6.0, Some(50.0)), (8.0, Some(50.0))];
        assert_eq!(drawn(Form::Steps, &values), "M0 1000H400M600 500H800");
        assert_eq!(drawn(Form::Line, &values), "M0 1000M600 500L800 500");
    }
}
