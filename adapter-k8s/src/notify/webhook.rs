//! Anything that takes JSON.

use serde_json::{Map, Value, json};
use serin_core::revision::Text;

use super::{Destination, Letter, Receiver};
use crate::http::Request;

/// Posts an alert as it is; a repeat has the same `Idempotency-Key`.
pub(super) struct Webhook;

impl Receiver for Webhook {
    fn render(&self, letter: &Letter, to: &Destination) -> Result<Request, Text> {
        let fields: Map<String, Value> =
            letter.fields.iter().map(|(name, value)| ((*name).into(), value.as_str().into())).collect();
        let request = to.post(&json!({
            "name": letter.name,
            "namespace": letter.namespace,
            "phase": letter.phase,
            "status": letter.status,
            "severity": letter.severity.name(),
            "message": letter.text,
            "timestamp": letter.at.to_string(),
            "fields": fields,
        }))?;
        Ok(request.header("Idempotency-Key", letter.id.as_str()))
    }
}
