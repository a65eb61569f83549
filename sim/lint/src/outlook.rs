//! The predicted result of a release, computed or simulated by [`outlook`](serin_policy::outlook).

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use serin_core::spec::Defaults;
use serin_policy::{
    numbers::{self, rounded},
    outlook::{self, Answer, Figures, Question, Reach, Release, Unanswered},
    plan::Plan,
};
use serin_simulator::scenario::{Range, Share};

/// The predicted result of a release of a Canary.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The release.
    pub release: Release,
    /// The result, or why it cannot be predicted.
    pub answer: Result<Answer, Unanswered>,
}

impl Outlook {
    /// Predicts it for a valid Canary.
    pub(super) fn of(
        canary: &Value,
        defaults: &Defaults,
        plan: Option<&Plan>,
        pods: Option<u32>,
        release: Release,
    ) -> Self {
        let checks = plan.map(|plan| plan.checks);
        Self { release, answer: outlook::outlook(&Question { canary, defaults, checks, pods, release }) }
    }
}

impl Outlook {
    /// The rows: a label and a sentence each.
    pub(super) fn rows(&self) -> Vec<(&'static str, String)> {
        let Release { rps, errors } = self.release;
        let errors = Range::<Share>::exactly(errors);
        let about = format!("at {rps} requests a second, with {errors} errors");
        let answer = match &self.answer {
            Ok(answer) => answer,
            Err(why) => return vec![("a release", format!("{about}: {why}"))],
        };
        let mut rows = vec![("a release", format!("{about}: {}", answer.verdict()))];
        rows.extend(answer.judged().map(|judged| ("requests", judged)));
        rows.extend(answer.help().map(|help| ("what helps", help)));
        for (label, parts) in [("not judged", &answer.left_out), ("assumed", &answer.assumed)] {
            if !parts.is_empty() {
                rows.push((label, parts.join(", ")));
            }
        }
        rows
    }
}

impl Serialize for Outlook {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Release { rps, errors } = self.release;
        let mut object = Map::new();
        object.insert("rps".into(), rps.into());
        // Without the rounding error of a division by 100.
        object.insert("errors".into(), ((errors * 1e10).round() / 1e10).into());
        match &self.answer {
            Ok(answer) => object.extend(fields(answer)),
            Err(why) => {
                object.insert("notComputed".into(), why.to_string().into());
            }
        }
        object.serialize(serializer)
    }
}

fn fields(answer: &Answer) -> Vec<(String, Value)> {
    let reach = match &answer.reach {
        Reach::Users => json!("users"),
        Reach::Matched => json!("matched"),
        Reach::LoadTest(load) => json!({"hook": *load.hook, "rps": load.rps}),
        Reach::Nobody => json!("nobody"),
    };
    let mut fields = vec![
        ("says".to_owned(), answer.to_string().into()),
        ("wrong".to_owned(), rounded(answer.wrong()).into()),
        ("simulated".to_owned(), matches!(answer.figures, Figures::Simulated(_)).into()),
        ("reach".to_owned(), reach),
    ];
    let numbers = match &answer.figures {
        Figures::Computed(exact) => numbers::computed(exact),
        Figures::Simulated(tally) => numbers::simulated(tally),
    };
    fields.extend(numbers.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let remedies = answer.remedies.iter();
    let remedies = remedies.map(
        |remedy| json!({"change": remedy.change, "wrong": rounded(remedy.wrong), "edits": remedy.edits}),
    );
    fields.push(("remedies".to_owned(), remedies.collect()));
    fields.push(("assumed".to_owned(), json!(answer.assumed)));
    fields.push(("leftOut".to_owned(), json!(answer.left_out)));
    fields
}
