//! The Event objects that `kubectl describe` shows.

use serde_json::json;
use serin_core::message::EventType;

use super::News;
use crate::{
    kinds::EVENT,
    object::{Key, Object},
};

const LONGEST_NAME: usize = 253;

/// The event of a notice. A repeat has the same name, so the API server keeps one.
#[must_use]
pub fn object(news: &News<'_>) -> Object {
    let identity = &news.subject.identity;
    let mut object = Object::new(&Key::new(EVENT, &identity.namespace, &name(news)));
    let at = news.notice.at.whole_second().to_string();
    object.set(
        "/involvedObject",
        json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": &*identity.name,
            "namespace": &*identity.namespace, "uid": &*identity.uid,
        }),
    );
    object.set("/reason", "Synced");
    object.set("/message", news.text());
    object.set("/type", type_of(news));
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

/// Of the Canary's name, the beginning of its uid and the notice's id: one that is created anew counts from the start.
fn name(news: &News<'_>) -> String {
    let identity = &news.subject.identity;
    let uid: String = identity.uid.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let end = format!(".{}.{}", uid.to_ascii_lowercase(), news.notice.id);
    let room = LONGEST_NAME.saturating_sub(end.len());
    // Names are ASCII; a part must not end with a dot or a hyphen.
    let begin: String = identity.name.chars().take(room).collect();
    format!("{}{end}", begin.trim_end_matches(['.', '-']))
}
