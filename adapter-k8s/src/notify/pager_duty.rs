//! PagerDuty: its Events API, version 2.

use serde_json::{Map, Value, json};
use serin_core::{revision::Text, spec::Severity};

use super::{AlertMessage, Destination, Receiver, chat::shortened};
use crate::http::{Request, secret::Hidden};

/// Opens one incident for a Canary, and resolves it when the Canary succeeds.
pub(super) struct PagerDuty;

const DEFAULT_ADDRESS: &str = "https://events.pagerduty.com";
/// PagerDuty refuses longer ones, in characters.
const LONGEST_SUMMARY: usize = 1024;

impl Receiver for PagerDuty {
    fn render(&self, message: &AlertMessage, to: &Destination) -> Result<Request, Text> {
        let key =
            to.token.as_ref().map(Hidden::reveal).ok_or_else(|| Text::from("a routing key is missing"))?;
        let address = to.address.as_ref().map_or(DEFAULT_ADDRESS, Hidden::reveal).trim_end_matches('/');
        let address = address.strip_suffix(EVENTS).unwrap_or(address);
        // One incident for all alerts of a Canary, and none for another Canary of the same name.
        let incident = format!("serin/{}", message.uid);
        let (path, event) = if message.closes_alerts {
            (EVENTS, json!({"routing_key": key, "event_action": "resolve", "dedup_key": incident}))
        } else if let Some(severity) = severity(message.severity) {
            let mut payload = payload(message);
            payload.insert("severity".into(), severity.into());
            let event = json!({"routing_key": key, "event_action": "trigger", "dedup_key": incident, "payload": payload});
            (EVENTS, event)
        } else {
            (CHANGES, json!({"routing_key": key, "payload": payload(message)}))
        };
        Ok(to.post(&format!("{address}{path}"), &event))
    }
}

const EVENTS: &str = "/v2/enqueue";
/// What changes, and calls nobody.
const CHANGES: &str = "/v2/change/enqueue";

/// The severity of an incident; `None` if there is no incident.
fn severity(severity: Severity) -> Option<&'static str> {
    match severity {
        Severity::Info => None,
        Severity::Warn => Some("warning"),
        Severity::Error => Some("error"),
    }
}

fn payload(message: &AlertMessage) -> Map<String, Value> {
    let details =
        json!({"status": message.status, "phase": message.phase, "fields": message.fields_by_name()});
    Map::from_iter([
        ("summary".into(), shortened(&message.text, LONGEST_SUMMARY).into()),
        ("source".into(), message.canary().into()),
        ("timestamp".into(), message.at.to_string().into()),
        ("custom_details".into(), details),
    ])
}
