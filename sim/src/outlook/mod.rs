//! What becomes of a release of a Canary at some traffic: how often it is promoted or rolled back, and what would make
//! the wrong verdict rarer.
//!
//! It is [computed](crate::exact) where that can be done, and [simulated](crate::sweep) where not, always in the same
//! worlds. What the manifest does not say is assumed, and the [`Answer`] says what.

mod case;
mod figures;
mod load_test;
mod reach;
mod remedies;
#[cfg(test)]
mod tests;
mod words;

use serde_json::Value;
use serin_core::spec::Defaults;

use self::{case::Case, figures::Effort};
pub use self::{figures::Figures, load_test::LoadTest, reach::Reach, remedies::Remedy};
use crate::input::InputError;

/// A Canary and a release of it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The Canary, as it is written.
    pub canary: &'a Value,
    /// What the controller adds to it.
    pub defaults: &'a Defaults,
    /// The checks of a release that passes all; `None`: more than can be counted.
    pub checks: Option<u32>,
    /// The release.
    pub release: Release,
}

/// A release and the traffic it meets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Release {
    /// Requests per second of all users together.
    pub rps: f64,
    /// The share of requests that fail in the new version, 0 to 1.
    pub errors: f64,
}

/// What becomes of the release. Shows itself as one sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The numbers.
    pub figures: Figures,
    /// Whose requests the checks see.
    pub reach: Reach,
    /// What would make the wrong verdict rarer, the least change of each kind that does.
    pub remedies: Vec<Remedy>,
    /// What is assumed, since the manifest does not say it.
    pub assumed: Vec<String>,
    /// Metrics that are taken to pass, since it is not known what they measure.
    pub left_out: Vec<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The Canary is invalid.
    #[error(transparent)]
    Input(#[from] InputError),
    /// No metric has a bound, and no other is left out.
    #[error("nothing is judged: no metric has a bound, so every release whose pods get ready is promoted")]
    NoBounds,
    /// It is not known what the metrics with bounds measure.
    #[error(
        "nothing can be judged: it is not known what {} measures; say it in `world.measures` of a scenario, and \
         `serin sweep` estimates it", .0.join(", ")
    )]
    NotKnown(Vec<String>),
    /// Only a load test reaches the canary, and its line does not say how many requests it sends all the time.
    #[error(
        "cannot be said: no user reaches the canary before the promotion, and how many requests `{0}` sends is not \
         known; it is read from a line of `hey` with -q and -c that lasts as long as the interval"
    )]
    LoadNotKnown(String),
    /// It can only be simulated, and takes too long.
    #[error(
        "cannot be said: it has too many checks to be simulated here; `serin sweep` of a scenario estimates it"
    )]
    TooLong,
}

/// A wrong verdict in more rollouts than this is worth a remedy, and one that brings it down to this is enough.
const TOO_OFTEN: f64 = 0.05;
/// What is simulated: a share of one half of 2,000 rollouts is known to about 2 %.
const ANSWER: Effort = Effort { runs: 2_000, checks: 400_000 };
/// What is simulated to try a remedy.
const TRIAL: Effort = Effort { runs: 1_000, checks: 100_000 };

/// Finds out what the policy does to the release, and what would help where that is wrong too often.
///
/// # Errors
/// An invalid Canary, or one of which nothing is judged.
pub fn outlook(question: &Question<'_>) -> Result<Answer, Unanswered> {
    let case = Case::of(question)?;
    let figures = Figures::of(&case.story, question.checks, ANSWER).ok_or(Unanswered::TooLong)?;
    let reaches_nobody = case.reach == Reach::Nobody;
    let mut answer = Answer {
        figures,
        assumed: case.assumed(),
        reach: case.reach.clone(),
        remedies: Vec::new(),
        left_out: case.left_out.clone(),
    };
    if answer.wrong() > TOO_OFTEN && !reaches_nobody {
        answer.remedies = remedies::remedies(&case, question, &answer);
    }
    Ok(answer)
}

impl Answer {
    /// The chance of the wrong verdict: a rollback of a good release, a promotion of a bad one.
    #[must_use]
    pub fn wrong(&self) -> f64 {
        self.figures.wrong()
    }
}
