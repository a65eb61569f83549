//! The questions of the core and their answers.

mod spread;

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

pub use self::spread::{Sample, Spread};
use crate::{
    phase::Phase,
    revision::{Revision, Text, bounded},
    strategy::Weight,
    time::Timestamp,
};

/// Identifies one question permanently: the same after a crash, another one in the next check.
///
/// After the Canary's uid, it is the `Idempotency-Key` of a hook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QuestionId {
    /// The run it belongs to.
    pub run: u32,
    /// The check within the run, counted from 0.
    pub check: u32,
    /// What is asked.
    pub of: Asked,
}

/// What is asked, by key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asked {
    /// A metric.
    Metric(Text),
    /// A hook.
    Hook(Text),
}

impl fmt::Display for QuestionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, key) = match &self.of {
            Asked::Metric(key) => ("metric", key),
            Asked::Hook(key) => ("hook", key),
        };
        write!(f, "{}/{}/{kind}/{key}", self.run, self.check)
    }
}

/// Something that the driver has to find out before the core can decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// Which metric or hook, and for which check.
    pub id: QuestionId,
    /// The phase that a hook gets.
    pub phase: Phase,
    /// The canary weight that a hook gets.
    pub weight: Weight,
    /// The iterations that a hook gets.
    pub iterations: u32,
    /// The revision it is about.
    pub revision: Revision,
    /// When the call is abandoned if it has no answer: for a gate, when the next check is due. `None`: there is no
    /// limit.
    #[serde(skip)]
    pub until: Option<Timestamp>,
}

/// The answer of a metric system. What it *means* is policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MetricResult {
    /// A value; never NaN, see [`MetricResult::value`].
    Value(#[serde(with = "number")] f64),
    /// The values of several series: each has to be within the bounds.
    Spread(Spread),
    /// It answered without a value.
    NoData,
    /// It could not be asked, or answered with an error.
    Error(Text),
}

impl MetricResult {
    /// A value; NaN is `NoData`.
    #[must_use]
    pub fn value(value: f64) -> Self {
        if value.is_nan() { Self::NoData } else { Self::Value(value) }
    }

    /// The same with each value multiplied by a positive number.
    #[must_use]
    pub fn scaled(self, by: f64) -> Self {
        match self {
            Self::Value(value) => Self::Value(value * by),
            Self::Spread(spread) => Self::Spread(spread.scaled(by)),
            Self::NoData | Self::Error(_) => self,
        }
    }
}

/// A value, if there is one.
impl From<Option<f64>> for MetricResult {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::NoData, Self::value)
    }
}

/// The answer of a hook. What it *means* is policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HookResult {
    /// It answered 2xx, with this text.
    Pass(Text),
    /// It did not answer 2xx, for the reason in this text.
    Deny(Text),
    /// It could not be called.
    Error(Text),
}

/// An answer to a [`Question`], of the same kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a question about a metric.
    Metric(MetricResult),
    /// To the call of a hook.
    Hook(HookResult),
}

impl From<MetricResult> for Answer {
    fn from(answer: MetricResult) -> Self {
        Self::Metric(answer)
    }
}

impl From<HookResult> for Answer {
    fn from(answer: HookResult) -> Self {
        Self::Hook(answer)
    }
}

impl Answer {
    /// A metric's value; NaN is no value.
    #[must_use]
    pub fn value(value: f64) -> Self {
        MetricResult::value(value).into()
    }

    /// A metric system answered without a value.
    #[must_use]
    pub const fn no_data() -> Self {
        Self::Metric(MetricResult::NoData)
    }

    /// A hook passed, with this text.
    #[must_use]
    pub fn pass(said: impl Into<Text>) -> Self {
        Self::Hook(HookResult::Pass(said.into()))
    }

    /// A hook denied, with this text.
    #[must_use]
    pub fn deny(said: impl Into<Text>) -> Self {
        Self::Hook(HookResult::Deny(said.into()))
    }

    /// The question could not be answered.
    #[must_use]
    pub fn error(asked: &Asked, why: impl Into<Text>) -> Self {
        match asked {
            Asked::Metric(_) => Self::Metric(MetricResult::Error(why.into())),
            Asked::Hook(_) => Self::Hook(HookResult::Error(why.into())),
        }
    }

    /// The same with its text cut.
    pub(crate) fn bounded(self) -> Self {
        match self {
            Self::Metric(MetricResult::Value(_) | MetricResult::NoData) => self,
            Self::Metric(MetricResult::Spread(spread)) => {
                Self::Metric(MetricResult::Spread(spread.bounded()))
            }
            Self::Metric(MetricResult::Error(why)) => Self::Metric(MetricResult::Error(bounded(why))),
            Self::Hook(HookResult::Error(why)) => Self::Hook(HookResult::Error(bounded(why))),
            Self::Hook(HookResult::Pass(said)) => Self::Hook(HookResult::Pass(bounded(said))),
            Self::Hook(HookResult::Deny(said)) => Self::Hook(HookResult::Deny(bounded(said))),
        }
    }
}

/// The answers so far. The driver keeps them until the tick ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    all: Vec<(QuestionId, Answer)>,
    /// The questions that were not answered in time, and when they were abandoned.
    given_up: Vec<(QuestionId, Timestamp)>,
}

/// The error of an abandoned call.
const TOO_LATE: &str = "no answer until the next check was due";

impl Answers {
    /// Keeps an answer. A second answer to the same question is dropped: an answer never changes. An answer of the
    /// wrong kind becomes an error.
    pub fn add(&mut self, id: QuestionId, answer: Answer) {
        if self.all.iter().any(|(known, _)| *known == id) {
            return;
        }
        let answer = match (&id.of, &answer) {
            (Asked::Metric(_), Answer::Metric(_)) | (Asked::Hook(_), Answer::Hook(_)) => answer,
            (Asked::Metric(_), Answer::Hook(_)) => Answer::error(&id.of, "answered as a hook would"),
            (Asked::Hook(_), Answer::Metric(_)) => Answer::error(&id.of, "answered as a metric would"),
        };
        self.all.push((id, answer));
    }

    /// Notes that a call was abandoned at that time: its answer is an error.
    pub(crate) fn give_up(&mut self, id: QuestionId, at: Timestamp) {
        self.given_up.push((id.clone(), at));
        let answer = Answer::error(&id.of, TOO_LATE);
        self.add(id, answer);
    }

    /// When the call of this hook was abandoned; `None` if it was answered.
    pub(crate) fn given_up(&self, run: u32, check: u32, key: &str) -> Option<Timestamp> {
        let is_it = |id: &QuestionId| {
            id.run == run && id.check == check && matches!(&id.of, Asked::Hook(known) if **known == *key)
        };
        self.given_up.iter().find(|(id, _)| is_it(id)).map(|(_, at)| *at)
    }

    /// The answer of a hook to a call of this run and check.
    pub(crate) fn hook(&self, run: u32, check: u32, key: &str) -> Option<&HookResult> {
        self.of_check(run, check).find_map(|(of, answer)| match (of, answer) {
            (Asked::Hook(known), Answer::Hook(answer)) if **known == *key => Some(answer),
            (Asked::Hook(_) | Asked::Metric(_), _) => None,
        })
    }

    /// The answer to a question about a metric, in this run and check.
    pub(crate) fn metric(&self, run: u32, check: u32, key: &str) -> Option<&MetricResult> {
        self.of_check(run, check).find_map(|(of, answer)| match (of, answer) {
            (Asked::Metric(known), Answer::Metric(answer)) if **known == *key => Some(answer),
            (Asked::Hook(_) | Asked::Metric(_), _) => None,
        })
    }

    fn of_check(&self, run: u32, check: u32) -> impl Iterator<Item = (&Asked, &Answer)> {
        let of_check = self.all.iter().filter(move |(id, _)| id.run == run && id.check == check);
        of_check.map(|(id, answer)| (&id.of, answer))
    }

    /// Whether nothing was answered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Numbers in records: JSON has no infinity, so it is written as Prometheus does.
pub(crate) mod number {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::revision::Text;

    pub(crate) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() {
            serializer.serialize_f64(*value)
        } else {
            serializer.serialize_str(if *value > 0.0 { "+Inf" } else { "-Inf" })
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Name(Text),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(value) => Ok(value),
            Written::Name(name) if &*name == "+Inf" => Ok(f64::INFINITY),
            Written::Name(name) if &*name == "-Inf" => Ok(f64::NEG_INFINITY),
            Written::Name(_) => Err(de::Error::custom("expected a number, +Inf or -Inf")),
        }
    }
}
