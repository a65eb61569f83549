//! Where plotters draws to: SVG whose colours, dashes and fonts are classes of the style sheet, so that one drawing is read
//! in the light, in the dark and on paper.

use std::convert::Infallible;

use maud::html;
use plotters::style::RGBColor;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    text_anchor::{HPos, VPos},
};
use std::fmt::Write as _;

/// What something is drawn as: a class of the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Ink {
    Grid,
    Text,
    Canary,
    CanaryTrue,
    Primary,
    Bound,
    Good,
    Bad,
    Waiting,
    Promoting,
    Progressing,
    Quiet,
    /// One of several lines of a kind.
    Line(u8),
}

impl Ink {
    /// So many lines of a kind look different.
    pub(in super::super) const LINES: usize = 6;

    /// Every class, by the number that plotters hands through as a colour.
    const CLASSES: [&str; 12 + Self::LINES] = [
        "i-grid",
        "i-text",
        "i-canary",
        "i-canary-true",
        "i-primary",
        "i-bound",
        "i-good",
        "i-bad",
        "i-waiting",
        "i-promoting",
        "i-progressing",
        "i-quiet",
        "i-line0",
        "i-line1",
        "i-line2",
        "i-line3",
        "i-line4",
        "i-line5",
    ];

    fn number(self) -> u8 {
        match self {
            Self::Grid => 0,
            Self::Text => 1,
            Self::Canary => 2,
            Self::CanaryTrue => 3,
            Self::Primary => 4,
            Self::Bound => 5,
            Self::Good => 6,
            Self::Bad => 7,
            Self::Waiting => 8,
            Self::Promoting => 9,
            Self::Progressing => 10,
            Self::Quiet => 11,
            Self::Line(line) => 12 + line % Self::LINES as u8,
        }
    }

    pub(in super::super) fn class(self) -> &'static str {
        Self::CLASSES[usize::from(self.number())]
    }

    pub(super) fn colour(self) -> RGBColor {
        RGBColor(0, 0, self.number())
    }

    fn class_of(colour: BackendColor) -> &'static str {
        Self::CLASSES.get(usize::from(colour.rgb.2)).copied().unwrap_or("i-text")
    }
}

/// Plotters reckons in whole pixels; ten of them are a unit of the drawing.
pub(super) const FINE: i32 = 10;

/// The elements of a drawing, as text.
pub(super) struct Svg<'a> {
    size: (u32, u32),
    out: &'a mut String,
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl<'a> Svg<'a> {
    /// A drawing of so many units, written to `out`.
    pub(super) fn new(width: u32, height: u32, out: &'a mut String) -> Self {
        Self { size: (width * FINE.unsigned_abs(), height * FINE.unsigned_abs()), out }
    }

    fn shape(&mut self, points: impl IntoIterator<Item = BackendCoord>, name: &str, kind: &str, ink: &str) {
        let mut list = String::new();
        for (x, y) in points {
            let gap = if list.is_empty() { "" } else { " " };
            // Writing to a `String` never fails.
            let _ = write!(list, "{gap}{},{}", units(x), units(y));
        }
        let _ = write!(self.out, "<{name} class=\"{kind} {ink}\" points=\"{list}\"/>");
    }
}

/// Fine pixels as units of the drawing, with one decimal at most.
pub(super) fn units(pixels: i32) -> f64 {
    f64::from(pixels) / f64::from(FINE)
}

impl DrawingBackend for Svg<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Drawn {
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.shape(path, "polyline", "line", Ink::class_of(style.color()));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vertices: I,
        style: &S,
    ) -> Drawn {
        self.shape(vertices, "polygon", "area", Ink::class_of(style.color()));
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        let kind = if fill { "area" } else { "line" };
        self.shape(corners, "polygon", kind, Ink::class_of(style.color()));
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, (x, y): BackendCoord) -> Drawn {
        let anchor = style.anchor();
        let across = match anchor.h_pos {
            HPos::Left => "start",
            HPos::Right => "end",
            HPos::Center => "middle",
        };
        let along = match anchor.v_pos {
            VPos::Top => "hanging",
            VPos::Center => "central",
            VPos::Bottom => "auto",
        };
        let markup = html! {
            text class={ "text " (Ink::class_of(style.color())) } x=(units(x)) y=(units(y))
                text-anchor=(across) dominant-baseline=(along) { (text) }
        };
        self.out.push_str(&markup.into_string());
        Ok(())
    }
}
