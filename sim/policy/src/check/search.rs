//! Runs one world after another, on all cores, and finds the first that breaks something.

use rayon::prelude::*;
use serin_simulator::scenario::{self, Scenario};

use super::{Broken, Fired, Looked, Search, Watch, looked_at};

/// The result of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// The number of worlds that were run to their end, counted from the first.
    pub cases: u64,
    /// The number of the first world that breaks something, and what it breaks.
    pub found: Option<(u64, Broken)>,
    /// The number of the first world that breaks a property marked with `mayBreak`, and what it breaks, if nothing else
    /// breaks.
    pub known: Option<(u64, Broken)>,
    /// The properties that no world could judge, by their index in the scenario. Empty if something breaks.
    pub unjudged: Vec<usize>,
    /// What the worlds reached, up to the first one that breaks something.
    pub fired: Fired,
    /// The search was stopped before all cases were run.
    pub stopped: bool,
}

/// Worlds that are run in one batch. The size is fixed, so that the result does not depend on the number of cores.
const AT_ONCE: u64 = 32;

/// Finds the smallest number of a world that breaks something.
///
/// A scenario with nothing random has one world.
#[must_use]
pub fn search(scenario: &Scenario, search: Search, watch: &dyn Watch) -> Searched {
    let cases = if scenario.setting.simulated.is_some() { search.cases } else { search.cases.min(1) };
    let mut searched = Searched::default();
    let mut judged = vec![false; scenario.properties.len()];
    while searched.cases < cases && !searched.stopped {
        let next = searched.cases.saturating_add(AT_ONCE).min(cases);
        let worlds = (searched.cases..next).into_par_iter().map(|case| {
            let looked = looked_at(scenario, scenario::seed_of(search.seed, case), watch);
            watch.ran(u64::from(looked.is_some()));
            looked
        });
        for looked in worlds.collect::<Vec<Option<Looked>>>() {
            let Some(looked) = looked else {
                searched.stopped = true;
                break;
            };
            let case = searched.cases;
            searched.cases += 1;
            searched.fired.add(&looked.fired);
            if let Some(broken) = looked.broken {
                return Searched { found: Some((case, broken)), known: None, ..searched };
            }
            searched.known = searched.known.or_else(|| looked.known.map(|broken| (case, broken)));
            judged.iter_mut().zip(looked.judged).for_each(|(judged, here)| *judged |= here);
        }
    }
    searched.unjudged = (0..judged.len()).filter(|i| !judged[*i]).collect();
    searched
}
