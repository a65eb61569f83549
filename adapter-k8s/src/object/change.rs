//! The write that turns the current object into the wanted one: none if both are equal.

use serde_json::{Map, Value};

use crate::object::Object;

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Create it; there is no such object yet.
    Create(Object),
    /// Replace the version that this was computed from; the server refuses it if that is not the newest.
    Replace(Object),
    /// Change these fields, whatever other fields have changed meanwhile.
    Adjust(Object),
    /// Delete the current object, by its uid, and create this one: the server does not allow changing it in place.
    Recreate(Object),
    /// Delete the current object, by its uid.
    Delete(Object),
}

/// The write that turns the current object into `wanted`; `None` if they are equal.
///
/// `wanted` is the current object with our fields changed, or a new object. A new one replaces an object that exists.
#[must_use]
pub fn to(wanted: Object, seen: Option<&Object>) -> Option<Change> {
    match seen {
        None => Some(Change::Create(wanted)),
        Some(seen) if *seen == wanted => None,
        Some(seen) if wanted.uid().is_empty() && !seen.uid().is_empty() => Some(Change::Recreate(wanted)),
        Some(_) => Some(Change::Replace(wanted)),
    }
}

/// The JSON merge patch (RFC 7386) that turns `seen` into `wanted`: lists are replaced as a whole.
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
    use crate::{kinds::CONFIG_MAP, object::Key};

    #[test]
    fn a_patch_contains_only_differences() {
        let seen = json!({"a": {"b": 1, "c": [1, 2], "gone": true}, "same": {"x": 1}});
        let wanted = json!({"a": {"b": 2, "c": [1], "new": {"y": null}}, "same": {"x": 1}});
        let patch = json!({"a": {"b": 2, "c": [1], "gone": null, "new": {"y": null}}});
        assert_eq!(merge_patch(&seen, &wanted), patch);
        assert_eq!(merge_patch(&seen, &seen), json!({}));
    }

    #[test]
    fn a_new_object_replaces_an_existing_one() {
        let key = Key::new(CONFIG_MAP, "test", "settings");
        let new = Object::new(&key);
        let mut seen = new.clone();
        assert_eq!(to(new.clone(), None), Some(Change::Create(new.clone())));
        seen.set("/metadata/uid", "1");
        assert_eq!(to(seen.clone(), Some(&seen)), None);
        assert_eq!(to(new.clone(), Some(&seen)), Some(Change::Recreate(new)));
        let mut changed = seen.clone();
        changed.set("/data", json!({"a": "1"}));
        assert_eq!(to(changed.clone(), Some(&seen)), Some(Change::Replace(changed)));
    }
}
