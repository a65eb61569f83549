//! Rocket.Chat: incoming webhooks.

use serin_core::revision::Text;

use super::{AlertMessage, Destination, Receiver, chat};
use crate::http::{Reply, Request};

/// Writes to a channel, in Slack's form.
pub(super) struct Rocket;

impl Receiver for Rocket {
    fn render(&self, message: &AlertMessage, to: &Destination) -> Result<Request, Text> {
        Ok(to.post(to.address()?, &chat::attached(message, to, &chat::color(message.severity))))
    }

    fn read(&self, reply: &Reply) -> Result<(), String> {
        chat::accepted(reply, "success")
    }
}
