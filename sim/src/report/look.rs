//! How text looks: its width, the signs it may use, and its colours.

use anstyle::{AnsiColor, Style};

/// The width of what is not written to a terminal, so that it is the same everywhere.
pub const WIDTH: usize = 100;

/// What the reader's screen can show.
///
/// Styles are always part of the text; a writer that strips them (`anstream`) decides about colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns.
    pub(super) width: usize,
    /// Signs.
    pub(super) signs: &'static Signs,
}

impl Look {
    /// A look of `width` columns, with signs of ASCII only or of all Unicode.
    #[must_use]
    pub const fn new(width: usize, ascii: bool) -> Self {
        Self { width, signs: if ascii { &ASCII } else { &UNICODE } }
    }
}

/// Every sign that is not a letter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) passed: &'static str,
    pub(super) failed: &'static str,
    pub(super) leads_to: &'static str,
    pub(super) and: &'static str,
    pub(super) at_least: &'static str,
    pub(super) at_most: &'static str,
    pub(super) happened: &'static str,
    pub(super) broke: &'static str,
    pub(super) likewise: &'static str,
    pub(super) nothing: &'static str,
    /// A part of all requests.
    pub(super) full: &'static str,
    /// A part of the requests that match.
    pub(super) matched: &'static str,
    /// A part of the requests, copied.
    pub(super) mirrored: &'static str,
    /// A part that stays on the primary.
    pub(super) empty: &'static str,
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

pub(super) const PLAIN: Style = Style::new();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default();
pub(super) const CANARY: Style = AnsiColor::Yellow.on_default();
pub(super) const WORLD: Style = AnsiColor::Cyan.on_default().bold();
