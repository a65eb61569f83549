//! Microsoft Teams: workflows, and the older connectors.

use reqwest::Url;
use serde_json::{Value, json};
use serin_core::{revision::Text, spec::Severity};

use super::{
    AlertMessage, Destination, Receiver,
    chat::{color, shortened},
};
use crate::http::{Reply, Request};

/// Writes to the channel of its webhook: an adaptive card, or a message card where a connector listens.
pub(super) struct Teams;

/// A whole message may have 28 KB.
const LONGEST_TEXT: usize = 4096;
/// How a connector begins what it could not deliver; its status is 200.
const NOT_DELIVERED: &str = "Webhook message delivery failed";

impl Receiver for Teams {
    fn render(&self, message: &AlertMessage, to: &Destination) -> Result<Request, Text> {
        let address = to.address()?;
        let body = if is_connector(address) { message_card(message) } else { adaptive_card(message) };
        Ok(to.post(address, &body))
    }

    fn read(&self, reply: &Reply) -> Result<(), String> {
        let said = reply.said(super::MOST_TOLD);
        match reply.is_success() {
            true if said.starts_with(NOT_DELIVERED) => Err(said),
            true => Ok(()),
            false => Err(reply.refusal(super::MOST_TOLD)),
        }
    }
}

/// Whether an address is a connector's, which does not show adaptive cards. Workflows are at other hosts.
fn is_connector(address: &str) -> bool {
    let host = Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    matches!(&*host, "outlook.office.com" | "outlook.office365.com") || host.ends_with(".webhook.office.com")
}

fn adaptive_card(message: &AlertMessage) -> Value {
    let color = match message.severity {
        Severity::Info => "Accent",
        Severity::Warn => "Warning",
        Severity::Error => "Attention",
    };
    let mut body = vec![
        json!({"type": "TextBlock", "text": message.canary(), "weight": "Bolder", "color": color, "wrap": true}),
        json!({"type": "TextBlock", "text": shortened(&message.text, LONGEST_TEXT), "wrap": true}),
    ];
    if !message.fields.is_empty() {
        let facts = message.fields.iter().map(|(title, value)| json!({"title": title, "value": value}));
        body.push(json!({"type": "FactSet", "facts": facts.collect::<Vec<_>>()}));
    }
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    });
    let attachment = json!({
        "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card,
    });
    json!({"type": "message", "attachments": [attachment]})
}

/// Flagger's form.
fn message_card(message: &AlertMessage) -> Value {
    let facts = message.fields.iter().map(|(name, value)| json!({"name": name, "value": value}));
    json!({
        "@type": "MessageCard",
        "@context": "http://schema.org/extensions",
        "themeColor": color(message.severity).trim_start_matches('#'),
        "summary": message.canary(),
        "sections": [{
            "activityTitle": shortened(&message.text, LONGEST_TEXT),
            "activitySubtitle": message.canary(),
            "facts": facts.collect::<Vec<_>>(),
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connectors_are_known_by_their_host() {
        let connectors =
            ["https://outlook.office.com/webhook/x", "https://acme.webhook.office.com/webhookb2/x"];
        assert!(connectors.into_iter().all(is_connector));
        let workflows = [
            "https://prod-01.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=y",
            "https://office.com.example.com/webhook",
            "https://webhook.office.com.evil.example",
            "no url",
        ];
        assert!(!workflows.into_iter().any(is_connector));
    }

    #[test]
    fn a_connector_refuses_in_a_200_too() {
        let read = |status, body: &str| {
            Teams.read(&Reply { status, retry_after: None, body: body.as_bytes().to_vec(), cut: None })
        };
        assert_eq!([read(200, "1"), read(202, "")], [Ok(()), Ok(())]);
        let why =
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429";
        assert_eq!(read(200, why), Err(why.into()));
        assert_eq!(read(400, "Bad payload"), Err("400 Bad Request: Bad payload".into()));
    }
}
