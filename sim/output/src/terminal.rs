//! The look of text: its width, signs and colours.

use anstyle::{AnsiColor, Style};

/// The width of output that does not go to a terminal, so that it is the same everywhere.
pub const WIDTH: usize = 100;

/// What the terminal can show.
///
/// Styles are always part of the text; a writer that removes them (`anstream`) decides about colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Columns.
    pub width: usize,
    /// Signs.
    pub signs: &'static Signs,
}

impl Terminal {
    /// A terminal of `width` columns, with signs of ASCII only or of all Unicode.
    #[must_use]
    pub const fn new(width: usize, ascii: bool) -> Self {
        Self { width, signs: if ascii { &ASCII } else { &UNICODE } }
    }

    /// Whether only ASCII signs may be used.
    #[must_use]
    pub fn is_ascii(self) -> bool {
        self.signs.full.is_ascii()
    }
}

/// All signs that are not letters.
#[derive(Debug, PartialEq, Eq)]
pub struct Signs {
    /// A check that passed.
    pub passed: &'static str,
    /// A check that failed.
    pub failed: &'static str,
    /// What follows from the text before.
    pub leads_to: &'static str,
    /// Between two texts of a line.
    pub and: &'static str,
    /// At least.
    pub at_least: &'static str,
    /// At most.
    pub at_most: &'static str,
    /// An event of the world.
    pub happened: &'static str,
    /// The place where something broke.
    pub broke: &'static str,
    /// The same as in the line above.
    pub likewise: &'static str,
    /// No value.
    pub nothing: &'static str,
    /// A part of all requests.
    pub full: &'static str,
    /// A part of the requests that match.
    pub matched: &'static str,
    /// A part of the requests, copied.
    pub mirrored: &'static str,
    /// A part that stays on the primary.
    pub empty: &'static str,
}

static UNICODE: Signs = Signs {
    passed: "✓",
    failed: "✗",
    leads_to: "→",
    and: "·",
    at_least: "≥",
    at_most: "≤",
    happened: "▶",
    broke: "✗",
    likewise: "┊",
    nothing: "–",
    full: "█",
    matched: "▓",
    mirrored: "▒",
    empty: "░",
};

static ASCII: Signs = Signs {
    passed: "ok",
    failed: "FAIL",
    leads_to: "->",
    and: "+",
    at_least: ">=",
    at_most: "<=",
    happened: ">",
    broke: "!",
    likewise: ":",
    nothing: "-",
    full: "#",
    matched: "=",
    mirrored: "~",
    empty: ".",
};

/// Text without a style.
pub const PLAIN: Style = Style::new();
/// What to read first.
pub const STRONG: Style = Style::new().bold();
/// What to read last.
pub const FAINT: Style = Style::new().dimmed();
/// What went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What went wrong.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What may go wrong.
pub const WARNING: Style = AnsiColor::Yellow.on_default();
/// The canary's part.
pub const CANARY: Style = AnsiColor::Yellow.on_default();
/// What the world does.
pub const WORLD: Style = AnsiColor::Cyan.on_default().bold();
