//! What a change of policy does: two policies in the same worlds, and which of their differences are sure.
//!
//! The results are [computed](Results::computed) if possible, and otherwise [counted](Pairs::run): each world is run once
//! under each policy. Whether a release is good is decided once for both, by the bounds of the old policy, or by those of
//! the new one if the old one has none.

mod criterion;
mod difference;
mod pairs;
#[cfg(test)]
mod tests;

use serin_simulator::scenario::Scenario;

pub use self::{
    criterion::{Change, Compared, Criterion, Unit},
    difference::{Crossed, Difference, Means},
    pairs::Pairs,
};
use crate::{
    exact::{self, Exact, NotExact},
    outlook::Release,
    plan::Plan,
};

/// The results of both policies.
#[derive(Clone, Debug, PartialEq)]
pub enum Results {
    /// Computed: the old policy, then the new one.
    Computed(Box<[Exact; 2]>),
    /// Counted, world by world.
    Counted(Box<Pairs>),
}

impl Results {
    /// Computes both; `None` if `is_over` became true before the end.
    ///
    /// # Errors
    /// Why one of them cannot be computed.
    pub fn computed(
        scenarios: [&Scenario; 2],
        is_over: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Self>, NotExact> {
        let [old, new] = scenarios.map(|scenario| exact::of_until(scenario, is_over));
        let (Some(mut old), Some(mut new)) = (old?, new?) else { return Ok(None) };
        let good = [old.good, new.good][judge(scenarios)];
        (old.good, new.good) = (good, good);
        Ok(Some(Self::Computed(Box::new([old, new]))))
    }

    /// Every criterion that both results can judge, in order.
    #[must_use]
    pub fn compare(&self) -> Vec<Compared> {
        Criterion::ALL.into_iter().filter_map(|criterion| criterion.compare(self)).collect()
    }
}

/// The policy whose bounds decide whether a release is good: 0 is the old one.
fn judge([old, new]: [&Scenario; 2]) -> usize {
    let has_bounds = |scenario: &Scenario| {
        scenario.standard.iter().any(|metric| metric.bounds.min.is_some() || metric.bounds.max.is_some())
    };
    usize::from(!has_bounds(old) && has_bounds(new))
}

/// Two policies, side by side.
#[derive(Clone, Debug)]
pub struct Diff {
    /// `name.namespace` of the Canary.
    pub canary: String,
    /// The files: old and new.
    pub files: [String; 2],
    /// The plans of a release; `None` if it has too many checks to list.
    pub plans: [Option<Plan>; 2],
    /// The release of a Canary without a scenario.
    pub release: Option<Release>,
    /// The risk, or why it is not compared.
    pub risk: Result<Risk, String>,
    /// Assumptions, and what else to know about the comparison.
    pub notes: Vec<String>,
}

/// The results, and the worlds.
#[derive(Clone, Debug)]
pub struct Risk {
    /// The results.
    pub results: Results,
    /// The number of worlds that were requested. More than were run if the comparison was stopped.
    pub runs: u64,
    /// The seed of the first one.
    pub seed: u64,
}

impl Risk {
    /// The number of worlds that were run; `None` if the results are computed.
    #[must_use]
    pub fn made(&self) -> Option<u64> {
        match &self.results {
            Results::Computed(_) => None,
            Results::Counted(pairs) => Some(pairs.old.runs),
        }
    }
}
