//! The simulator's prediction for the same release.

use std::{ops::RangeInclusive, path::Path};

use serin_simulator::{
    drive,
    scenario::{self, Scenario},
};

/// How many worlds are simulated.
const WORLDS: u64 = 200;

/// How many requests of users fail, from the release on: the minimum and the maximum over all worlds with this many
/// requests per second.
pub(crate) fn failed(text: &str, rps: f64) -> RangeInclusive<u64> {
    let scenario = parse(&text.replace("{rps: 200}", &format!("{{rps: {rps:.1}}}")));
    let failed = (0..WORLDS).map(|seed| drive::run_seed(&scenario, seed).users.unwrap().failed);
    let failed: Vec<u64> = failed.collect();
    *failed.iter().min().unwrap()..=*failed.iter().max().unwrap()
}

/// The scenario of that text.
pub(crate) fn parse(text: &str) -> Scenario {
    scenario::parse(text, Path::new("traffic.yaml")).unwrap_or_else(|error| panic!("{error}"))
}
