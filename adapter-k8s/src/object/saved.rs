//! How a state is saved in a Canary's status: in place of the one it was decided on, and of no other.

use serde_json::{Value, json};

use crate::{
    kinds::CANARY,
    object::{Cut, Object},
};

/// The pointer to the number of the save.
const WAY: [&str; 3] = ["/status", "/status/serin", SEQ];
const SEQ: &str = "/status/serin/seq";

/// The number of saves of a Canary's status; `None` before the first.
#[must_use]
pub(crate) fn seq(canary: &Object) -> Option<i64> {
    debug_assert_eq!(canary.kind(), CANARY);
    canary.number(SEQ)
}

/// Whether both are the same Canary with the same saved state, whatever else has changed.
#[must_use]
pub(crate) fn is_same(canary: &Object, other: &Object) -> bool {
    canary.uid() == other.uid() && seq(canary) == seq(other)
}

/// Sets the number of saves in a status that is about to be saved.
#[must_use]
pub(crate) fn seq_of(status: &Value) -> Option<i64> {
    status["serin"]["seq"].as_i64()
}

/// Whether a Canary, as in the server's answer to a save, has the state that was saved with this number. A status that
/// could not be read does not show that it has not.
#[must_use]
pub(crate) fn is_kept(saved: Option<i64>, canary: &Object) -> bool {
    cut(canary).is_some() || seq(canary) == saved
}

/// The part of the status that was not read; `None` if it is complete.
#[must_use]
pub(crate) fn cut(canary: &Object) -> Option<&Cut> {
    canary.cut().filter(|cut| cut.path.starts_with("status"))
}

/// The JSON patch (RFC 6902) that replaces the status in `canary`: the server accepts it if no other client has saved
/// another status meanwhile. Other changes of the Canary, however frequent, do not block it.
#[must_use]
pub(crate) fn patch(canary: &Object, status: Value) -> Value {
    let is_missing = |way: &&str| canary.at(way).is_none_or(Value::is_null);
    // The parents have to exist for a test to succeed; a test for null also accepts a missing last part.
    let seen = WAY.into_iter().find(is_missing).unwrap_or(SEQ);
    json!([
        {"op": "test", "path": "/metadata/uid", "value": canary.uid()},
        {"op": "test", "path": seen, "value": canary.at(seen)},
        {"op": "add", "path": "/status", "value": status},
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(status: &Value) -> Object {
        Object::read(CANARY, json!({"metadata": {"uid": "7"}, "status": status}))
    }

    #[test]
    fn a_save_requires_the_same_canary_and_the_same_saved_state() {
        let tested = |status| {
            let patch = patch(&canary(&status), json!("new"));
            assert_eq!(patch[0], json!({"op": "test", "path": "/metadata/uid", "value": "7"}));
            assert_eq!(patch[2], json!({"op": "add", "path": "/status", "value": "new"}));
            (patch[1]["path"].as_str().unwrap().to_owned(), patch[1]["value"].clone())
        };
        assert_eq!(tested(json!({"serin": {"seq": 3}})), (SEQ.to_owned(), json!(3)));
        assert_eq!(tested(json!({"serin": {}})), (SEQ.to_owned(), Value::Null));
        assert_eq!(tested(json!({"phase": "Initialized"})), ("/status/serin".to_owned(), Value::Null));
        assert_eq!(tested(Value::Null), ("/status".to_owned(), Value::Null));
    }

    #[test]
    fn a_save_is_kept_if_its_number_is() {
        let sent = json!({"phase": "Progressing", "serin": {"seq": 3}});
        let saved = seq_of(&sent);
        assert!(is_kept(saved, &canary(&sent)));
        assert!(!is_kept(saved, &canary(&json!({"phase": "Progressing"}))), "a CRD has dropped it");
    }

    #[test]
    fn another_save_and_another_canary_are_not_the_same() {
        let saved = |seq: i64| canary(&json!({"phase": "Progressing", "serin": {"seq": seq}}));
        let mut changed = saved(3);
        changed.set("/metadata/annotations", json!({"a": "b"}));
        assert!(is_same(&saved(3), &changed));
        assert!(!is_same(&saved(3), &saved(4)));
        assert!(!is_same(&saved(3), &canary(&Value::Null)));
        changed.set("/metadata/uid", "8");
        assert!(!is_same(&saved(3), &changed));
    }
}
