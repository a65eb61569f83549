//! What a replay decided, for an engineer on call: what happened, why, and what would have changed the outcome.
//!
//! [`explain`] divides a story into [chapters](chapter) (the setup, each run, the deletion), describes each in
//! sentences, and [replays](what_if) the scenario with one change at a time to find the changes that lead to another
//! outcome. [`at`] explains one instant. Nothing here decides anything: the rules are those of the core.

mod at;
mod change;
mod chapter;
mod checks;
mod ending;
mod headline;
mod json;
mod moves;
mod suspects;
mod tell;
#[cfg(test)]
mod tests;
mod text;
mod waits;
mod what_if;
mod words;

use std::time::Duration;

use serin_core::{decision::Rule, message::EventType, spec::Severity};
use serin_simulator::{record::Story, scenario::Scenario};

pub use self::at::{At, Decided, at};
pub use self::headline::{Conclusion, Headline, headline};
pub use self::json::{json, json_at};
pub use self::text::{text, text_at};

/// A story, explained.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What the scenario is about.
    pub title: String,
    /// `name.namespace` of the Canary.
    pub canary: String,
    /// A short phrase that names what the controller does not support.
    pub not_driven: Option<String>,
    /// The setup, each run, and the deletion, in order.
    pub chapters: Vec<Chapter>,
}

/// A part of a story that has an outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Chapter {
    /// Its subject.
    pub of: ChapterKind,
    /// When it began.
    pub from: Duration,
    /// When it ended; `None` if it had not ended at the end of the story.
    pub to: Option<Duration>,
    /// How it ended, as a stable word: `promoted`, `rolled-back` and so on.
    pub outcome: &'static str,
    /// The rule that ended it.
    pub rule: Option<Rule>,
    /// How it ended, as a sentence.
    pub summary: String,
    /// The sentences by topic, in a fixed order.
    pub told: Vec<(Topic, Vec<String>)>,
    /// The largest share of users that the canary got.
    pub users: Option<Exposure>,
    /// The notices that were sent, each once, in order.
    pub notices: Vec<SentNotice>,
    /// The changes that lead to another outcome, the smallest first; at most three.
    pub different: Vec<Difference>,
    /// How many changes were tried.
    pub tried: usize,
}

/// The subject of a chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChapterKind {
    /// The primary is set up, or another controller's status taken over.
    Setup,
    /// The run of this revision.
    Run(String),
    /// The Canary is deleted.
    Deletion,
}

/// The topic of some sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// How it began.
    Began,
    /// The moves and their times.
    Moved,
    /// What was measured, and what failed.
    Checks,
    /// What it waited for.
    Waited,
    /// What else happened.
    Meanwhile,
    /// The rule that ended it.
    Ended,
    /// The share of users.
    Users,
    /// The notices.
    SentNotice,
    /// What happened after the end.
    Afterwards,
}

impl Topic {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Moved => "moved",
            Self::Checks => "checks",
            Self::Waited => "waited",
            Self::Meanwhile => "meanwhile",
            Self::Ended => "ended",
            Self::Users => "users",
            Self::SentNotice => "told",
            Self::Afterwards => "afterwards",
        }
    }
}

/// The largest share of requests that the canary got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Percent.
    pub percent: u8,
    /// Only matching requests were divided.
    pub matched: bool,
    /// When it was first reached.
    pub from: Duration,
    /// Its total duration.
    pub lasted: Duration,
    /// It lasts until the end of the story.
    pub lasts: bool,
}

/// A notice that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentNotice {
    /// Its id.
    pub id: String,
    /// The type of the event.
    pub r#type: EventType,
    /// Its text.
    pub text: String,
    /// The severity of the alert, if it is one.
    pub alert: Option<Severity>,
}

/// A change that leads to another outcome, found by replaying the scenario with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The change: `with threshold: 3 instead of 2`.
    pub change: String,
    /// The field of the Canary's spec that it sets, and the value; `None` if it changes the world instead.
    pub set: Option<(String, String)>,
    /// The outcome with this change, in the words of [`Chapter::outcome`].
    pub outcome: &'static str,
    /// The same as a sentence: `it would have been promoted at 14m`.
    pub told: String,
}

/// Explains a story of this scenario.
#[must_use]
pub fn explain(scenario: &Scenario, story: &Story) -> Explanation {
    explain_until(scenario, story, &|| false)
}

/// As [`explain`]; when `is_over` becomes true, no more changes are tried.
#[must_use]
pub fn explain_until(scenario: &Scenario, story: &Story, is_over: &dyn Fn() -> bool) -> Explanation {
    let chapters = chapter::chapters(story);
    let told = chapters.iter().map(|chapter| tell::tell(scenario, story, chapter, is_over));
    Explanation {
        title: scenario.title.clone(),
        canary: story.canary.clone(),
        not_driven: scenario.not_driven.clone(),
        chapters: told.collect(),
    }
}
