//! Every story in `scenarios/`, and the effect of stopping the controller in it.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

mod docs;
mod readme;
mod replays;
mod rules;
mod stops;

use std::path::{Path, PathBuf};

use serin_simulator::scenario::find;

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The scenario files below a folder of `scenarios/`, sorted.
fn stories(folder: &str) -> Vec<PathBuf> {
    find(&[root().join("scenarios").join(folder)]).unwrap()
}
