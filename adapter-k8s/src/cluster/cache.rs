//! What is known of the cluster without asking it: the objects of every kind that is watched.
//!
//! What we write goes in at once, so that nobody here ever sees an object older than our own last write.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use serin_core::{observation::Unseen, revision::Text};

use super::interests::Interest;
use crate::object::{Key, Kind, Object, seen::Seen};

/// The objects of every watched kind.
#[derive(Debug, Default)]
pub struct Cache {
    shelves: Mutex<BTreeMap<Kind, Shelf>>,
}

/// The objects of one kind.
#[derive(Debug, Default)]
struct Shelf {
    objects: BTreeMap<Key, Arc<Object>>,
    /// Objects that are gone, by the version they had: what is older must not bring them back.
    gone: BTreeMap<Key, Text>,
    /// What the objects say, their statuses aside, as a number.
    stamps: BTreeMap<Key, u64>,
    /// Counts how often an object came or went.
    members: u64,
    /// Objects by a label that somebody has asked by, and its value.
    labelled: BTreeMap<Text, BTreeMap<Text, BTreeSet<Key>>>,
    state: ShelfState,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum ShelfState {
    /// The first list is under way.
    #[default]
    Filling,
    /// Every object is there.
    Filled,
    /// It cannot be read now, and why. What was read before is too old to act upon.
    Broken(Text),
}

/// A change of an object, for whoever depends on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Which object.
    pub key: Key,
    /// As it was and as it is; `None` where there was or is none.
    pub before: Option<Arc<Object>>,
    /// As it is.
    pub after: Option<Arc<Object>>,
}

impl Cache {
    /// Whether that kind is being watched, however that goes.
    #[must_use]
    pub fn knows(&self, kind: Kind) -> bool {
        self.shelves().contains_key(&kind)
    }

    /// Begins with a kind.
    pub fn open(&self, kind: Kind) {
        self.shelves().entry(kind).or_default();
    }

    /// Whether the first list of a kind has ended, well or not.
    #[must_use]
    pub fn is_settled(&self, kind: Kind) -> bool {
        self.shelves().get(&kind).is_some_and(|shelf| shelf.state != ShelfState::Filling)
    }

    /// Whether every object of a kind is known.
    #[must_use]
    pub fn is_filled(&self, kind: Kind) -> bool {
        self.shelves().get(&kind).is_some_and(|shelf| shelf.state == ShelfState::Filled)
    }

    /// Notes that a kind cannot be read. Returns whether that is news.
    pub fn break_down(&self, kind: Kind, why: &str) -> bool {
        let mut shelves = self.shelves();
        let state = &mut shelves.entry(kind).or_default().state;
        let broken = ShelfState::Broken(why.into());
        let news = *state != broken;
        *state = broken;
        news
    }

    /// Puts an object in, unless a newer one is there. Returns what has changed.
    pub fn put(&self, object: Object) -> Option<Changed> {
        let mut shelves = self.shelves();
        shelves.entry(object.kind()).or_default().put(Arc::new(object))
    }

    /// Takes an object out, unless a newer one is there. `last` is its last version. Returns what has changed.
    pub fn remove(&self, key: &Key, last: &str) -> Option<Changed> {
        let mut shelves = self.shelves();
        shelves.entry(key.kind).or_default().remove(key, last)
    }

    /// Puts a whole list in place of what was known; what was written after it stays. Returns what has changed.
    pub fn replace(&self, kind: Kind, listed: Vec<Object>) -> Vec<Changed> {
        let mut shelves = self.shelves();
        let shelf = shelves.entry(kind).or_default();
        let version = |object: &Object| object.resource_version().parse::<u64>().ok();
        let newest = listed.iter().filter_map(version).max().map_or("".into(), |newest| newest.to_string());
        let keys: BTreeSet<Key> = listed.iter().map(Object::key).collect();
        let mut changed: Vec<Changed> =
            listed.into_iter().filter_map(|object| shelf.put(Arc::new(object))).collect();
        let missing: Vec<Key> = shelf.objects.keys().filter(|key| !keys.contains(*key)).cloned().collect();
        for key in missing {
            changed.extend(shelf.remove(&key, &newest));
        }
        shelf.state = ShelfState::Filled;
        shelf.gone.clear();
        changed
    }

    /// What an interest reads, as a number: the same for as long as nothing but statuses change.
    #[must_use]
    pub fn stamp(&self, interest: &Interest) -> u64 {
        let mut shelves = self.shelves();
        let mut hasher = DefaultHasher::new();
        let (Interest::Object(Key { kind, .. }) | Interest::Labelled { kind, .. } | Interest::Members(kind)) =
            interest;
        let Some(shelf) = shelves.get_mut(kind) else { return 0 };
        (shelf.state == ShelfState::Filled).hash(&mut hasher);
        match interest {
            Interest::Object(key) => shelf.stamps.get(key).hash(&mut hasher),
            Interest::Labelled { namespace, label, value, .. } => {
                let keys = shelf.by_label(label).get(value).cloned().unwrap_or_default();
                for key in keys.iter().filter(|key| key.namespace == *namespace) {
                    shelf.stamps.get(key).hash(&mut hasher);
                }
            }
            Interest::Members(_) => shelf.members.hash(&mut hasher),
        }
        hasher.finish()
    }

    /// All objects of a kind, by name; none while it cannot be read.
    #[must_use]
    pub fn all(&self, kind: Kind) -> Vec<Arc<Object>> {
        let shelves = self.shelves();
        shelves.get(&kind).into_iter().flat_map(|shelf| shelf.objects.values().cloned()).collect()
    }

    fn shelves(&self) -> MutexGuard<'_, BTreeMap<Kind, Shelf>> {
        // Nothing panics while it holds the lock; if something did, the maps are still whole.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen for Cache {
    fn find(&self, key: &Key) -> Result<Option<Arc<Object>>, Unseen> {
        Ok(readable(self.shelves().get(&key.kind), key.kind)?.objects.get(key).cloned())
    }

    fn labelled(
        &self,
        kind: Kind,
        namespace: &str,
        label: &str,
        value: &str,
    ) -> Result<Vec<Arc<Object>>, Unseen> {
        let mut shelves = self.shelves();
        readable(shelves.get(&kind), kind)?;
        let Some(shelf) = shelves.get_mut(&kind) else { return Ok(Vec::new()) };
        let keys = shelf.by_label(label).get(value).cloned().unwrap_or_default();
        let inside = keys.iter().filter(|key| *key.namespace == *namespace);
        Ok(inside.filter_map(|key| shelf.objects.get(key).cloned()).collect())
    }
}

fn readable(shelf: Option<&Shelf>, kind: Kind) -> Result<&Shelf, Unseen> {
    match shelf {
        None | Some(Shelf { state: ShelfState::Filling, .. }) => {
            Err(Unseen::Unreadable(format!("{} are not read yet", kind.plural).into()))
        }
        Some(Shelf { state: ShelfState::Broken(why), .. }) => Err(Unseen::Unreadable(why.clone())),
        Some(shelf) => Ok(shelf),
    }
}

impl Shelf {
    /// The objects by a label, sorted out when somebody asks by it for the first time.
    fn by_label(&mut self, label: &str) -> &BTreeMap<Text, BTreeSet<Key>> {
        let objects = &self.objects;
        self.labelled.entry(label.into()).or_insert_with(|| {
            let mut index: BTreeMap<Text, BTreeSet<Key>> = BTreeMap::new();
            for (key, object) in objects {
                if let Some(value) = object.label(label) {
                    index.entry(value.into()).or_default().insert(key.clone());
                }
            }
            index
        })
    }

    /// Keeps the objects by label as the objects are.
    fn index(&mut self, key: &Key, before: Option<&Object>, after: Option<&Object>) {
        for (label, index) in &mut self.labelled {
            let value =
                |object: Option<&Object>| object.and_then(|object| object.label(label)).map(Text::from);
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

    fn put(&mut self, object: Arc<Object>) -> Option<Changed> {
        let key = object.key();
        let known = self.objects.get(&key).map(|object| object.resource_version());
        let known = known.or(self.gone.get(&key).map(|version| &**version));
        if known.is_some_and(|known| is_outdated(object.resource_version(), known)) {
            return None;
        }
        self.gone.remove(&key);
        let before = self.objects.insert(key.clone(), object.clone());
        self.stamps.insert(key.clone(), stamp_of(&object));
        self.members += u64::from(before.is_none());
        self.index(&key, before.as_deref(), Some(&object));
        Some(Changed { key, before, after: Some(object) })
    }

    fn remove(&mut self, key: &Key, last: &str) -> Option<Changed> {
        let before = self.objects.get(key)?;
        if !is_outdated(before.resource_version(), last) {
            return None;
        }
        let before = self.objects.remove(key);
        self.stamps.remove(key);
        self.members += 1;
        self.index(key, before.as_deref(), None);
        self.gone.insert(key.clone(), last.into());
        Some(Changed { key: key.clone(), before, after: None })
    }
}

/// What an object says, its status aside.
fn stamp_of(object: &Object) -> u64 {
    let mut hasher = DefaultHasher::new();
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::CONFIG_MAP;

    fn object(name: &str, version: u64) -> Object {
        let metadata = json!({"name": name, "namespace": "n", "resourceVersion": version.to_string(), "labels": {"of": name}});
        Object::read(CONFIG_MAP, json!({ "metadata": metadata }))
    }

    fn key(name: &str) -> Key {
        Key::new(CONFIG_MAP, "n", name)
    }

    fn versions(cache: &Cache) -> Vec<String> {
        cache.all(CONFIG_MAP).iter().map(|o| format!("{}@{}", o.name(), o.resource_version())).collect()
    }

    #[test]
    fn what_is_older_than_our_own_write_changes_nothing() {
        let cache = Cache::default();
        cache.replace(CONFIG_MAP, vec![object("a", 3)]);
        assert!(cache.put(object("a", 7)).is_some());
        assert_eq!(cache.put(object("a", 5)), None);
        assert_eq!(cache.put(object("a", 7)), None);
        assert_eq!(cache.remove(&key("a"), "6"), None);
        assert_eq!(versions(&cache), ["a@7"]);
    }

    #[test]
    fn what_we_deleted_does_not_come_back() {
        let cache = Cache::default();
        cache.replace(CONFIG_MAP, vec![object("a", 3)]);
        assert!(cache.remove(&key("a"), "4").is_some());
        assert_eq!(cache.put(object("a", 4)), None);
        assert!(cache.put(object("a", 9)).is_some(), "a new one of the same name does");
    }

    #[test]
    fn a_list_keeps_what_was_written_after_it() {
        let cache = Cache::default();
        cache.replace(CONFIG_MAP, vec![object("a", 3), object("b", 4)]);
        cache.put(object("c", 9));
        let changed = cache.replace(CONFIG_MAP, vec![object("a", 5)]);
        let keys: Vec<String> = changed.iter().map(|changed| changed.key.name.to_string()).collect();
        assert_eq!(
            (keys, versions(&cache)),
            (vec!["a".into(), "b".into()], vec!["a@5".into(), "c@9".into()])
        );
    }

    #[test]
    fn what_cannot_be_read_is_not_known() {
        let cache = Cache::default();
        assert!(cache.find(&key("a")).is_err(), "never listed");
        cache.replace(CONFIG_MAP, vec![object("a", 3)]);
        assert!(cache.find(&key("a")).unwrap().is_some() && cache.find(&key("b")).unwrap().is_none());
        assert!(cache.break_down(CONFIG_MAP, "forbidden") && !cache.break_down(CONFIG_MAP, "forbidden"));
        assert_eq!(cache.find(&key("a")), Err(Unseen::Unreadable("forbidden".into())));
    }

    #[test]
    fn a_stamp_stands_while_only_the_status_changes() {
        let cache = Cache::default();
        cache.replace(CONFIG_MAP, vec![object("a", 3)]);
        let interest = Interest::Object(key("a"));
        let (before, mut changed) = (cache.stamp(&interest), object("a", 4));
        changed.set("/status/replicas", 1);
        cache.put(changed.clone());
        assert_eq!(cache.stamp(&interest), before);
        changed.set("/metadata/resourceVersion", "5");
        changed.set("/spec/replicas", 1);
        cache.put(changed);
        assert_ne!(cache.stamp(&interest), before);
    }

    #[test]
    fn labels_find_the_objects_of_one_namespace() {
        let cache = Cache::default();
        cache.replace(CONFIG_MAP, vec![object("a", 3), object("b", 4)]);
        let found = |namespace| cache.labelled(CONFIG_MAP, namespace, "of", "b").unwrap().len();
        assert_eq!((found("n"), found("m")), (1, 0));
        cache.remove(&key("b"), "4");
        assert_eq!(found("n"), 0);
        cache.put(object("b", 9));
        assert_eq!(found("n"), 1);
    }
}
