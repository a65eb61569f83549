//! What would become of a release: computed, with nothing drawn, as [`exact`](crate::exact) does it.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use serin_core::spec::Defaults;

use crate::{
    exact::{self, Answer, Question, Release, Unanswered},
    report::exact::{numbers, rounded},
    scenario::{Range, Share},
};

/// What becomes of a release of a Canary. Shows itself as one sentence.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The release.
    pub release: Release,
    /// What becomes of it, or why that cannot be computed.
    pub answer: Result<Answer, Unanswered>,
}

impl Outlook {
    /// Computes it for a Canary that makes sense.
    pub(super) fn of(canary: &Value, defaults: &Defaults, release: Release) -> Self {
        Self { release, answer: exact::words(&Question { canary, defaults, release }) }
    }
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Release { rps, errors } = self.release;
        let errors = Range::<Share>::exactly(errors);
        write!(f, "at {rps} requests a second, with {errors} errors: ")?;
        match &self.answer {
            Ok(answer) => answer.fmt(f),
            Err(why) => write!(f, "cannot be computed: {why}; `serin sweep` of a scenario estimates it"),
        }
    }
}

impl Serialize for Outlook {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Release { rps, errors } = self.release;
        let mut object = Map::new();
        object.insert("rps".into(), rps.into());
        // Without the last bits of a division by 100.
        object.insert("errors".into(), ((errors * 1e10).round() / 1e10).into());
        match &self.answer {
            Ok(answer) => {
                object.insert("says".into(), answer.to_string().into());
                object.insert("wrong".into(), rounded(answer.wrong()).into());
                let numbers = numbers(&answer.exact).into_iter();
                object.extend(numbers.map(|(name, value)| (name.to_owned(), value)));
                let remedies = answer.remedies.iter();
                let remedies = remedies
                    .map(|remedy| json!({"change": remedy.change, "wrong": rounded(remedy.wrong)}))
                    .collect();
                object.insert("remedies".into(), Value::Array(remedies));
                object.insert("leftOut".into(), json!(answer.left_out));
            }
            Err(why) => {
                object.insert("notComputed".into(), why.to_string().into());
            }
        }
        object.serialize(serializer)
    }
}
