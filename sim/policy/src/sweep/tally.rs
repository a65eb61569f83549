//! The results of many runs: only whole numbers, so that the order in which runs are added does not matter.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serin_core::Phase;
use serin_simulator::{reason::Reasons, record::Outcome};

use super::interval::Share;

/// Counts over runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Runs.
    pub runs: u64,
    /// Runs that ended with the new revision promoted.
    pub promoted: u64,
    /// Runs that ended rolled back.
    pub rolled_back: u64,
    /// Runs of a good release.
    pub good: u64,
    /// Runs of a good release that ended rolled back.
    pub false_rollbacks: u64,
    /// Runs of a bad release.
    pub bad: u64,
    /// Runs of a bad release that ended promoted.
    pub missed: u64,
    /// Why they were rolled back. Files of older versions contain no reasons.
    #[serde(default)]
    pub reasons: Reasons,
    /// How long it took from the release to the promotion.
    pub to_promote: Times,
    /// How long it took from the release to the rollback.
    pub to_roll_back: Times,
    /// Requests of users since the release.
    pub requests: u64,
    /// The failed requests.
    pub failed: u64,
    /// The requests that the canary answered.
    pub canary: u64,
    /// The requests that the canary answered and that failed.
    pub canary_failed: u64,
}

/// A distribution of times, in whole seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times(BTreeMap<u64, u64>);

impl Times {
    fn add(&mut self, time: Duration) {
        *self.0.entry(time.as_secs()).or_default() += 1;
    }

    /// How often each time occurred, in whole seconds.
    #[must_use]
    pub fn at(&self, time: Duration) -> u64 {
        self.0.get(&time.as_secs()).copied().unwrap_or(0)
    }

    /// How many are not longer than this, in whole seconds.
    #[must_use]
    pub fn within(&self, time: Duration) -> u64 {
        self.0.range(..=time.as_secs()).map(|(_, count)| count).sum()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The time that this percentage of the times do not exceed; `None` if there are none.
    #[must_use]
    pub fn percentile(&self, percentile: u64) -> Option<Duration> {
        let rank = (self.count() * percentile).div_ceil(100).max(1);
        let mut below = 0;
        let found = self.0.iter().find(|(_, count)| {
            below += **count;
            below >= rank
        });
        found.map(|(seconds, _)| Duration::from_secs(*seconds))
    }
}

impl Tally {
    /// Adds a run.
    pub fn add(&mut self, run: &Outcome) {
        self.runs += 1;
        let took = run.ended.map(|ended| ended.saturating_sub(run.released));
        let (promoted, rolled_back) =
            (run.phase == Phase::Succeeded && took.is_some(), run.phase == Phase::Failed && took.is_some());
        self.promoted += u64::from(promoted);
        self.rolled_back += u64::from(rolled_back);
        match run.good {
            Some(true) => {
                self.good += 1;
                self.false_rollbacks += u64::from(rolled_back);
            }
            Some(false) => {
                self.bad += 1;
                self.missed += u64::from(promoted);
            }
            None => {}
        }
        if let Some(reason) = run.reason.as_ref().filter(|_| rolled_back) {
            self.reasons.add(reason, run.good == Some(true));
        }
        match took {
            Some(took) if promoted => self.to_promote.add(took),
            Some(took) if rolled_back => self.to_roll_back.add(took),
            Some(_) | None => {}
        }
        if let Some(users) = run.users {
            self.requests += users.requests;
            self.failed += users.failed;
            self.canary += users.canary;
            self.canary_failed += users.canary_failed;
        }
    }

    /// The maximum of a count: whole numbers up to here are exact in every format.
    pub const MOST: u64 = 1 << 53;

    /// Whether these can be the counts of a sweep: no part is larger than its whole, and sums do not overflow.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let within = |parts: &[u64], whole: u64| {
            parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(*part)).is_some_and(|sum| sum <= whole)
        };
        let all = |times: &Times| times.0.values().copied().collect::<Vec<_>>();
        within(&[self.promoted, self.rolled_back], self.runs)
            && within(&[self.good, self.bad], self.runs)
            && within(&[self.false_rollbacks], self.good)
            && within(&[self.missed], self.bad)
            && self.reasons.is_sound(self.rolled_back, self.false_rollbacks)
            && within(&all(&self.to_promote), self.promoted)
            && within(&all(&self.to_roll_back), self.rolled_back)
            && within(&[self.canary], self.requests)
            && within(&[self.failed], self.requests)
            && within(&[self.canary_failed], self.canary.min(self.failed))
            && self.runs.max(self.requests) <= Self::MOST
    }

    /// Adds the results of other runs.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.runs += other.runs;
        self.promoted += other.promoted;
        self.rolled_back += other.rolled_back;
        self.good += other.good;
        self.false_rollbacks += other.false_rollbacks;
        self.bad += other.bad;
        self.missed += other.missed;
        self.reasons.and(&other.reasons);
        for (times, others) in
            [(&mut self.to_promote, &other.to_promote), (&mut self.to_roll_back, &other.to_roll_back)]
        {
            for (seconds, count) in &others.0 {
                *times.0.entry(*seconds).or_default() += count;
            }
        }
        self.requests += other.requests;
        self.failed += other.failed;
        self.canary += other.canary;
        self.canary_failed += other.canary_failed;
        self
    }

    /// The chance that a good release is rolled back; `None` if there is no good release.
    #[must_use]
    pub fn false_rollback(&self) -> Option<Share> {
        Share::of(self.false_rollbacks, self.good)
    }

    /// The chance that a bad release is promoted; `None` if there is no bad release.
    #[must_use]
    pub fn missed_regression(&self) -> Option<Share> {
        Share::of(self.missed, self.bad)
    }

    /// The chance of a promotion.
    #[must_use]
    pub fn promotion(&self) -> Option<Share> {
        Share::of(self.promoted, self.runs)
    }

    /// The chance of a rollback.
    #[must_use]
    pub fn rollback(&self) -> Option<Share> {
        Share::of(self.rolled_back, self.runs)
    }
}

#[cfg(test)]
mod tests {
    use serin_simulator::{reason::Reason, record::Users};

    use super::*;

    fn run(phase: Phase, good: bool, seconds: u64) -> Outcome {
        let users = Users { requests: 100, failed: 3, canary: 10, canary_failed: 2 };
        Outcome {
            phase,
            released: Duration::from_secs(60),
            ended: Some(Duration::from_secs(60 + seconds)),
            reason: (phase == Phase::Failed).then(Reason::primary_not_ready),
            good: Some(good),
            promoted: None,
            users: Some(users),
        }
    }

    #[test]
    fn runs_are_counted_by_quality_and_verdict() {
        let mut tally = Tally::default();
        tally.add(&run(Phase::Succeeded, true, 600));
        tally.add(&run(Phase::Failed, true, 300));
        tally.add(&run(Phase::Succeeded, false, 660));
        tally.add(&Outcome { ended: None, ..run(Phase::Progressing, false, 0) });
        assert_eq!((tally.runs, tally.promoted, tally.rolled_back), (4, 2, 1));
        assert_eq!((tally.good, tally.false_rollbacks, tally.bad, tally.missed), (2, 1, 2, 1));
        assert_eq!((tally.requests, tally.failed, tally.canary, tally.canary_failed), (400, 12, 40, 8));
        assert_eq!(tally.to_promote.percentile(50), Some(Duration::from_secs(600)));
        assert_eq!(tally.to_promote.percentile(90), Some(Duration::from_secs(660)));
        assert_eq!(tally.to_roll_back.count(), 1);
        let reasons = tally.reasons.total();
        assert_eq!((reasons.all, reasons.good), (1, 1));
    }

    #[test]
    fn the_order_of_parts_does_not_matter() {
        let tally = |runs: &[Outcome]| {
            let mut tally = Tally::default();
            runs.iter().for_each(|run| tally.add(run));
            tally
        };
        let (a, b) = (run(Phase::Succeeded, true, 600), run(Phase::Failed, false, 300));
        let both = tally(&[a.clone(), b.clone()]);
        assert_eq!(tally(std::slice::from_ref(&a)).and(&tally(std::slice::from_ref(&b))), both);
        assert_eq!(tally(&[b]).and(&tally(&[a])), both);
    }
}
