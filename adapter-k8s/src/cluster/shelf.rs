//! The objects of one kind, most of them packed.
//!
//! As a tree of values an object takes ten times the room of its text, and of most objects nobody asks for hours. What is
//! being looked at stays open for a while.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use serde_json::Value;
use serin_core::revision::Text;

use super::cache::Changed;
use crate::{
    kinds::is_read_by_reference,
    object::{Key, Kind, Object},
};

/// Objects of one kind that are open at most: those of the Canaries that are looked at within the same second or so.
const MOST_OPEN: usize = 128;

/// An object as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    kind: Kind,
    json: Arc<[u8]>,
}

impl Packed {
    /// Packs an object.
    #[must_use]
    pub fn of(object: &Object) -> Self {
        Self { kind: object.kind(), json: object.value().to_string().into_bytes().into() }
    }

    /// The object.
    #[must_use]
    pub fn open(&self) -> Object {
        // It was written by us, from a value.
        Object::read(self.kind, serde_json::from_slice(&self.json).unwrap_or_default())
    }
}

/// What is kept of one object.
#[derive(Debug)]
pub struct Entry {
    packed: Packed,
    version: Text,
    /// What it says, its status aside, as a number.
    stamp: u64,
    /// The same unpacked, while somebody may soon ask for it again.
    open: Option<Arc<Object>>,
}

impl Entry {
    /// An object that nobody has asked for yet.
    #[must_use]
    pub fn of(object: &Object) -> Self {
        Self {
            packed: Packed::of(object),
            version: object.resource_version().into(),
            stamp: stamp_of(object),
            open: None,
        }
    }

    fn label(&self, label: &str) -> Option<Text> {
        match &self.open {
            Some(object) => object.label(label).map(Text::from),
            None => self.packed.open().label(label).map(Text::from),
        }
    }
}

/// The objects of one kind.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    entries: BTreeMap<Key, Entry>,
    /// Those that are open, in the order they were opened.
    open: VecDeque<Key>,
    /// Objects that are gone, by the version they had: what is older must not bring them back.
    gone: BTreeMap<Key, Text>,
    /// While a list is under way, the objects that were put in since it began: they may be newer than the list.
    since_list: Option<BTreeSet<Key>>,
    /// Counts how often an object came or went.
    pub(super) members: u64,
    /// Objects by a label that somebody has asked by, and its value.
    labelled: BTreeMap<Text, BTreeMap<Text, BTreeSet<Key>>>,
    pub(super) state: ShelfState,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum ShelfState {
    /// The first list is under way.
    #[default]
    Filling,
    /// Every object is there.
    Filled,
    /// It cannot be read now, and why. What was read before is too old to act upon.
    Broken(Text),
}

impl Shelf {
    /// The names of all objects, in their order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.entries.keys()
    }

    /// One object.
    pub(super) fn find(&mut self, key: &Key) -> Option<Arc<Object>> {
        let entry = self.entries.get_mut(key)?;
        if let Some(open) = &entry.open {
            return Some(open.clone());
        }
        let object = Arc::new(entry.packed.open());
        entry.open = Some(object.clone());
        self.opened(key.clone());
        Some(object)
    }

    /// What an object says, its status aside, as a number.
    pub(super) fn stamp(&self, key: &Key) -> Option<u64> {
        self.entries.get(key).map(|entry| entry.stamp)
    }

    /// The objects of a namespace that carry a label. They are sorted out when somebody asks by it for the first time.
    pub(super) fn labelled(&mut self, namespace: &str, label: &str, value: &str) -> Vec<Key> {
        let entries = &self.entries;
        let by_value = self.labelled.entry(label.into()).or_insert_with(|| {
            let mut index: BTreeMap<Text, BTreeSet<Key>> = BTreeMap::new();
            for (key, entry) in entries {
                if let Some(value) = entry.label(label) {
                    index.entry(value).or_default().insert(key.clone());
                }
            }
            index
        });
        let keys = by_value.get(value).into_iter().flatten();
        keys.filter(|key| *key.namespace == *namespace).cloned().collect()
    }

    /// Puts an object in that has changed, and leaves it open: whoever is woken by it will ask.
    pub(super) fn put(&mut self, object: Object) -> Option<Changed> {
        let key = object.key();
        if let Some(since_list) = &mut self.since_list {
            since_list.insert(key.clone());
        }
        let mut entry = Entry::of(&object);
        entry.open = Some(Arc::new(object));
        self.insert(key, entry)
    }

    /// Puts an object in unless a newer one is there.
    pub(super) fn insert(&mut self, key: Key, entry: Entry) -> Option<Changed> {
        let known = self.entries.get(&key).map(|entry| &entry.version).or(self.gone.get(&key));
        if known.is_some_and(|known| is_outdated(&entry.version, known)) {
            return None;
        }
        self.gone.remove(&key);
        let before = self.entries.remove(&key);
        self.members += u64::from(before.is_none());
        self.index(&key, before.as_ref(), Some(&entry));
        let after = Some(entry.packed.clone());
        let opens = entry.open.is_some() && before.as_ref().is_none_or(|before| before.open.is_none());
        self.entries.insert(key.clone(), entry);
        if opens {
            self.opened(key.clone());
        }
        Some(Changed { key, before: before.map(|before| before.packed), after })
    }

    /// Takes an object out, unless a newer one than `last` is there.
    pub(super) fn remove(&mut self, key: &Key, last: &str) -> Option<Changed> {
        if !is_outdated(&self.entries.get(key)?.version, last) {
            return None;
        }
        let before = self.entries.remove(key);
        self.members += 1;
        self.index(key, before.as_ref(), None);
        self.gone.insert(key.clone(), last.into());
        Some(Changed { key: key.clone(), before: before.map(|before| before.packed), after: None })
    }

    /// A list begins.
    pub(super) fn list(&mut self) {
        self.since_list = Some(BTreeSet::new());
    }

    /// A list has ended, and these are its objects; others are there no more, unless they were put in since it began.
    pub(super) fn fill(&mut self, listed: Vec<(Key, Entry)>) -> Vec<Changed> {
        let mut there = self.since_list.take().unwrap_or_default();
        there.extend(listed.iter().map(|(key, _)| key.clone()));
        let mut changed: Vec<Changed> =
            listed.into_iter().filter_map(|(key, entry)| self.insert(key, entry)).collect();
        let gone = self.entries.iter().filter(|(key, _)| !there.contains(*key));
        let gone: Vec<(Key, Text)> = gone.map(|(key, entry)| (key.clone(), entry.version.clone())).collect();
        changed.extend(gone.into_iter().filter_map(|(key, version)| self.remove(&key, &version)));
        self.state = ShelfState::Filled;
        self.gone.clear();
        changed
    }

    /// Notes that an object is open, and packs the one that has been for longest.
    fn opened(&mut self, key: Key) {
        self.open.push_back(key);
        if self.open.len() > MOST_OPEN
            && let Some(key) = self.open.pop_front()
            && let Some(entry) = self.entries.get_mut(&key)
        {
            entry.open = None;
        }
    }

    /// Keeps the objects by label as the objects are.
    fn index(&mut self, key: &Key, before: Option<&Entry>, after: Option<&Entry>) {
        for (label, index) in &mut self.labelled {
            let value = |entry: Option<&Entry>| entry.and_then(|entry| entry.label(label));
            let (before, after) = (value(before), value(after));
            if before == after {
                continue;
            }
            if let Some(before) = before
                && let Some(keys) = index.get_mut(&before)
            {
                keys.remove(key);
                if keys.is_empty() {
                    index.remove(&before);
                }
            }
            if let Some(after) = after {
                index.entry(after).or_default().insert(key.clone());
            }
        }
    }
}

/// What an object says, its status aside.
fn stamp_of(object: &Object) -> u64 {
    let mut hasher = DefaultHasher::new();
    if is_read_by_reference(object.kind()) {
        // Its contents are not here; the version tells that they may have changed.
        object.resource_version().hash(&mut hasher);
    }
    for (key, value) in object.value().as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("status", _) => {}
            ("metadata", Value::Object(fields)) => {
                for (name, value) in fields.iter().filter(|(name, _)| *name != "resourceVersion") {
                    name.hash(&mut hasher);
                    value.hash(&mut hasher);
                }
            }
            _ => value.hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// Whether something of that version is no newer than what is known. All API servers on etcd count, and Kubernetes 1.35
/// promises it; versions that are no numbers are taken as they come.
fn is_outdated(version: &str, known: &str) -> bool {
    match (version.parse::<u64>(), known.parse::<u64>()) {
        (Ok(version), Ok(known)) => version <= known,
        _ => version == known,
    }
}
