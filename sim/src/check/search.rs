//! Runs one world after the other, on all cores, and finds the first that breaks something.

use rayon::prelude::*;

use super::{Broken, Looked, Search, Watch, looked_at};
use crate::scenario::Scenario;

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searched {
    /// Worlds that were run to their end, from the first one on.
    pub cases: u64,
    /// The number of the first world that breaks something, and what.
    pub found: Option<(u64, Broken)>,
    /// The number of the first world that breaks a property which is marked with `mayBreak`, and what, where nothing else
    /// breaks.
    pub known: Option<(u64, Broken)>,
    /// The properties that no world gave anything to judge, by their index in the scenario. Empty where something breaks.
    pub unjudged: Vec<usize>,
    /// It was stopped before all cases were run.
    pub stopped: bool,
}

/// Worlds that are run before the next ones begin: the answer does not depend on the number of cores.
const AT_ONCE: u64 = 32;

/// Looks for the smallest number of a world in which something breaks.
///
/// A scenario in which nothing is drawn has one world.
#[must_use]
pub fn search(scenario: &Scenario, search: Search, watch: &dyn Watch) -> Searched {
    let cases = if scenario.setting.simulated.is_some() { search.cases } else { search.cases.min(1) };
    let mut searched = Searched { cases: 0, found: None, known: None, unjudged: Vec::new(), stopped: false };
    let mut judged = vec![false; scenario.properties.len()];
    while searched.cases < cases && !searched.stopped {
        let next = searched.cases.saturating_add(AT_ONCE).min(cases);
        let worlds = (searched.cases..next).into_par_iter().map(|case| {
            let looked = looked_at(scenario, search.seed.wrapping_add(case), watch);
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
