//! How much is kept of the large objects of one namespace, so that no namespace fills the shared memory.
//!
//! Beyond that an object is kept in short: its name and its deletion, and for a Canary what can still be done with it.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value, json};

use crate::object::{Cut, Key, Object};

/// An object is large beyond this many bytes, as text.
const LARGE: usize = 16 * 1024;
/// The limit for the large objects of one kind and namespace together, in bytes.
pub(super) const MOST_LARGE: usize = 8 * 1024 * 1024;

/// The space that the large objects use, by namespace.
#[derive(Debug, Default)]
pub(super) struct Allowance(BTreeMap<Arc<str>, usize>);

impl Allowance {
    /// Reserves space for an object of that many bytes; returns false if there is none left.
    pub(super) fn takes(&mut self, key: &Key, bytes: usize) -> bool {
        if bytes <= LARGE {
            return true;
        }
        let taken = self.0.entry(key.namespace.clone()).or_default();
        let has_room = *taken + bytes <= MOST_LARGE;
        if has_room {
            *taken += bytes;
        }
        has_room
    }

    /// Frees the space of an object.
    pub(super) fn gives_back(&mut self, key: &Key, bytes: usize) {
        if bytes > LARGE
            && let Some(taken) = self.0.get_mut(&key.namespace)
        {
            *taken = taken.saturating_sub(bytes);
            if *taken == 0 {
                self.0.remove(&key.namespace);
            }
        }
    }
}

/// An object in short. Readers that need more of it get an error that says so.
pub(super) fn shortened(object: &Object) -> Object {
    let parts = [
        (
            "metadata",
            &["name", "namespace", "uid", "resourceVersion", "generation", "deletionTimestamp", "finalizers"]
                [..],
        ),
        ("spec", &["targetRef", "provider", "revertOnDeletion"]),
    ];
    let mut short = Map::new();
    for (part, fields) in parts {
        let kept = fields.iter().filter_map(|field| {
            let value = object.at(&format!("/{part}/{field}")).filter(|value| is_small(value))?;
            Some(((*field).to_owned(), value.clone()))
        });
        short.insert(part.into(), Value::Object(kept.collect()));
    }
    let service = object.at("/spec/service/name").filter(|name| is_small(name));
    if let Some(name) = service {
        short["spec"]["service"] = json!({"name": name});
    }
    let status = object.at("/status");
    if let Some(status) = status.filter(|status| is_small(status)) {
        short.insert("status".into(), status.clone());
    }
    // A status that is not kept must not look like one that was never written.
    let path = if status.is_none_or(is_small) { "spec" } else { "status" };
    let why = format!(
        "is not kept: the large objects of this kind in namespace {} take more than {} MiB",
        object.namespace(),
        MOST_LARGE / 1024 / 1024
    );
    Object::read(object.kind(), Value::Object(short))
        .with_cut(Some(Cut { path: path.into(), why: why.into() }))
}

fn is_small(value: &Value) -> bool {
    value.to_string().len() <= LARGE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::CANARY;

    #[test]
    fn the_large_objects_of_one_namespace_take_no_space_of_another() {
        let mut allowance = Allowance::default();
        let (greedy, modest) = (Key::new(CANARY, "greedy", "a"), Key::new(CANARY, "modest", "a"));
        let quarter = MOST_LARGE / 4;
        for _ in 0..4 {
            assert!(allowance.takes(&greedy, quarter));
        }
        assert!(!allowance.takes(&greedy, quarter) && allowance.takes(&greedy, LARGE));
        assert!(allowance.takes(&modest, MOST_LARGE));
        allowance.gives_back(&greedy, quarter);
        assert!(allowance.takes(&greedy, quarter));
        allowance.gives_back(&modest, MOST_LARGE);
        assert_eq!(allowance.0.len(), 1);
    }

    #[test]
    fn a_canary_in_short_can_still_be_ended_and_deleted() {
        let status =
            |length: usize| json!({"phase": "Progressing", "serin": {"seq": 3, "x": "x".repeat(length)}});
        let canary = |status: Value| {
            let metadata =
                json!({"name": "a", "namespace": "n", "uid": "1", "annotations": {"a": "x".repeat(LARGE)}});
            let service = json!({"name": "s", "port": 80});
            let spec = json!({"targetRef": {"name": "t"}, "service": service, "revertOnDeletion": true});
            shortened(&Object::read(CANARY, json!({"metadata": metadata, "spec": spec, "status": status})))
        };
        let short = canary(status(0));
        assert!(
            short.to_json().len() < 500 && short.uid() == "1" && short.text("/status/phase") == "Progressing"
        );
        assert_eq!((short.text("/spec/targetRef/name"), short.text("/spec/service/name")), ("t", "s"));
        assert_eq!(&*short.cut().unwrap().path, "spec");
        assert_eq!(&*canary(status(LARGE)).cut().unwrap().path, "status");
    }
}
