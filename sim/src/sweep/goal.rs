//! `--goal missed<=5%`: what a policy is wanted to keep to.

use std::{fmt, time::Duration};

use serin_core::time::{Human, parse_duration};

use super::{Share, Tally};

/// Something measured, and how large it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// The chance that a good release is rolled back, 0 to 1.
    FalseRollback(f64),
    /// The chance that a bad release is promoted, 0 to 1.
    Missed(f64),
    /// The time in which half of the promotions are made.
    ToPromote(Duration),
    /// The time in which half of the rollbacks are made.
    ToRollBack(Duration),
}

/// Whether a goal is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Met {
    /// It is not, as far as can be told.
    No,
    /// It seems to be, and more runs could show otherwise.
    Perhaps,
    /// It is.
    Yes,
}

impl Goal {
    /// Reads `false-rollback<=1%`, `missed<=5%`, `to-promote<=30m` or `to-roll-back<=5m`.
    ///
    /// # Errors
    /// What is wrong with it.
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
            Self::ToPromote(most) => time(tally.to_promote.percentile(50), most),
            Self::ToRollBack(most) => time(tally.to_roll_back.percentile(50), most),
        }
    }

    /// Whether no number of further runs can be expected to meet it.
    #[must_use]
    pub fn is_out_of_reach(self, tally: &Tally) -> bool {
        let above = |share: Option<Share>, most: f64| share.is_some_and(|share| share.low > most);
        match self {
            Self::FalseRollback(most) => above(tally.false_rollback(), most),
            Self::Missed(most) => above(tally.missed_regression(), most),
            Self::ToPromote(_) | Self::ToRollBack(_) => self.is_met(tally) == Met::No,
        }
    }
}

fn share(share: Option<Share>, most: f64) -> Met {
    match share {
        Some(share) if share.high <= most => Met::Yes,
        Some(share) if share.share <= most => Met::Perhaps,
        Some(_) | None => Met::No,
    }
}

fn time(half: Option<Duration>, most: Duration) -> Met {
    if half.is_some_and(|half| half <= most) { Met::Yes } else { Met::No }
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
    fn a_goal_is_met_surely_perhaps_or_not() {
        let tally = |missed, bad| Tally { missed, bad, ..Tally::default() };
        let goal = Goal::Missed(0.05);
        assert_eq!(goal.is_met(&tally(0, 1000)), Met::Yes);
        assert_eq!(goal.is_met(&tally(4, 100)), Met::Perhaps);
        assert_eq!(goal.is_met(&tally(6, 100)), Met::No);
        assert_eq!(goal.is_met(&tally(0, 0)), Met::No);
        assert!(goal.is_out_of_reach(&tally(500, 1000)) && !goal.is_out_of_reach(&tally(6, 100)));
    }
}
