//! Shares that can equal their bound exactly, such as 99 of 100: rounding in the arithmetic of Prometheus decides, and
//! depends on the time of its scrapes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serin_simulator::world::{rate_of, scrapes, share_of};

use super::check::Rated;

/// The windows of a check by scrape time: the first sample, the last sample and the number of samples.
pub(super) struct Ties {
    at: f64,
    range: f64,
    edges: Vec<(f64, f64, u32)>,
    known: Mutex<BTreeMap<(usize, u64, u64), f64>>,
}

/// The number of scrape times that are tried.
const TRIED: u32 = 97;
/// Counters so large that where they began does not reduce a rate, and small enough to be exact.
const LARGE: f64 = 1e9;

impl Ties {
    pub(super) fn of(at: f64, range: f64, scrape: f64) -> Self {
        let edges = (0..TRIED).filter_map(|tried| {
            let phase = (f64::from(tried) + 0.37) / f64::from(TRIED) * scrape;
            let times = scrapes(scrape, phase, (at - range).max(0.0), at);
            Some((*times.first()?, *times.last()?, times.len() as u32))
        });
        Self { at, range, edges: edges.collect(), known: Mutex::default() }
    }

    /// How often this number of successful and of failed requests meets the bounds of the metric with this index.
    pub(super) fn passes(&self, place: usize, rated: &Rated, succeeding: u64, failing: u64) -> f64 {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known.entry((place, succeeding, failing)).or_insert_with(|| {
            let passes = self.edges.iter().filter(|(first, last, samples)| {
                let rate = |increase: u64| {
                    let ends = ((*first, LARGE), (*last, LARGE + increase as f64));
                    rate_of(ends.0, ends.1, *samples, (self.at, self.range))
                };
                let share = share_of(rated.measure, [rate(succeeding), rate(failing)]);
                share.is_some_and(|share| rated.bounds.hold(share))
            });
            passes.count() as f64 / self.edges.len().max(1) as f64
        })
    }
}
