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
    pub(crate) width: usize,
    /// Signs.
    pub(crate) signs: &'static Signs,
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
pub(crate) struct Signs {
    pub(crate) passed: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) leads_to: &'static str,
    pub(crate) and: &'static str,
    pub(crate) at_least: &'static str,
    pub(crate) at_most: &'static str,
    pub(crate) happened: &'static str,
    pub(crate) broke: &'static str,
    pub(crate) likewise: &'static str,
    pub(crate) nothing: &'static str,
    /// A part of all requests.
    pub(crate) full: &'static str,
    /// A part of the requests that match.
    pub(crate) matched: &'static str,
    /// A part of the requests, copied.
    pub(crate) mirrored: &'static str,
    /// A part that stays on the primary.
    pub(crate) empty: &'static str,
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

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const STRONG: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
pub(crate) const CANARY: Style = AnsiColor::Yellow.on_default();
pub(crate) const WORLD: Style = AnsiColor::Cyan.on_default().bold();
