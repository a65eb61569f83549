//! Google Chat: webhooks of a space.

use serde_json::{Value, json};
use serin_core::revision::Text;

use super::{AlertMessage, Destination, Receiver, chat::shortened};
use crate::http::Request;

/// Writes a card to the space of its webhook.
pub(super) struct GoogleChat;

/// A whole message may have 32 kB.
const LONGEST_TEXT: usize = 4096;

impl Receiver for GoogleChat {
    fn render(&self, message: &AlertMessage, to: &Destination) -> Result<Request, Text> {
        let text = json!({"textParagraph": {"text": escaped(&shortened(&message.text, LONGEST_TEXT))}});
        let fields = message.fields.iter().map(|(name, value)| {
            json!({"decoratedText": {"topLabel": name, "text": escaped(value), "wrapText": true}})
        });
        let widgets: Vec<Value> = std::iter::once(text).chain(fields).collect();
        let card = json!({
            "header": {"title": message.canary(), "subtitle": message.status},
            "sections": [{"widgets": widgets}],
        });
        Ok(to.post(to.address()?, &json!({"cardsV2": [{"cardId": message.id, "card": card}]})))
    }
}

/// A text as it is: cards read a part of HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_a_tag() {
        assert_eq!(escaped("a < b && <a href='x'>"), "a &lt; b &amp;&amp; &lt;a href='x'&gt;");
    }
}
