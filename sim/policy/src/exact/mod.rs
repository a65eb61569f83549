//! Computes what a sweep estimates: the chance and the time of each verdict, and the requests of users.
//!
//! In a world with exact numbers, the results of checks are the only random events. So the possible courses of a
//! rollout are a Markov chain. Its states are what the core saves when checks pass or fail (see [`walk`]); its
//! transitions have the chance that the counters of a window make the check pass (see [`window`]). Each window passes
//! the counters on to the next, as far as small counters affect a rate. Prometheus can scrape at any time within its
//! interval; the result is the average over these times.

mod average;
mod carried;
mod check;
mod counts;
mod errors;
mod latency;
mod passing;
mod phases;
mod refuse;
mod successes;
#[cfg(test)]
mod tests;
mod ties;
mod walk;
mod window;

use std::{collections::BTreeMap, time::Duration};

pub use self::refuse::NotExact;
use serin_simulator::{
    reason::{Reason, ReasonKind},
    scenario::Scenario,
    world::Expected,
};

/// The operating characteristics of a policy in one world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exact {
    /// The chance that the release is promoted, 0 to 1.
    pub promoted: f64,
    /// The chance that it is rolled back, 0 to 1.
    pub rolled_back: f64,
    /// The chances of the reasons, which add up to it.
    pub causes: Causes,
    /// Whether it stays within the bounds of all metrics in the long run; `None` if that is not known.
    pub good: Option<bool>,
    /// The time from the release to the promotion.
    pub to_promote: Spread,
    /// The time from the release to the rollback.
    pub to_roll_back: Spread,
    /// The average number of requests of users since the release; the numbers below are averages too.
    pub requests: f64,
    /// The failed requests.
    pub failed: f64,
    /// The requests that the canary answers.
    pub canary: f64,
    /// The failed requests that the canary answers.
    pub canary_failed: f64,
}

/// What causes rollbacks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Causes {
    /// The chance that a metric causes it. With several metrics it is not known which one.
    pub metrics: f64,
    /// The names of the metrics.
    pub names: Vec<String>,
    /// The chances of all other causes.
    pub other: BTreeMap<Reason, f64>,
}

/// Times and their chances; the chances add up to that of the verdict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread(BTreeMap<Duration, f64>);

/// Computes what a sweep of this scenario estimates; nothing is drawn, so its seed does not matter.
///
/// # Errors
/// Why it can only be estimated.
pub fn of(scenario: &Scenario) -> Result<Exact, NotExact> {
    with_nodes(scenario, phases::NODES)
}

/// As [`of`]; `None` if `is_over` became true before the end.
///
/// # Errors
/// Why it can only be estimated.
pub fn of_until(scenario: &Scenario, is_over: &(dyn Fn() -> bool + Sync)) -> Result<Option<Exact>, NotExact> {
    let check = check::Check::of(scenario)?;
    let exact = walk::walk(scenario, &check, phases::NODES, is_over)?;
    Ok(Some(exact).filter(|_| !is_over()))
}

/// As [`of`], with about this number of scrape times.
fn with_nodes(scenario: &Scenario, nodes: usize) -> Result<Exact, NotExact> {
    let check = check::Check::of(scenario)?;
    walk::walk(scenario, &check, nodes, &|| false)
}

impl Exact {
    /// The chance that a good release is rolled back; `None` for one that is not good.
    #[must_use]
    pub fn false_rollback(&self) -> Option<f64> {
        (self.good == Some(true)).then_some(self.rolled_back)
    }

    /// The chance that a bad release is promoted; `None` for one that is not bad.
    #[must_use]
    pub fn missed_regression(&self) -> Option<f64> {
        (self.good == Some(false)).then_some(self.promoted)
    }

    fn users(&mut self, users: &Expected) {
        (self.requests, self.failed) = (users.requests, users.failed);
        (self.canary, self.canary_failed) = (users.canary, users.canary_failed);
    }
}

impl Causes {
    fn add(&mut self, reason: Option<&Reason>, chance: f64) {
        let Some(reason) = reason else { return };
        match reason.kind {
            // The metric that the core names depends only on the script.
            ReasonKind::BelowBound
            | ReasonKind::AboveBound
            | ReasonKind::NoValue
            | ReasonKind::MetricError => self.metrics += chance,
            ReasonKind::Hook
            | ReasonKind::RollbackHook
            | ReasonKind::CanaryDeadline
            | ReasonKind::PrimaryDeadline
            | ReasonKind::GateDeadline
            | ReasonKind::NotJudged
            | ReasonKind::ThresholdLowered
            | ReasonKind::Request
            | ReasonKind::Reverted => *self.other.entry(reason.clone()).or_default() += chance,
        }
    }
}

impl Spread {
    fn add(&mut self, time: Duration, chance: f64) {
        *self.0.entry(time).or_default() += chance;
    }

    /// Each time with its chance, the shortest first.
    pub fn iter(&self) -> impl Iterator<Item = (Duration, f64)> {
        self.0.iter().map(|(time, chance)| (*time, *chance))
    }

    /// The mean, in seconds; `None` if there are no times.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let all: f64 = self.0.values().sum();
        let sum: f64 = self.0.iter().map(|(time, chance)| time.as_secs_f64() * chance).sum();
        (all > 0.0).then(|| sum / all)
    }

    /// The time that this percentage of the times do not exceed; `None` if there are none.
    #[must_use]
    pub fn percentile(&self, percentile: u32) -> Option<Duration> {
        let wanted = self.0.values().sum::<f64>() * f64::from(percentile) / 100.0;
        let mut below = 0.0;
        let found = self.0.iter().find(|(_, chance)| {
            below += **chance;
            // Sums of chances have rounding errors.
            below >= wanted * (1.0 - 1e-9)
        });
        found.map(|(time, _)| *time)
    }
}
