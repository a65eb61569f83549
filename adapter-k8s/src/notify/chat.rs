//! What messages to chat systems have in common: Slack's form, colours, and texts that are short enough.

use serde_json::{Value, json};
use serin_core::{revision::one_line, spec::Severity};

use super::{AlertMessage, Destination, MOST_TOLD};
use crate::http::Reply;

/// A message as Slack takes it, and those that take what Slack takes.
pub(super) fn attached(message: &AlertMessage, to: &Destination, color: &str) -> Value {
    let fields: Vec<Value> = message
        .fields
        .iter()
        .map(|(title, value)| json!({"title": title, "value": value, "short": false}))
        .collect();
    json!({
        "channel": to.channel,
        "username": to.username,
        "icon_url": "",
        "icon_emoji": ":rocket:",
        "attachments": [{
            "color": color,
            "author_name": message.canary(),
            "text": message.text,
            "mrkdwn_in": ["text"],
            "fields": fields,
        }],
    })
}

/// Whether an answer means that a message arrived, of systems that say in the field `succeeded` of a 200 what they refuse.
pub(super) fn accepted(reply: &Reply, succeeded: &str) -> Result<(), String> {
    let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match (reply.is_success(), said[succeeded].as_bool()) {
        (true, None | Some(true)) => Ok(()),
        (true, Some(false)) => Err(one_line(said["error"].as_str().unwrap_or("it was refused"), MOST_TOLD)),
        (false, _) => Err(reply.refusal(MOST_TOLD)),
    }
}

/// The colour of a severity, as in `#ff0000`.
pub(super) fn color(severity: Severity) -> String {
    format!("#{:06x}", rgb(severity))
}

/// The colour of a severity as a number: Flagger's, and one for warnings.
pub(super) const fn rgb(severity: Severity) -> u32 {
    match severity {
        Severity::Info => 0x0076d7,
        Severity::Warn => 0xffa500,
        Severity::Error => 0xff0000,
    }
}

/// The first characters of a text, with a mark if more are left out.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!([shortened("aüß", 3), shortened("aüßd", 3), shortened("ab", 0)], ["aüß", "aü…", "…"]);
    }
}
