//! Slack: incoming webhooks, and its API with a token.

use serin_core::{revision::Text, spec::Severity};

use super::{AlertMessage, Destination, Receiver, chat};
use crate::http::{Reply, Request};

/// Writes to a channel.
pub(super) struct Slack;

impl Receiver for Slack {
    fn render(&self, message: &AlertMessage, to: &Destination) -> Result<Request, Text> {
        let color = match message.severity {
            Severity::Info => "good",
            Severity::Warn => "warning",
            Severity::Error => "danger",
        };
        Ok(to.authorized(to.address()?, &chat::attached(message, to, color)))
    }

    fn read(&self, reply: &Reply) -> Result<(), String> {
        chat::accepted(reply, "ok")
    }
}
