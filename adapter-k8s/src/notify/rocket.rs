//! Rocket.Chat: incoming webhooks.

use serde_json::Value;
use serin_core::revision::Text;

use super::{AlertMessage, Destination, Receiver, chat};
use crate::http::{Reply, Request};

/// Writes to a channel, in Slack's form.
pub(super) struct Rocket;

impl Receiver for Rocket {
    fn render(&self, message: &AlertMessage, to: &Destination) -> Result<Request, Text> {
        Ok(to.post(to.address()?, &chat::attached(message, to, &chat::color(message.severity))))
    }

    /// What is refused is said in a 200, too.
    fn read(&self, reply: &Reply) -> Result<(), String> {
        let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        match (reply.is_success(), said["success"].as_bool()) {
            (true, None | Some(true)) => Ok(()),
            (true, Some(false)) => Err(said["error"].as_str().unwrap_or("it was refused").into()),
            (false, _) => Err(reply.refusal(super::MOST_TOLD)),
        }
    }
}
