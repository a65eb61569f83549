//! The numbers of a release: computed, or counted in simulated rollouts.

use std::{sync::atomic::AtomicBool, time::Duration};

use serin_simulator::scenario::Scenario;

use crate::{
    exact::{self, Exact},
    sweep::{Shard, Share, Sweep, Tally},
};

/// How often a release has each outcome.
#[derive(Clone, Debug, PartialEq)]
pub enum Figures {
    /// Computed.
    Computed(Exact),
    /// Counted.
    Simulated(Tally),
}

/// The limits of a simulation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Rollouts.
    pub(super) runs: u64,
    /// The total number of their checks.
    pub(super) checks: u64,
}

impl Effort {
    /// Fewer rollouts are not enough for a result.
    const FEWEST: u64 = 100;

    /// The number of rollouts with this number of checks that it allows; `None`: too few for a result.
    fn runs(self, checks: u64) -> Option<u64> {
        Some((self.checks / checks.max(1)).min(self.runs)).filter(|runs| *runs >= Self::FEWEST)
    }
}

/// When a simulation of a release that needs this number of checks ends: a rollout that takes this much longer than
/// necessary counts as held for ever. `None`: too long for a timestamp.
pub(super) fn longest(story: &Scenario, checks: u32) -> Option<Duration> {
    const LONGER: u32 = 4;
    let policy = story.canary.policy();
    let checks = u32::try_from(most_checks(story, checks)).ok()?;
    let needed = policy.interval.checked_mul(checks)?.checked_add(policy.delay)?;
    Some(needed.checked_mul(LONGER)?.min(story.until))
}

/// The checks of a release that is promoted with the most failed ones.
fn most_checks(story: &Scenario, checks: u32) -> u64 {
    u64::from(checks) + u64::from(story.canary.policy().threshold)
}

impl Figures {
    /// The figures of a scenario with one release that needs this number of checks; simulated if they cannot be
    /// computed. `None` if the simulation would exceed the limits.
    pub(super) fn of(story: &Scenario, checks: Option<u32>, effort: Effort) -> Option<Self> {
        if let Ok(exact) = exact::of(story) {
            return Some(Self::Computed(exact));
        }
        let runs = effort.runs(most_checks(story, checks?))?;
        Some(simulate(&Scenario { until: longest(story, checks?)?, ..story.clone() }, runs))
    }

    /// The chance of a promotion, 0 to 1.
    #[must_use]
    pub fn promoted(&self) -> f64 {
        match self {
            Self::Computed(exact) => exact.promoted,
            Self::Simulated(tally) => share(tally.promoted, tally.runs),
        }
    }

    /// The chance of a rollback, 0 to 1.
    #[must_use]
    pub fn rolled_back(&self) -> f64 {
        match self {
            Self::Computed(exact) => exact.rolled_back,
            Self::Simulated(tally) => share(tally.rolled_back, tally.runs),
        }
    }

    /// Whether the release stays within the bounds of all metrics in the long run; also true if that is not known.
    #[must_use]
    pub fn is_good(&self) -> bool {
        match self {
            Self::Computed(exact) => exact.good != Some(false),
            Self::Simulated(tally) => tally.bad == 0,
        }
    }

    /// The chance of the wrong verdict.
    #[must_use]
    pub fn wrong(&self) -> f64 {
        if self.is_good() { self.rolled_back() } else { self.promoted() }
    }

    /// The median time from the release to the promotion; `None` if there is none.
    #[must_use]
    pub fn half_promoted(&self) -> Option<Duration> {
        match self {
            Self::Computed(exact) => exact.to_promote.percentile(50),
            Self::Simulated(tally) => tally.to_promote.percentile(50),
        }
    }

    /// The median time from the release to the rollback; `None` if there is none.
    #[must_use]
    pub fn half_rolled_back(&self) -> Option<Duration> {
        match self {
            Self::Computed(exact) => exact.to_roll_back.percentile(50),
            Self::Simulated(tally) => tally.to_roll_back.percentile(50),
        }
    }

    /// The number of rollouts and the 95 % interval of the chance of the wrong verdict; `None` if it is computed.
    #[must_use]
    pub fn simulated(&self) -> Option<(u64, Share)> {
        match self {
            Self::Computed(_) => None,
            Self::Simulated(tally) => {
                let wrong = if self.is_good() { tally.rolled_back } else { tally.promoted };
                Share::of(wrong, tally.runs).map(|share| (tally.runs, share))
            }
        }
    }
}

fn share(count: u64, runs: u64) -> f64 {
    Share::of(count, runs).map_or(0.0, |share| share.share)
}

/// The figures of this many simulated rollouts.
pub(super) fn simulate(story: &Scenario, runs: u64) -> Figures {
    let seed = story.setting.seed;
    let sweep =
        Sweep { points: vec![Vec::new()], scenarios: vec![story.clone()], runs, seed, shard: Shard::WHOLE };
    let points = sweep.run(&AtomicBool::new(false), &|_| {});
    Figures::Simulated(points.into_iter().next().map(|point| point.tally).unwrap_or_default())
}
