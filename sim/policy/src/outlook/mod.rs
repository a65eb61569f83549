//! Predicts the result of a release of a Canary with given traffic: how often it is promoted or rolled back, and what
//! would make the wrong verdict rarer.
//!
//! The result is [computed](crate::exact) if possible, and otherwise [simulated](crate::sweep), always in the same
//! worlds. Facts that are not in the manifest are assumed, and listed in the [`Answer`].

mod case;
mod figures;
mod load_test;
mod reach;
mod remedies;
#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use serde_json::Value;
use serin_core::spec::Defaults;
use serin_input::InputError;
use serin_simulator::scenario::Scenario;

use self::{case::Case, figures::Effort};
pub use self::{figures::Figures, load_test::LoadTest, reach::Reach, remedies::Remedy};

/// A Canary and a release of it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The Canary, as it is written.
    pub canary: &'a Value,
    /// The settings of the controller.
    pub defaults: &'a Defaults,
    /// The number of checks of a release that passes all of them; `None`: too many to count.
    pub checks: Option<u32>,
    /// The pods of the target, if that is known.
    pub pods: Option<u32>,
    /// The release.
    pub release: Release,
}

/// A release and its traffic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Release {
    /// Requests per second of all users together.
    pub rps: f64,
    /// The share of requests that fail in the new version, 0 to 1.
    pub errors: f64,
}

/// The predicted result of the release. It is displayed as one sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The numbers.
    pub figures: Figures,
    /// Whose requests the checks see.
    pub reach: Reach,
    /// What would make the wrong verdict rarer: of each kind the smallest change that does.
    pub remedies: Vec<Remedy>,
    /// The assumptions about facts that are not in the manifest.
    pub assumed: Vec<String>,
    /// Metrics that are assumed to pass, because it is not known what they measure.
    pub left_out: Vec<String>,
}

/// Why there is no prediction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The Canary is invalid.
    #[error(transparent)]
    Input(#[from] InputError),
    /// No metric has a bound, and none is left out.
    #[error("nothing is judged: no metric has a bound, so every release whose pods get ready is promoted")]
    NoBounds,
    /// It is not known what the metrics with bounds measure.
    #[error(
        "nothing can be judged: it is not known what {} measures; add it to `world.measures` of a scenario, and \
         `serin sweep` estimates the result", .0.join(", ")
    )]
    NotKnown(Vec<String>),
    /// Only a load test reaches the canary, and its command line does not say at which rate it sends requests.
    #[error(
        "cannot be computed: no user reaches the canary before the promotion, and it is not known how many requests \
         `{0}` sends; a command line of `hey` with -q, -c and -z says it"
    )]
    LoadNotKnown(String),
    /// It can only be simulated, and that would take too long.
    #[error(
        "cannot be computed: it has too many checks to be simulated here; `serin sweep` of a scenario estimates it"
    )]
    TooLong,
}

/// If the wrong verdict is more frequent than this, remedies are searched; a remedy that reaches this is sufficient.
const TOO_OFTEN: f64 = 0.05;
/// The limits of a prediction: with 2,000 rollouts, a share of one half is known to within about 2 %.
const ANSWER: Effort = Effort { runs: 2_000, checks: 400_000 };
/// The limits of the trial of a remedy.
const TRIAL: Effort = Effort { runs: 1_000, checks: 100_000 };

/// Predicts the result of the release, and finds remedies if the wrong verdict is too frequent.
///
/// # Errors
/// An invalid Canary, or one without judged metrics.
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

/// The release of a Canary as a scenario, for a comparison with another one.
#[derive(Clone, Debug)]
pub struct Story {
    /// The scenario.
    pub scenario: Scenario,
    /// When a simulation of it ends; `None`: it has too many checks to be simulated.
    pub ends: Option<Duration>,
    /// Why no metric is judged; `None` if one is.
    pub not_judged: Option<Unanswered>,
    /// Whose requests the checks see; `None` if it is those of users.
    pub judged: Option<String>,
    /// The assumptions about facts that are not in the manifest.
    pub assumed: Vec<String>,
    /// Metrics that are assumed to pass, because it is not known what they measure.
    pub left_out: Vec<String>,
}

/// The release as a scenario.
///
/// # Errors
/// An invalid Canary, or one whose load test is not known.
pub fn story(question: &Question<'_>) -> Result<Story, Unanswered> {
    let case = Case::read(question)?;
    if let Some(why) = case.load_not_known() {
        return Err(why);
    }
    Ok(Story {
        ends: question.checks.and_then(|checks| figures::longest(&case.story, checks)),
        not_judged: case.not_judged(),
        judged: case.reach.judged(),
        assumed: case.assumed(),
        left_out: case.left_out,
        scenario: case.story,
    })
}

impl Answer {
    /// The chance of the wrong verdict: a rollback of a good release, a promotion of a bad one.
    #[must_use]
    pub fn wrong(&self) -> f64 {
        self.figures.wrong()
    }
}
