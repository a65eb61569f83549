//! An expectation about the deliveries to a receiver, and its form in a file.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Wanted, texts::WrittenRegex};
use crate::scenario::answer::HookAnswer;

/// The deliveries to an event hook or the receiver of an alert.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its name.
    pub name: String,
    /// It got a notice that matches this.
    pub wanted: Option<Wanted>,
    /// The number of matching notices that it got; at least one if neither this nor `answers` is set.
    pub times: Option<u32>,
    /// The answers to all deliveries, in order.
    pub answers: Option<Vec<HookAnswer>>,
}

/// The deliveries to an event hook or the receiver of an alert.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReceiverTold")]
pub(super) struct WrittenReceiver {
    /// The name of the hook, or of the item of `alerts`.
    name: String,
    /// A regular expression that the notices match.
    matches: Option<WrittenRegex>,
    /// The number of notices that it got.
    times: Option<u32>,
    /// Its answers to all deliveries, in order.
    answers: Option<Vec<HookAnswer>>,
}

impl From<WrittenReceiver> for Received {
    fn from(written: WrittenReceiver) -> Self {
        let WrittenReceiver { name, matches, times, answers } = written;
        Self { name, wanted: matches.map(WrittenRegex::wanted), times, answers }
    }
}
