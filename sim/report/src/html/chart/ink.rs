//! The class of a part of a chart. The style sheet defines its colours for light and dark screens and for paper.

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
    /// One of several lines of the same kind.
    Line(u8),
}

impl Ink {
    /// The number of lines of the same kind that look different.
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
