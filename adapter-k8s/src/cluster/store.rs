//! The objects of one kind, most of them packed.
//!
//! As a tree of values an object takes ten times the space of its text, and most objects are not read for hours.
//! Objects that are being read stay unpacked for a while.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Arc, Weak},
};

use serde_json::Value;
use serin_core::revision::Text;

use super::{
    allowance::{Allowance, shortened},
    cache::{Changed, How, WakeOn},
};
use crate::{
    kinds::is_read_by_reference,
    object::{Cut, Key, Kind, Object},
};

/// Maximum number of unpacked objects of one kind: those of the Canaries that are read at about the same time.
const MOST_OPEN: usize = 48;

/// How many deleted objects of one kind are remembered.
const MOST_GONE: usize = 1_024;

/// An object as text.
#[derive(Debug)]
struct Packed {
    kind: Kind,
    json: Box<[u8]>,
    cut: Option<Box<Cut>>,
}

impl Packed {
    fn of(object: &Object) -> Self {
        let cut = object.cut().cloned().map(Box::new);
        Self { kind: object.kind(), json: object.to_json().into(), cut }
    }

    fn open(&self) -> Object {
        // We wrote it, from a value.
        Object::read(self.kind, serde_json::from_slice(&self.json).unwrap_or_default())
            .with_cut(self.cut.as_deref().cloned())
    }
}

/// A stored object.
#[derive(Debug)]
pub struct Entry {
    packed: Packed,
    version: Text,
    /// A hash of its content, without its status.
    stamp: u64,
    /// Its values of the indexed labels.
    carried: Vec<(Text, Text)>,
    /// The unpacked object, while it may soon be read again.
    open: Option<Arc<Object>>,
    /// The unpacked object, if a reader still held it when it was packed.
    held: Weak<Object>,
}

impl Entry {
    /// An object that was not read yet.
    #[must_use]
    pub fn of(object: &Object) -> Self {
        Self {
            packed: Packed::of(object),
            version: object.resource_version().into(),
            stamp: stamp_of(object),
            carried: Vec::new(),
            open: None,
            held: Weak::new(),
        }
    }

    /// The object, or less of it if there is no space.
    pub(super) fn within(self, allowance: &mut Allowance, key: &Key) -> Self {
        if allowance.takes(key, self.packed.json.len()) {
            return self;
        }
        let object = self.open.clone().unwrap_or_else(|| Arc::new(self.packed.open()));
        Self::of(&shortened(&object))
    }

    /// Whether a part of it could not be read.
    fn is_cut(&self) -> bool {
        self.packed.cut.is_some()
    }

    /// Notes its values of some labels.
    fn carry<'a>(&mut self, labels: impl Iterator<Item = &'a Text>) {
        let mut labels = labels.peekable();
        if labels.peek().is_some() {
            let object = self.open.clone().unwrap_or_else(|| Arc::new(self.packed.open()));
            let carried = labels.filter_map(|label| Some((label.clone(), object.label(label)?.into())));
            self.carried = carried.collect();
        }
    }
}

/// Deleted objects, as long as an older answer can still contain them: the last ones.
#[derive(Debug, Default)]
struct Gone {
    versions: BTreeMap<Key, Text>,
    /// In the order of their deletion.
    order: VecDeque<Key>,
}

impl Gone {
    fn add(&mut self, key: Key, version: Text) {
        self.versions.insert(key.clone(), version);
        self.order.push_back(key);
        if self.order.len() > MOST_GONE
            && let Some(oldest) = self.order.pop_front()
        {
            // One that was created and deleted again is in the list twice, and then forgotten early.
            self.versions.remove(&oldest);
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The objects of one kind.
#[derive(Debug, Default)]
pub(super) struct Store {
    entries: BTreeMap<Key, Entry>,
    /// The unpacked objects, in the order in which they were unpacked.
    open: VecDeque<Key>,
    allowance: Allowance,
    /// Deleted objects, by their last version: older versions must not bring them back.
    gone: Gone,
    /// During a list, the objects that were added since it began: they can be newer than the list.
    since_list: Option<BTreeSet<Key>>,
    /// Counts the objects that were created and deleted.
    pub(super) members: u64,
    /// Objects by indexed label and value.
    labelled: BTreeMap<Text, BTreeMap<Text, BTreeSet<Key>>>,
    pub(super) state: StoreState,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum StoreState {
    /// The first list is not complete.
    #[default]
    Filling,
    /// All objects are known.
    Filled,
    /// It cannot be read now, with the reason. The objects that were read before are too old to act upon.
    Broken(Text),
}

impl Store {
    /// The names of all objects, sorted.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.entries.keys()
    }

    /// How many objects cannot be read.
    pub(super) fn cut(&self) -> usize {
        self.entries.values().filter(|entry| entry.is_cut()).count()
    }

    /// One object.
    pub(super) fn find(&mut self, key: &Key) -> Option<Arc<Object>> {
        let entry = self.entries.get_mut(key)?;
        if let Some(open) = &entry.open {
            return Some(open.clone());
        }
        let object = entry.held.upgrade().unwrap_or_else(|| Arc::new(entry.packed.open()));
        entry.open = Some(object.clone());
        self.opened(key.clone());
        Some(object)
    }

    /// The stamp of an object: a number that stays the same while the parts that `wakes` selects do not change.
    pub(super) fn stamp(&self, key: &Key, wakes: WakeOn) -> Option<u64> {
        let entry = self.entries.get(key)?;
        Some(match wakes {
            WakeOn::Meant => entry.stamp,
            WakeOn::All => hash_of(&entry.version),
        })
    }

    /// The objects of a namespace that carry a label. The index is built when a label is used for the first time.
    pub(super) fn labelled(&mut self, namespace: &str, label: &str, value: &str) -> Vec<Key> {
        if !self.labelled.contains_key(label) {
            self.sort_by(label.into());
        }
        let keys = self.labelled.get(label).and_then(|by_value| by_value.get(value)).into_iter().flatten();
        keys.filter(|key| *key.namespace == *namespace).cloned().collect()
    }

    /// Builds the index of another label.
    fn sort_by(&mut self, label: Text) {
        self.labelled.insert(label, BTreeMap::new());
        for (key, entry) in &mut self.entries {
            entry.carry(self.labelled.keys());
            for (label, value) in &entry.carried {
                let by_value = self.labelled.entry(label.clone()).or_default();
                by_value.entry(value.clone()).or_default().insert(key.clone());
            }
        }
    }

    /// Adds an object that has changed, unpacked, because the readers that it wakes will read it.
    pub(super) fn put(&mut self, object: Object) -> Option<Changed> {
        let key = object.key();
        if self.meets(&key, object.resource_version()) {
            return None;
        }
        let mut entry = Entry::of(&object);
        entry.open = Some(Arc::new(object));
        self.insert(key, entry)
    }

    /// Adds an object unless a newer one is there.
    pub(super) fn insert(&mut self, key: Key, entry: Entry) -> Option<Changed> {
        if self.has_seen(&key, &entry.version) {
            return None;
        }
        self.gone.versions.remove(&key);
        let before = self.entries.remove(&key);
        if let Some(before) = &before {
            self.allowance.gives_back(&key, before.packed.json.len());
        }
        let mut entry = entry.within(&mut self.allowance, &key);
        entry.carry(self.labelled.keys());
        if let Some(cut) = entry.packed.cut.as_deref()
            && before.as_ref().is_none_or(|before| !before.is_cut())
        {
            tracing::warn!(object = %key, why = %cut, "an object cannot be read");
        }
        let how = if before.is_some() { How::Altered } else { How::Came };
        self.members += u64::from(before.is_none());
        let carried = self.index(&key, before.as_ref(), Some(&entry));
        let opens = entry.open.is_some() && before.as_ref().is_none_or(|before| before.open.is_none());
        self.entries.insert(key.clone(), entry);
        if opens {
            self.opened(key.clone());
        }
        Some(Changed { key, how, carried })
    }

    /// Notes a version of an object; returns whether this version, or a newer one, has been here.
    pub(super) fn meets(&mut self, key: &Key, version: &str) -> bool {
        if let Some(since_list) = &mut self.since_list {
            since_list.insert(key.clone());
        }
        self.has_seen(key, version)
    }

    fn has_seen(&self, key: &Key, version: &str) -> bool {
        let known = self.entries.get(key).map(|entry| &entry.version).or(self.gone.versions.get(key));
        known.is_some_and(|known| is_outdated(version, known))
    }

    /// Removes an object, unless a newer one than `last` is there.
    pub(super) fn remove(&mut self, key: &Key, last: &str) -> Option<Changed> {
        if !is_outdated(&self.entries.get(key)?.version, last) {
            return None;
        }
        let before = self.entries.remove(key);
        if let Some(before) = &before {
            self.allowance.gives_back(key, before.packed.json.len());
        }
        self.members += 1;
        let carried = self.index(key, before.as_ref(), None);
        self.gone.add(key.clone(), last.into());
        Some(Changed { key: key.clone(), how: How::Went, carried })
    }

    /// A list starts.
    pub(super) fn list(&mut self) {
        self.since_list = Some(BTreeSet::new());
    }

    /// A list has ended with these objects. Others are deleted, unless they were added since it began.
    pub(super) fn fill(&mut self, listed: Vec<(Key, Entry)>) -> Vec<Changed> {
        let mut there = self.since_list.take().unwrap_or_default();
        there.extend(listed.iter().map(|(key, _)| key.clone()));
        let mut changed: Vec<Changed> =
            listed.into_iter().filter_map(|(key, entry)| self.insert(key, entry)).collect();
        let gone = self.entries.iter().filter(|(key, _)| !there.contains(*key));
        let gone: Vec<(Key, Text)> = gone.map(|(key, entry)| (key.clone(), entry.version.clone())).collect();
        changed.extend(gone.into_iter().filter_map(|(key, version)| self.remove(&key, &version)));
        self.state = StoreState::Filled;
        self.gone.clear();
        changed
    }

    /// Notes that an object is unpacked, and packs the one that has been unpacked for the longest time.
    fn opened(&mut self, key: Key) {
        self.open.push_back(key);
        if self.open.len() > MOST_OPEN
            && let Some(key) = self.open.pop_front()
            && let Some(entry) = self.entries.get_mut(&key)
        {
            let held = entry.open.take().filter(|open| Arc::strong_count(open) > 1);
            entry.held = held.as_ref().map(Arc::downgrade).unwrap_or_default();
        }
    }

    /// Updates the indexes. Returns the labels that the object had and has.
    fn index(&mut self, key: &Key, before: Option<&Entry>, after: Option<&Entry>) -> BTreeSet<(Text, Text)> {
        let carried = |entry: Option<&Entry>| -> BTreeSet<(Text, Text)> {
            entry.into_iter().flat_map(|entry| entry.carried.iter().cloned()).collect()
        };
        let (before, after) = (carried(before), carried(after));
        for (label, value) in before.difference(&after) {
            if let Some(by_value) = self.labelled.get_mut(label)
                && let Some(keys) = by_value.get_mut(value)
            {
                keys.remove(key);
                if keys.is_empty() {
                    by_value.remove(value);
                }
            }
        }
        for (label, value) in after.difference(&before) {
            let by_value = self.labelled.entry(label.clone()).or_default();
            by_value.entry(value.clone()).or_default().insert(key.clone());
        }
        &before | &after
    }
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A hash of an object's content, without its status. For one that is watched only by its metadata, the version stands
/// for the rest.
fn stamp_of(object: &Object) -> u64 {
    let mut hasher = DefaultHasher::new();
    object.cut().hash(&mut hasher);
    if is_read_by_reference(object.kind()) {
        // Its contents are not here; a new version means that they may have changed.
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

/// Whether this version is not newer than the cached one. All API servers on etcd count versions, and Kubernetes 1.35
/// guarantees it; versions that are not numbers are accepted as they come.
fn is_outdated(version: &str, known: &str) -> bool {
    match (version.parse::<u64>(), known.parse::<u64>()) {
        (Ok(version), Ok(known)) => version <= known,
        _ => version == known,
    }
}
