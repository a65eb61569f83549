//! What a part of a chart is drawn as: a class of the style sheet, which knows its colours in the light, in the dark and on
//! paper.

/// A class of the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Ink {
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
    /// This many lines of a kind look different.
    pub(in super::super) const LINES: usize = 6;

    pub(in super::super) fn class(self) -> &'static str {
        const LINES: [&str; Ink::LINES] = ["i-line0", "i-line1", "i-line2", "i-line3", "i-line4", "i-line5"];
        match self {
            Self::Canary => "i-canary",
            Self::CanaryTrue => "i-canary-true",
            Self::Primary => "i-primary",
            Self::Bound => "i-bound",
            Self::Good => "i-good",
            Self::Bad => "i-bad",
            Self::Waiting => "i-waiting",
            Self::Promoting => "i-promoting",
            Self::Progressing => "i-progressing",
            Self::Quiet => "i-quiet",
            Self::Line(line) => LINES[usize::from(line) % Self::LINES],
        }
    }
}
