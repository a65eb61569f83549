//! The Event objects that `kubectl describe` shows.

use serde_json::json;
use serin_core::{Timestamp, message::EventType, spec::Identity};

use super::News;
use crate::{
    kinds::EVENT,
    object::{Key, Object},
};

const LONGEST_NAME: usize = 253;

/// The event of a notice. A repeat has the same name, so the API server keeps one.
#[must_use]
pub fn object(news: &News<'_>) -> Object {
    let id = news.notice.id.to_string();
    of(&news.subject.identity, &id, type_of(news), &news.text(), news.notice.at)
}

/// An event of a Canary: `kind` is `Normal` or `Warning`. Another one with the same id is a repeat.
#[must_use]
pub fn of(identity: &Identity, id: &str, kind: &str, message: &str, at: Timestamp) -> Object {
    let mut object = Object::new(&Key::new(EVENT, &identity.namespace, &name(identity, id)));
    let at = at.whole_second().to_string();
    object.set(
        "/involvedObject",
        json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": &*identity.name,
            "namespace": &*identity.namespace, "uid": &*identity.uid,
        }),
    );
    object.set("/reason", "Synced");
    object.set("/message", message);
    object.set("/type", kind);
    object.set("/source", json!({"component": "flagger"}));
    object.set("/reportingComponent", "flagger");
    object.set("/reportingInstance", "");
    object.set("/firstTimestamp", at.clone());
    object.set("/lastTimestamp", at);
    object.set("/count", 1);
    object
}

/// `Normal` or `Warning`.
pub(super) fn type_of(news: &News<'_>) -> &'static str {
    match news.notice.message.event_type() {
        EventType::Normal => "Normal",
        EventType::Warning => "Warning",
    }
}

/// Of the Canary's name, the beginning of its uid and the id: one that is created anew counts from the start.
fn name(identity: &Identity, id: &str) -> String {
    let uid: String = identity.uid.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let end = format!(".{}.{id}", uid.to_ascii_lowercase());
    let room = LONGEST_NAME.saturating_sub(end.len());
    // Names are ASCII; a part must not end with a dot or a hyphen.
    let begin: String = identity.name.chars().take(room).collect();
    format!("{}{end}", begin.trim_end_matches(['.', '-']))
}
