//! Two policies in the same worlds, run by run.
//!
//! Run `i` has the same seed under both policies, so each world is its own control: the interval of a difference is
//! narrower than the two intervals suggest, and two equal policies differ in nothing. All counts are whole numbers, so that
//! threads do not change a byte.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rayon::prelude::*;
use serin_core::Phase;
use serin_simulator::{
    drive,
    record::Outcome,
    scenario::{Scenario, seed_of},
};

use super::{Crossed, Means, judge};
use crate::sweep::{AT_ONCE, Tally};

/// Counts over runs that were made under both policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// The results under the old policy.
    pub old: Tally,
    /// The results under the new policy.
    pub new: Tally,
    /// Good releases that are rolled back.
    pub false_rollbacks: Crossed,
    /// Bad releases that are promoted.
    pub missed: Crossed,
    /// Seconds to the promotion, of releases that both promoted.
    pub to_promote: Means,
    /// Seconds to the rollback, of releases that both rolled back.
    pub to_roll_back: Means,
    /// Requests of users that the canary answered.
    pub canary: Means,
    /// The failed ones of these requests.
    pub canary_failed: Means,
}

impl Pairs {
    /// Runs both policies in `runs` worlds until `stop`, from the world of the old scenario's seed on. `done` gets the
    /// number of rollouts since its last call: two for each world.
    pub fn run(scenarios: [&Scenario; 2], runs: u64, stop: &AtomicBool, done: &(dyn Fn(u64) + Sync)) -> Self {
        let seed = scenarios[0].setting.seed;
        let judge = judge(scenarios);
        let is_over = || stop.load(Ordering::Relaxed);
        let parts = (0..runs.div_ceil(AT_ONCE)).into_par_iter();
        let counted = parts.map_init(
            || scenarios.map(drive::Runs::of),
            |policies, part| {
                let mut pairs = Self::default();
                for run in part * AT_ONCE..((part + 1) * AT_ONCE).min(runs) {
                    let [old, new] =
                        [0, 1].map(|policy| policies[policy].outcome(seed_of(seed, run), &is_over));
                    let (Some(mut old), Some(mut new)) = (old, new) else { break };
                    let good = [old.good, new.good][judge];
                    (old.good, new.good) = (good, good);
                    pairs.add(&old, &new);
                }
                done(2 * pairs.old.runs);
                pairs
            },
        );
        counted.reduce(Self::default, |pairs, other| pairs.and(&other))
    }

    fn add(&mut self, old: &Outcome, new: &Outcome) {
        self.old.add(old);
        self.new.add(new);
        let is = |outcome: &Outcome, phase| outcome.phase == phase && outcome.ended.is_some();
        match old.good {
            Some(true) => self.false_rollbacks.add(is(old, Phase::Failed), is(new, Phase::Failed)),
            Some(false) => self.missed.add(is(old, Phase::Succeeded), is(new, Phase::Succeeded)),
            None => {}
        }
        for (phase, times) in
            [(Phase::Succeeded, &mut self.to_promote), (Phase::Failed, &mut self.to_roll_back)]
        {
            if let (Some(old), Some(new)) = (took(old, phase), took(new, phase)) {
                times.add(old.as_secs(), new.as_secs());
            }
        }
        if let (Some(old), Some(new)) = (&old.users, &new.users) {
            self.canary.add(old.canary, new.canary);
            self.canary_failed.add(old.canary_failed, new.canary_failed);
        }
    }

    fn and(self, other: &Self) -> Self {
        Self {
            old: self.old.and(&other.old),
            new: self.new.and(&other.new),
            false_rollbacks: self.false_rollbacks.and(other.false_rollbacks),
            missed: self.missed.and(other.missed),
            to_promote: self.to_promote.and(other.to_promote),
            to_roll_back: self.to_roll_back.and(other.to_roll_back),
            canary: self.canary.and(other.canary),
            canary_failed: self.canary_failed.and(other.canary_failed),
        }
    }
}

/// The time from the release to its end, if it ended in that phase.
fn took(outcome: &Outcome, phase: Phase) -> Option<Duration> {
    Some(outcome.ended.filter(|_| outcome.phase == phase)?.saturating_sub(outcome.released))
}
