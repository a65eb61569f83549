//! Slack: incoming webhooks, and its API with a token.

use serde_json::Value;
use serin_core::{revision::Text, spec::Severity};

use super::{AlertMessage, Destination, Receiver, chat};
use crate::http::{Reply, Request};

/// Writes to a channel.
pub(super) struct Slack;

impl Receiver for Slack {
    fn render(&self, message: &AlertMessage, to: &Destination) -> Result<Request, Text> {
        let color = match message.severity {
            Severity::Info | Severity::Warn => "good",
            Severity::Error => "danger",
        };
        Ok(to.authorized(to.address()?, &chat::attached(message, to, color)))
    }

    /// The API says what it refuses in a 200.
    fn read(&self, reply: &Reply) -> Result<(), String> {
        let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        match (reply.is_success(), said["ok"].as_bool()) {
            (true, None | Some(true)) => Ok(()),
            (true, Some(false)) => Err(said["error"].as_str().unwrap_or("it was refused").into()),
            (false, _) => Err(reply.refusal(super::MOST_TOLD)),
        }
    }
}
