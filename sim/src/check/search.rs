//! Runs one world after the other, on all cores, and finds the first that breaks something.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::{Broken, Search, Watch, known_in, looked_at};
use crate::scenario::Scenario;

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searched {
    /// Worlds in which nothing breaks, or which were run beside the one that does.
    pub cases: u64,
    /// The number of the first world that breaks something, and what.
    pub found: Option<(u64, Broken)>,
    /// The number of the first world that breaks a property which is marked with `mayBreak`, and what, where nothing else
    /// breaks.
    pub known: Option<(u64, Broken)>,
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
    let world = |case: u64| search.seed.wrapping_add(case);
    let first_known = AtomicU64::new(u64::MAX);
    let known = || {
        let case = first_known.load(Ordering::Relaxed);
        (case < u64::MAX).then(|| known_in(scenario, world(case)).map(|broken| (case, broken))).flatten()
    };
    let mut done = 0;
    while done < cases {
        if watch.stops() {
            return Searched { cases: done, found: None, known: known(), stopped: true };
        }
        let next = done.saturating_add(AT_ONCE).min(cases);
        let found = (done..next).into_par_iter().find_map_first(|case| {
            let looked = looked_at(scenario, world(case));
            watch.ran(1);
            if looked.breaks_known {
                first_known.fetch_min(case, Ordering::Relaxed);
            }
            looked.broken.map(|broken| (case, broken))
        });
        if let Some((case, broken)) = found {
            return Searched { cases: case + 1, found: Some((case, broken)), known: None, stopped: false };
        }
        done = next;
    }
    Searched { cases, found: None, known: known(), stopped: false }
}
