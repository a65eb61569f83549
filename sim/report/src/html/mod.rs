//! Reports as one HTML page that needs no network and no fonts. The only script, in a page of many stories, searches
//! them; the page can be read without it.
//!
//! Pure functions that return text; the same input gives the same bytes. `maud` escapes all text of a scenario.
//! Characters that could mislead a terminal or a reader are replaced once, when the page is assembled.

mod chart;
mod frontier;
mod page;
mod run;
mod sweep;
#[cfg(test)]
mod tests;
mod text;

pub(super) use self::text::percent;
pub use self::{
    frontier::frontier,
    run::{Run, replays},
    sweep::sweep,
};
