//! Alertmanager: its API, version 2.

use std::time::Duration;

use serde_json::{Map, Value, json};
use serin_core::{revision::Text, spec::Severity, time::Timestamp};

use super::{AlertMessage, Destination, Receiver};
use crate::http::Request;

/// Starts an alert, and ends it when the Canary succeeds.
pub(super) struct Alertmanager;

const PATH: &str = "/api/v2/alerts";
/// When an alert ends that is not followed by a success. Without an end it would after five minutes.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How long one lasts that nothing has to follow.
const NEWS: Duration = Duration::from_secs(5 * 60);

impl Receiver for Alertmanager {
    fn render(&self, message: &AlertMessage, to: &Destination) -> Result<Request, Text> {
        let address = to.address()?.trim_end_matches('/');
        let address = address.strip_suffix(PATH).unwrap_or(address);
        let alert = |severity, end| alert(message, severity, end);
        let alerts = match message.severity {
            _ if message.closes_alerts => {
                vec![alert(Severity::Error, message.at), alert(Severity::Warn, message.at)]
            }
            Severity::Info => vec![alert(Severity::Info, message.at + NEWS)],
            Severity::Warn | Severity::Error => vec![alert(message.severity, message.at + LONGEST)],
        };
        Ok(to.authorized(&format!("{address}{PATH}"), &alerts))
    }
}

/// Alerts with the same labels are one.
fn alert(message: &AlertMessage, severity: Severity, end: Timestamp) -> Value {
    let severity = match severity {
        Severity::Info => "info",
        Severity::Warn => "warning",
        Severity::Error => "critical",
    };
    let mut labels = Map::from_iter(
        [
            ("alertname", "CanaryAlert"),
            ("canary", &message.name),
            ("namespace", &message.namespace),
            ("severity", severity),
        ]
        .map(|(name, value)| (name.to_owned(), Value::from(value))),
    );
    let mut annotations = Map::from_iter([("summary".to_owned(), Value::from(message.text.as_str()))]);
    for (name, value) in &message.fields {
        let name = name.to_ascii_lowercase().replace(' ', "_");
        let to = if name == "cluster" { &mut labels } else { &mut annotations };
        to.insert(name, value.as_str().into());
    }
    json!({
        "labels": labels,
        "annotations": annotations,
        "startsAt": message.at.to_string(),
        "endsAt": end.to_string(),
    })
}
