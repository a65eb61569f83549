//! The Event objects that `kubectl describe` shows.

use serde_json::{Value, json};
use serin_core::{Timestamp, message::EventType, revision::Text, spec::Identity};

use super::Notification;
use crate::{
    kinds::EVENT,
    object::{Key, Object},
};

const LONGEST_NAME: usize = 253;
/// What the events of a dry run begin with: what they say was not done.
pub(crate) const DRY_RUN: &str = "dry-run: ";

/// The event of a notice. A repeat has the same name, so the API server keeps one.
#[must_use]
pub fn object(notification: &Notification<'_>) -> Object {
    let (id, mut text) = (notification.notice.id.to_string(), notification.text());
    if notification.subject.settings.dry_run {
        text = format!("{DRY_RUN}{text}");
    }
    of(&notification.subject.identity, &id, type_of(notification), &text, notification.notice.at)
}

/// An event of a Canary: `kind` is `Normal` or `Warning`. Another one with the same id is a repeat.
#[must_use]
pub fn of(identity: &Identity, id: &str, kind: &str, message: &str, at: Timestamp) -> Object {
    let involved = json!({
        "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": &*identity.name,
        "namespace": &*identity.namespace, "uid": &*identity.uid,
    });
    about(involved, &Key::new(EVENT, &identity.namespace, &name(identity, id)), kind, message, at)
}

/// As [`of`], of a Canary as the API server has it.
#[must_use]
pub fn on(canary: &Object, id: &str, kind: &str, message: &str, at: Timestamp) -> Object {
    let [namespace, name, uid] = [canary.namespace(), canary.name(), canary.uid()].map(Text::from);
    of(&Identity { namespace, name, uid }, id, kind, message, at)
}

/// An event of that name about any object, which is given by its reference.
#[must_use]
pub fn about(involved: Value, key: &Key, kind: &str, message: &str, at: Timestamp) -> Object {
    let mut object = Object::new(key);
    let at = at.whole_second().to_string();
    object.set("/involvedObject", involved);
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
pub(super) fn type_of(notification: &Notification<'_>) -> &'static str {
    match notification.notice.message.event_type() {
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
