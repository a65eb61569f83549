//! Signs at values, so that a chart can be read without colours. Each is defined once in a page and used by its id.

use maud::{Markup, html};

use super::{ink::Ink, place::Percent};

/// A sign at a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Sign {
    Disc,
    Ring,
    Square,
    Triangle,
    Diamond,
    Cross,
}

impl Sign {
    const ALL: [Self; 6] = [Self::Disc, Self::Square, Self::Triangle, Self::Diamond, Self::Ring, Self::Cross];

    /// One of several for lines of the same kind.
    pub(in super::super) fn of(line: usize) -> Self {
        Self::ALL[line % Self::ALL.len()]
    }

    fn id(self) -> &'static str {
        match self {
            Self::Disc => "sign-disc",
            Self::Ring => "sign-ring",
            Self::Square => "sign-square",
            Self::Triangle => "sign-triangle",
            Self::Diamond => "sign-diamond",
            Self::Cross => "sign-cross",
        }
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

    /// The sign at a place of a drawing; `text` is what a pointer shows there.
    pub(super) fn at(self, ink: Ink, (x, y): (Percent, Percent), text: &str) -> Markup {
        html! {
            use href={ "#" (self.id()) } class={ (self.class()) " " (ink.class()) } x=(x) y=(y) {
                @if !text.is_empty() { title { (text) } }
            }
        }
    }
}

/// The definitions of all signs, for the page that uses them.
pub(in super::super) fn definitions() -> Markup {
    html! {
        svg.definitions aria-hidden="true" {
            defs { @for sign in Sign::ALL { path id=(sign.id()) d=(sign.path()) {} } }
        }
    }
}
