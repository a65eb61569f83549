//! What the core asks and what it may be answered.

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    phase::Phase,
    revision::{Revision, Text, bounded},
    strategy::Weight,
    time::Timestamp,
};

/// Names one question for ever: the same after a crash, another one for the next check.
///
/// With the Canary's uid in front it is the `Idempotency-Key` of a hook.
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

/// Something the driver has to find out before the core can decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// Which metric or hook, and for which check.
    pub id: QuestionId,
    /// The phase a hook is told.
    pub phase: Phase,
    /// The canary weight a hook is told.
    pub weight: Weight,
    /// The iterations a hook is told.
    pub iterations: u32,
    /// The revision it is about.
    pub revision: Revision,
    /// When the call is given up if it is still open: that of a gate, when the next check is due. `None`: it may take as long
    /// as it takes.
    #[serde(skip)]
    pub until: Option<Timestamp>,
}

/// What the outside said. What it *means* is policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// A metric's value; never NaN, see [`Answer::value`].
    Value(#[serde(with = "number")] f64),
    /// The provider answered without a value.
    NoData,
    /// The provider could not be asked or answered with an error.
    Error(Text),
    /// The hook answered 2xx; what it said.
    Pass(Text),
    /// The hook answered otherwise or not at all; what it said.
    Deny(Text),
}

impl Answer {
    /// A metric's value; NaN is no value.
    #[must_use]
    pub fn value(value: f64) -> Self {
        if value.is_nan() { Self::NoData } else { Self::Value(value) }
    }

    /// The same with what was said cut.
    pub(crate) fn bounded(self) -> Self {
        match self {
            Self::Value(_) | Self::NoData => self,
            Self::Error(why) => Self::Error(bounded(why)),
            Self::Pass(said) => Self::Pass(bounded(said)),
            Self::Deny(said) => Self::Deny(bounded(said)),
        }
    }
}

/// The answers so far, kept by the driver for as long as the tick goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    all: Vec<(QuestionId, Answer)>,
    /// Those that did not come in time, and when they were given up.
    given_up: Vec<(QuestionId, Timestamp)>,
}

/// What a call says that was given up.
const TOO_LATE: &str = "no answer until the next check was due";

impl Answers {
    /// Keeps an answer. A second one to the same question is dropped: an answer never changes.
    pub fn add(&mut self, id: QuestionId, answer: Answer) {
        if !self.all.iter().any(|(known, _)| *known == id) {
            self.all.push((id, answer));
        }
    }

    /// Notes that a call was given up at that time: its answer is an error.
    pub(crate) fn give_up(&mut self, id: QuestionId, at: Timestamp) {
        self.given_up.push((id.clone(), at));
        self.add(id, Answer::Error(TOO_LATE.into()));
    }

    /// When the call of this hook was given up; `None` if it was answered.
    pub(crate) fn given_up(&self, run: u32, check: u32, key: &str) -> Option<Timestamp> {
        let is_it = |id: &QuestionId| {
            id.run == run && id.check == check && matches!(&id.of, Asked::Hook(known) if **known == *key)
        };
        self.given_up.iter().find(|(id, _)| is_it(id)).map(|(_, at)| *at)
    }

    /// The answer to a question of this run and check.
    pub(crate) fn hook(&self, run: u32, check: u32, key: &str) -> Option<&Answer> {
        self.find(run, check, |of| matches!(of, Asked::Hook(known) if **known == *key))
    }

    /// The answer to a question of this run and check.
    pub(crate) fn metric(&self, run: u32, check: u32, key: &str) -> Option<&Answer> {
        self.find(run, check, |of| matches!(of, Asked::Metric(known) if **known == *key))
    }

    fn find(&self, run: u32, check: u32, is: impl Fn(&Asked) -> bool) -> Option<&Answer> {
        let mut answers = self.all.iter();
        answers.find(|(id, _)| id.run == run && id.check == check && is(&id.of)).map(|(_, answer)| answer)
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
