//! `--goal missed<=5%`: a limit that a policy has to meet.

use std::{fmt, time::Duration};

use serin_core::time::{Human, parse_duration};

use super::{Share, Tally, Times};

/// A measure and its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// The chance that a good release is rolled back, 0 to 1.
    FalseRollback(f64),
    /// The chance that a bad release is promoted, 0 to 1.
    Missed(f64),
    /// The median time to the promotion.
    ToPromote(Duration),
    /// The median time to the rollback.
    ToRollBack(Duration),
}

/// Whether a goal is met, as far as the runs decide it with 95 % intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Met {
    /// It is missed: the whole interval is above the limit, or there is nothing to judge.
    No,
    /// It is undecided: the limit is inside the interval. More runs make the interval smaller.
    Perhaps,
    /// It is met: the whole interval is below the limit.
    Yes,
}

impl Goal {
    /// Reads `false-rollback<=1%`, `missed<=5%`, `to-promote<=30m` or `to-roll-back<=5m`.
    ///
    /// # Errors
    /// Why it is invalid.
    pub fn parse(text: &str) -> Result<Self, String> {
        const KNOWN: &str = "false-rollback<=1%, missed<=5%, to-promote<=30m, to-roll-back<=5m";
        let wrong = || format!("`{text}` is not a valid goal; examples: {KNOWN}");
        let (name, bound) = text.split_once("<=").ok_or_else(wrong)?;
        let share = || {
            let percentage =
                bound.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
            percentage
                .filter(|percentage| (0.0..=100.0).contains(percentage))
                .map(|p| p / 100.0)
                .ok_or_else(wrong)
        };
        let time = || parse_duration(bound.trim()).map_err(|_| wrong());
        match name.trim() {
            "false-rollback" => share().map(Self::FalseRollback),
            "missed" => share().map(Self::Missed),
            "to-promote" => time().map(Self::ToPromote),
            "to-roll-back" => time().map(Self::ToRollBack),
            _ => Err(wrong()),
        }
    }

    /// Whether it is met by what was counted. Where nothing was counted that it is about, it is not.
    #[must_use]
    pub fn is_met(self, tally: &Tally) -> Met {
        match self {
            Self::FalseRollback(most) => share(tally.false_rollback(), most),
            Self::Missed(most) => share(tally.missed_regression(), most),
            Self::ToPromote(most) => time(&tally.to_promote, most),
            Self::ToRollBack(most) => time(&tally.to_roll_back, most),
        }
    }

    /// Whether all of these are met.
    #[must_use]
    pub fn all_met(goals: &[Self], tally: &Tally) -> Met {
        goals.iter().map(|goal| goal.is_met(tally)).min().unwrap_or(Met::Yes)
    }

    /// Whether no number of further runs can be expected to meet it.
    #[must_use]
    pub fn is_out_of_reach(self, tally: &Tally) -> bool {
        let is_counted = match self {
            Self::FalseRollback(_) => tally.good > 0,
            Self::Missed(_) => tally.bad > 0,
            Self::ToPromote(_) | Self::ToRollBack(_) => true,
        };
        is_counted && self.is_met(tally) == Met::No
    }
}

fn share(share: Option<Share>, most: f64) -> Met {
    match share {
        Some(share) if share.high <= most => Met::Yes,
        Some(share) if share.low <= most => Met::Perhaps,
        Some(_) | None => Met::No,
    }
}

/// Whether half of the times are within the goal: by the interval of the share of those that are.
fn time(times: &Times, most: Duration) -> Met {
    match Share::of(times.within(most), times.count()) {
        Some(share) if share.low >= 0.5 => Met::Yes,
        Some(share) if share.high >= 0.5 => Met::Perhaps,
        Some(_) | None => Met::No,
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| (share * 1e10).round() / 1e8;
        match self {
            Self::FalseRollback(most) => write!(f, "false-rollback<={}%", percent(*most)),
            Self::Missed(most) => write!(f, "missed<={}%", percent(*most)),
            Self::ToPromote(most) => write!(f, "to-promote<={}", Human(*most)),
            Self::ToRollBack(most) => write!(f, "to-roll-back<={}", Human(*most)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_read_and_written() {
        for text in ["false-rollback<=1%", "missed<=0.5%", "to-promote<=30m", "to-roll-back<=5m"] {
            assert_eq!(Goal::parse(text).unwrap().to_string(), text);
        }
        for wrong in ["missed<5%", "misses<=5%", "missed<=5", "missed<=101%", "to-promote<=1%"] {
            assert!(Goal::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_goal_is_met_undecided_or_missed() {
        let tally = |missed, bad| Tally { missed, bad, ..Tally::default() };
        let goal = Goal::Missed(0.05);
        assert_eq!(goal.is_met(&tally(0, 1000)), Met::Yes);
        assert_eq!(goal.is_met(&tally(4, 100)), Met::Perhaps);
        assert_eq!(goal.is_met(&tally(6, 100)), Met::Perhaps);
        assert_eq!(goal.is_met(&tally(12, 100)), Met::No);
        assert_eq!(goal.is_met(&tally(0, 0)), Met::No);
        assert!(goal.is_out_of_reach(&tally(500, 1000)) && !goal.is_out_of_reach(&tally(6, 100)));
        assert!(!goal.is_out_of_reach(&tally(0, 0)));
    }

    #[test]
    fn a_median_is_decided_by_how_many_times_are_within_the_goal() {
        let tally =
            |times: &str| Tally { to_promote: serde_json::from_str(times).unwrap(), ..Tally::default() };
        let goal = Goal::ToPromote(Duration::from_secs(60));
        assert_eq!(goal.is_met(&tally(r#"{"60": 90, "61": 10}"#)), Met::Yes);
        assert_eq!(goal.is_met(&tally(r#"{"60": 50, "61": 50}"#)), Met::Perhaps);
        assert_eq!(goal.is_met(&tally(r#"{"60": 10, "61": 90}"#)), Met::No);
        assert_eq!(goal.is_met(&tally("{}")), Met::No);
    }
}
