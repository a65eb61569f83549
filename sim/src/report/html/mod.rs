//! Reports as one HTML page that needs nothing else: no network, no script, no font.
//!
//! Pure functions from what happened to text; the same input gives the same bytes. `maud` escapes whatever comes from a
//! scenario; what a terminal or a reader could be misled by is replaced once, when the page is put together.

mod chart;
mod frontier;
mod page;
mod run;
mod sweep;
#[cfg(test)]
mod tests;
mod text;

pub use self::{
    frontier::frontier,
    run::{Place, Run, replays},
    sweep::sweep,
};
