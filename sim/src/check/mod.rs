//! Searches the worlds a scenario may mean for one in which something breaks that must always hold: a property, an
//! invariant, or what a checker verifies; and makes what it found small.

mod search;
mod shrink;

use std::time::Duration;

pub use self::search::{Searched, search};
pub use self::shrink::{MOST_RUNS, Shrunk, Tree, shrink};
use crate::{
    drive,
    expect::{self, Judged, Verdict},
    scenario::Scenario,
};

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// At most so many worlds.
    pub cases: u64,
    /// The seed of the first; each that follows has the next.
    pub seed: u64,
}

/// Somebody who looks on while a search goes on.
pub trait Watch: Sync {
    /// So many more cases were run.
    fn ran(&self, cases: u64);
    /// So many smaller worlds were tried, of at most `most`.
    fn shrinks(&self, tried: u64, most: u64);
    /// The search is to stop after what is under way.
    fn stops(&self) -> bool;
}

/// Nobody looks on.
impl Watch for () {
    fn ran(&self, _: u64) {}
    fn shrinks(&self, _: u64, _: u64) {}
    fn stops(&self) -> bool {
        false
    }
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The property as a line, or the name of the invariant or checker.
    pub claim: String,
    /// What was seen instead.
    pub actual: String,
    /// The index of the moment it broke in, where one shows it.
    pub moment: Option<usize>,
    /// The virtual time of that moment.
    pub at: Option<Duration>,
}

/// The first thing that does not hold in the world of a seed.
#[must_use]
pub fn broken_in(scenario: &Scenario, seed: u64) -> Option<Broken> {
    let story = drive::run_seed(scenario, seed);
    let at = |moment: usize| story.moments.get(moment).map(|moment| moment.at);
    let mut all = all_broken(&expect::judge_properties(scenario, &story)).into_iter();
    all.next().map(|broken| Broken { at: broken.moment.and_then(at), ..broken })
}

/// Everything that does not hold: properties, then invariants and what the checkers found.
fn all_broken(verdict: &Verdict) -> Vec<Broken> {
    let properties = verdict.outcomes.iter().filter_map(|outcome| match &outcome.judged {
        Judged::Held => None,
        Judged::Failed { expected, actual, broke_at, at } => {
            Some(Broken { claim: expected.clone(), actual: actual.clone(), moment: *broke_at, at: *at })
        }
    });
    let violations = verdict.violations.iter().map(|(moment, what)| {
        let (claim, actual) = what.split_once(": ").unwrap_or(("the story", what));
        Broken { claim: claim.into(), actual: actual.into(), moment: Some(*moment), at: None }
    });
    properties.chain(violations).collect()
}
