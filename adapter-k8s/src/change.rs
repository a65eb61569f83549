//! From what is seen and what has to be to what is written: nothing where both are the same.

use serde_json::{Map, Value};

use crate::object::{Key, Object};

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// There is no such object yet.
    Create(Object),
    /// Put this in place of the version it was computed from; refused by the server if that is not the newest.
    Replace(Object),
    /// Take it away.
    Delete(Key),
}

/// The write that makes `wanted` of what was seen; `None` if it is so already.
///
/// `wanted` is what was seen with the fields changed that are ours, or a new object.
#[must_use]
pub fn to(wanted: Object, seen: Option<&Object>) -> Option<Change> {
    match seen {
        None => Some(Change::Create(wanted)),
        Some(seen) if *seen == wanted => None,
        Some(_) => Some(Change::Replace(wanted)),
    }
}

/// The JSON merge patch (RFC 7386) that makes `wanted` of `seen`: lists are replaced as a whole.
#[must_use]
pub fn merge_patch(seen: &Value, wanted: &Value) -> Value {
    let (Value::Object(seen), Value::Object(wanted)) = (seen, wanted) else { return wanted.clone() };
    let mut patch = Map::new();
    for key in seen.keys().filter(|key| !wanted.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, wanted) in wanted {
        match seen.get(key) {
            Some(seen) if seen == wanted => {}
            Some(seen @ Value::Object(_)) if wanted.is_object() => {
                patch.insert(key.clone(), merge_patch(seen, wanted));
            }
            Some(_) | None => {
                patch.insert(key.clone(), wanted.clone());
            }
        }
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_says_what_differs_and_nothing_else() {
        let seen = json!({"a": {"b": 1, "c": [1, 2], "gone": true}, "same": {"x": 1}});
        let wanted = json!({"a": {"b": 2, "c": [1], "new": {"y": null}}, "same": {"x": 1}});
        let patch = json!({"a": {"b": 2, "c": [1], "gone": null, "new": {"y": null}}});
        assert_eq!(merge_patch(&seen, &wanted), patch);
        assert_eq!(merge_patch(&seen, &seen), json!({}));
    }
}
