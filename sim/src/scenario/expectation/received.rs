//! What somebody was told, as it is expected and as that is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Wanted, texts::WrittenRegex};
use crate::scenario::answer::HookAnswer;

/// What an event hook or the receiver of an alert was told.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its name.
    pub name: String,
    /// It got a notice that says this.
    pub wanted: Option<Wanted>,
    /// It got so many of them; at least one where neither this nor `answers` is given.
    pub times: Option<u32>,
    /// What came back, in order, of all that it was told.
    pub answers: Option<Vec<HookAnswer>>,
}

/// What an event hook or the receiver of an alert was told.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReceiverTold")]
pub(super) struct WrittenReceiver {
    /// The name of the hook, or of the item of `alerts`.
    name: String,
    /// A regular expression that the notices match which it got.
    matches: Option<WrittenRegex>,
    /// It got so many.
    times: Option<u32>,
    /// Its answers in order, to all that it was told.
    answers: Option<Vec<HookAnswer>>,
}

impl From<WrittenReceiver> for Received {
    fn from(written: WrittenReceiver) -> Self {
        let WrittenReceiver { name, matches, times, answers } = written;
        Self { name, wanted: matches.map(WrittenRegex::wanted), times, answers }
    }
}
