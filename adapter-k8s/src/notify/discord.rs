//! Discord: webhooks of a channel.

use reqwest::Url;
use serde_json::{Value, json};
use serin_core::revision::Text;

use super::{
    AlertMessage, Destination, Receiver,
    chat::{rgb, shortened},
};
use crate::http::Request;

/// Writes to the channel of its webhook, which no message can change.
pub(super) struct Discord;

/// Discord refuses longer ones, in characters.
const LONGEST_TEXT: usize = 4096;
const LONGEST_VALUE: usize = 1024;
const LONGEST_NAME: usize = 80;
const LONGEST_AUTHOR: usize = 256;

impl Receiver for Discord {
    fn render(&self, message: &AlertMessage, to: &Destination) -> Result<Request, Text> {
        let fields: Vec<Value> = message
            .fields
            .iter()
            .map(|(name, value)| json!({"name": name, "value": shortened(value, LONGEST_VALUE)}))
            .collect();
        let body = json!({
            "username": shortened(&to.username, LONGEST_NAME),
            // A text of a hook must not call everyone.
            "allowed_mentions": {"parse": []},
            "embeds": [{
                "author": {"name": shortened(&message.canary(), LONGEST_AUTHOR)},
                "description": shortened(&message.text, LONGEST_TEXT),
                "color": rgb(message.severity),
                "fields": fields,
                "timestamp": message.at.to_string(),
            }],
        });
        Ok(to.post(&native(to.address()?), &body))
    }
}

/// The address for messages in Discord's own form: Flagger's users may have written the one for Slack's form.
fn native(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return address.into() };
    if let Some(path) = url.path().trim_end_matches('/').strip_suffix("/slack").map(str::to_owned) {
        url.set_path(&path);
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_for_slacks_form_leads_to_discords_own() {
        let own = "https://discord.com/api/webhooks/1/t?thread_id=2";
        assert_eq!([native(own), native("https://discord.com/api/webhooks/1/t/slack?thread_id=2")], [own; 2]);
        assert_eq!(native("no url"), "no url");
    }
}
