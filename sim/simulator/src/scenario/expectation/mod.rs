//! What must hold in a story: each expectation is one statement.

mod received;
mod requests;
mod schema;
mod shown;
mod texts;
mod written;

use std::time::Duration;

use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use serin_core::{Phase, State, command::Routes, spec::Severity, strategy::Weight};

pub use self::received::Received;
pub use self::requests::{Amount, Requests};
pub(crate) use self::shown::Listed;
pub(super) use self::written::WrittenItem;
use super::{answer::HookAnswer, event::Pattern};

/// One item of `expect`.
#[derive(Clone, Debug)]
pub struct Item {
    /// The statement.
    pub expectation: Expectation,
    /// It must not hold.
    pub negated: bool,
}

/// A statement about a story.
#[derive(Clone, Debug)]
pub enum Expectation {
    /// The saved phases.
    Phases(Sequence<Phase>),
    /// The saved canary weights.
    Weights(Sequence<Weight>),
    /// Bounds of every saved canary weight.
    Weight {
        /// The minimum.
        min: Weight,
        /// The maximum.
        max: Weight,
    },
    /// Bounds of the number of requests, over the whole story.
    Requests(Requests),
    /// The routes that were set.
    Routes(Sequence<Routes>),
    /// The saved statuses.
    Rows(Sequence<Row>),
    /// The status at the end.
    End(Pattern),
    /// An event.
    Event(Telling),
    /// An alert, of this severity if one is named.
    Alert(Telling, Option<Severity>),
    /// The condition's message at the end contains this.
    Condition(String),
    /// The calls of a hook.
    Hook(Called),
    /// The deliveries to an event hook or the receiver of an alert.
    Receiver(Received),
    /// The number of queries of a metric.
    Metric(Counted),
    /// The number of commands whose text begins with this.
    Command(CarriedOut),
    /// How often a rule fired.
    Rule(Counted),
    /// The revision the primary runs at the end.
    Promoted(String),
    /// The time between two saved statuses.
    Time(Span),
    /// No saved status matches.
    Never(Pattern),
    /// Every saved status matches.
    Always(Pattern),
}

/// Values that are expected in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence<T> {
    /// The values.
    pub items: Vec<T>,
    /// No other values are allowed.
    pub exactly: bool,
}

/// A saved status: phase, canaryWeight, failedChecks, iterations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Row(pub Phase, pub Weight, pub u32, pub u32);

impl Row {
    /// The row of a state.
    #[must_use]
    pub fn of(state: &State) -> Self {
        Self(state.phase, state.canary_weight, state.failed_checks, state.iterations)
    }
}

/// An event or alert with a text.
#[derive(Clone, Debug)]
pub struct Telling {
    /// The text.
    pub wanted: Wanted,
    /// How often; at least once by default.
    pub times: Option<u32>,
}

/// A pattern of a text.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// It contains this.
    Contains(String),
    /// It matches this.
    Matches(Regex),
}

impl Wanted {
    /// Whether a text matches.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Matches(regex) => regex.is_match(text),
        }
    }
}

/// Calls of a hook.
#[derive(Clone, Debug)]
pub struct Called {
    /// Its name.
    pub name: String,
    /// How often.
    pub times: Option<u32>,
    /// Each call had one of these phases.
    pub phases: Option<Vec<Phase>>,
    /// The answers, in order.
    pub answers: Option<Vec<HookAnswer>>,
}

/// Something that is counted by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its name.
    pub name: String,
    /// How often; at least once by default.
    pub times: Option<u32>,
}

/// Commands that were carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedOut {
    /// The beginning of their text.
    pub prefix: String,
    /// How often; at least once by default.
    pub times: Option<u32>,
}

/// The time between two saved statuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first; the beginning of the story by default.
    pub from: Option<Pattern>,
    /// The second.
    pub to: Pattern,
    /// The minimum.
    pub min: Option<Duration>,
    /// The maximum.
    pub max: Option<Duration>,
}
