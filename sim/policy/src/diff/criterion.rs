//! What two policies are compared by.

use std::fmt;

use super::{Difference, Pairs, Results};
use crate::exact::Exact;

/// A number of a policy. Less is better for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criterion {
    /// The share of good releases that are rolled back.
    FalseRollbacks,
    /// The share of bad releases that are promoted.
    Missed,
    /// The mean time from the release to the promotion.
    ToPromote,
    /// The mean time from the release to the rollback.
    ToRollBack,
    /// The mean number of requests of users that the canary answers, per release.
    CanaryRequests,
    /// The mean number of these requests that fail, per release.
    CanaryFailed,
}

/// The unit of a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share, 0 to 1.
    Share,
    /// Seconds.
    Seconds,
    /// Requests.
    Requests,
}

/// A criterion and its values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// The criterion.
    pub criterion: Criterion,
    /// Its value with the old policy, in its unit.
    pub old: f64,
    /// Its value with the new policy.
    pub new: f64,
    /// The difference.
    pub difference: Difference,
}

/// What the new policy changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is surely better.
    Better,
    /// It is surely worse.
    Worse,
    /// There is no difference, or chance alone can make it.
    NotSure,
}

impl Criterion {
    /// Every criterion.
    pub const ALL: [Self; 6] = [
        Self::FalseRollbacks,
        Self::Missed,
        Self::ToPromote,
        Self::ToRollBack,
        Self::CanaryRequests,
        Self::CanaryFailed,
    ];

    /// Its name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FalseRollbacks => "false-rollback",
            Self::Missed => "missed",
            Self::ToPromote => "to-promote",
            Self::ToRollBack => "to-roll-back",
            Self::CanaryRequests => "canary-requests",
            Self::CanaryFailed => "canary-failed",
        }
    }

    /// Its unit.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::FalseRollbacks | Self::Missed => Unit::Share,
            Self::ToPromote | Self::ToRollBack => Unit::Seconds,
            Self::CanaryRequests | Self::CanaryFailed => Unit::Requests,
        }
    }

    /// `None` if one of the results cannot judge it.
    pub(super) fn compare(self, results: &Results) -> Option<Compared> {
        let ([old, new], difference) = match results {
            Results::Computed(exact) => {
                let [old, new] = [self.computed(&exact[0])?, self.computed(&exact[1])?];
                ([old, new], Difference::computed(old, new))
            }
            Results::Counted(pairs) => self.counted(pairs)?,
        };
        Some(Compared { criterion: self, old, new, difference })
    }

    fn computed(self, exact: &Exact) -> Option<f64> {
        match self {
            Self::FalseRollbacks => exact.false_rollback(),
            Self::Missed => exact.missed_regression(),
            Self::ToPromote => exact.to_promote.mean(),
            Self::ToRollBack => exact.to_roll_back.mean(),
            Self::CanaryRequests => Some(exact.canary),
            Self::CanaryFailed => Some(exact.canary_failed),
        }
    }

    fn counted(self, pairs: &Pairs) -> Option<([f64; 2], Difference)> {
        let shares = match self {
            Self::FalseRollbacks => pairs.false_rollbacks,
            Self::Missed => pairs.missed,
            Self::ToPromote => return pairs.to_promote.means().zip(pairs.to_promote.difference()),
            Self::ToRollBack => return pairs.to_roll_back.means().zip(pairs.to_roll_back.difference()),
            Self::CanaryRequests => return pairs.canary.means().zip(pairs.canary.difference()),
            Self::CanaryFailed => return pairs.canary_failed.means().zip(pairs.canary_failed.difference()),
        };
        shares.shares().zip(shares.difference())
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FalseRollbacks => "false rollbacks",
            Self::Missed => "missed regressions",
            Self::ToPromote => "time to promote",
            Self::ToRollBack => "time to roll back",
            Self::CanaryRequests => "canary requests",
            Self::CanaryFailed => "failed canary requests",
        })
    }
}

impl Compared {
    /// What the new policy changes.
    #[must_use]
    pub fn change(&self) -> Change {
        match self.difference {
            difference if !difference.is_sure() => Change::NotSure,
            difference if difference.new_less_old > 0.0 => Change::Worse,
            _ => Change::Better,
        }
    }
}
