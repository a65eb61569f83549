//! Runs one world after the other, on all cores, and finds the first that breaks something.

use rayon::prelude::*;

use super::{Broken, Search, Watch, broken_in};
use crate::scenario::Scenario;

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searched {
    /// Worlds in which nothing breaks, or which were run beside the one that does.
    pub cases: u64,
    /// The number of the first world that breaks something, and what.
    pub found: Option<(u64, Broken)>,
    /// It was stopped before all cases were run.
    pub stopped: bool,
}

/// So many worlds are run before anybody can stop the search: the answer does not depend on the number of cores.
const AT_ONCE: u64 = 32;

/// Looks for the smallest number of a world in which something breaks.
///
/// A scenario in which nothing is drawn has one world.
#[must_use]
pub fn search(scenario: &Scenario, search: Search, watch: &dyn Watch) -> Searched {
    let cases = if scenario.setting.simulated.is_some() { search.cases } else { search.cases.min(1) };
    let mut done = 0;
    while done < cases {
        if watch.stops() {
            return Searched { cases: done, found: None, stopped: true };
        }
        let next = done.saturating_add(AT_ONCE).min(cases);
        let found = (done..next).into_par_iter().find_map_first(|case| {
            let broken = broken_in(scenario, search.seed.wrapping_add(case));
            watch.ran(1);
            broken.map(|broken| (case, broken))
        });
        if let Some((case, broken)) = found {
            return Searched { cases: case + 1, found: Some((case, broken)), stopped: false };
        }
        done = next;
    }
    Searched { cases, found: None, stopped: false }
}
