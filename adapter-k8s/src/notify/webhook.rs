//! Anything that takes JSON.

use serde_json::json;
use serin_core::revision::Text;

use super::{AlertMessage, Destination, Receiver};
use crate::http::Request;

/// Posts an alert as it is; a repeat has the same `Idempotency-Key`.
pub(super) struct Webhook;

impl Receiver for Webhook {
    fn render(&self, message: &AlertMessage, to: &Destination) -> Result<Request, Text> {
        let request = to.authorized(
            to.address()?,
            &json!({
                "name": message.name,
                "namespace": message.namespace,
                "phase": message.phase,
                "status": message.status,
                "severity": message.severity.name(),
                "message": message.text,
                "timestamp": message.at.to_string(),
                "fields": message.fields_by_name(),
            }),
        );
        Ok(request.header("Idempotency-Key", message.id.as_str()))
    }
}
