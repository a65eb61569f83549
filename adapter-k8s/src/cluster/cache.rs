//! The cached objects of every watched kind.
//!
//! Our own writes are added at once, so that no reader sees an object that is older than our last write.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serin_core::{observation::Unseen, revision::Text};

use super::{
    interests::Interest,
    store::{Entry, Store, StoreState},
};
use crate::object::{Key, Kind, Object, reader::ObjectReader};

/// The objects of every watched kind.
#[derive(Debug, Default)]
pub struct Cache {
    stores: Mutex<BTreeMap<Kind, Store>>,
}

/// A change of an object, for the Canaries that depend on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// The object.
    pub key: Key,
    /// The kind of change.
    pub how: How,
    /// Labels that are indexed, and their values: those it had and those it has.
    pub carried: BTreeSet<(Text, Text)>,
}

/// The kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It is new in the cache.
    Came,
    /// Its content changed.
    Altered,
    /// It was deleted.
    Went,
}

/// Which parts of an object are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeOn {
    /// Everything but its status.
    Meant,
    /// Everything.
    All,
}

impl Cache {
    /// Adds a kind that is about to be watched.
    pub fn open(&self, kind: Kind) {
        self.stores().entry(kind).or_default();
    }

    /// Removes a kind: nothing is known of it.
    pub fn close(&self, kind: Kind) {
        self.stores().remove(&kind);
    }

    /// Whether the first list of a kind has ended, successfully or not.
    #[must_use]
    pub fn is_settled(&self, kind: Kind) -> bool {
        self.stores().get(&kind).is_some_and(|store| store.state != StoreState::Filling)
    }

    /// Whether a kind can be read now.
    #[must_use]
    pub fn is_readable(&self, kind: Kind) -> bool {
        self.stores().get(&kind).is_some_and(|store| store.state == StoreState::Filled)
    }

    /// Notes that a kind cannot be read. Returns whether this is new.
    pub fn break_down(&self, kind: Kind, why: &str) -> bool {
        let mut stores = self.stores();
        let state = &mut stores.entry(kind).or_default().state;
        let broken = StoreState::Broken(why.into());
        let is_new = *state != broken;
        *state = broken;
        is_new
    }

    /// Adds an object, unless a newer one is there. Returns the change.
    pub fn put(&self, object: Object) -> Option<Changed> {
        let mut stores = self.stores();
        stores.entry(object.kind()).or_default().put(object)
    }

    /// Notes that a watch shows this version of an object; returns whether this version, or a newer one, has been here.
    pub fn meets(&self, key: &Key, version: &str) -> bool {
        self.stores().entry(key.kind).or_default().meets(key, version)
    }

    /// Removes an object, unless a newer one is there. `last` is its last version. Returns the change.
    pub fn remove(&self, key: &Key, last: &str) -> Option<Changed> {
        let mut stores = self.stores();
        stores.entry(key.kind).or_default().remove(key, last)
    }

    /// A list of a kind begins.
    pub fn list(&self, kind: Kind) {
        self.stores().entry(kind).or_default().list();
    }

    /// Replaces the objects of a kind by a list; objects that were added since it began stay. Returns the changes.
    pub fn replace(&self, kind: Kind, listed: Vec<(Key, Entry)>) -> Vec<Changed> {
        self.stores().entry(kind).or_default().fill(listed)
    }

    /// The stamp of an interest: a number that stays the same while the parts that `wakes` selects do not change.
    #[must_use]
    pub fn stamp(&self, interest: &Interest, wakes: WakeOn) -> u64 {
        let mut stores = self.stores();
        let mut hasher = DefaultHasher::new();
        let (Interest::Object(Key { kind, .. }) | Interest::Labelled { kind, .. } | Interest::Members(kind)) =
            interest;
        let Some(store) = stores.get_mut(kind) else { return 0 };
        (store.state == StoreState::Filled).hash(&mut hasher);
        match interest {
            Interest::Object(key) => store.stamp(key, wakes).hash(&mut hasher),
            Interest::Labelled { namespace, label, value, .. } => {
                for key in store.labelled(namespace, label, value) {
                    store.stamp(&key, wakes).hash(&mut hasher);
                }
            }
            Interest::Members(_) => store.members.hash(&mut hasher),
        }
        hasher.finish()
    }

    /// How many objects of each kind cannot be read.
    #[must_use]
    pub fn unreadable(&self) -> BTreeMap<Kind, usize> {
        self.stores().iter().map(|(kind, store)| (*kind, store.cut())).collect()
    }

    /// The names of all objects of a kind, sorted; none while it cannot be read.
    #[must_use]
    pub fn members(&self, kind: Kind) -> Vec<Key> {
        self.stores().get(&kind).into_iter().flat_map(Store::keys).cloned().collect()
    }

    fn stores(&self) -> MutexGuard<'_, BTreeMap<Kind, Store>> {
        // No code panics while it holds the lock; if it did, the maps are still consistent.
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ObjectReader for Cache {
    fn find(&self, key: &Key) -> Result<Option<Arc<Object>>, Unseen> {
        Ok(readable(self.stores().get_mut(&key.kind), key.kind)?.find(key))
    }

    fn labelled(
        &self,
        kind: Kind,
        namespace: &str,
        label: &str,
        value: &str,
    ) -> Result<Vec<Arc<Object>>, Unseen> {
        let mut stores = self.stores();
        let store = readable(stores.get_mut(&kind), kind)?;
        let keys = store.labelled(namespace, label, value);
        Ok(keys.iter().filter_map(|key| store.find(key)).collect())
    }

    fn refusal(&self, kind: Kind) -> Option<Text> {
        match &self.stores().get(&kind)?.state {
            StoreState::Broken(why) => Some(why.clone()),
            StoreState::Filling | StoreState::Filled => None,
        }
    }
}

fn readable(store: Option<&mut Store>, kind: Kind) -> Result<&mut Store, Unseen> {
    let unreadable = |why| Err(Unseen::Unreadable(why));
    let Some(store) = store else { return unreadable(not_yet(kind)) };
    match &store.state {
        StoreState::Filling => unreadable(not_yet(kind)),
        StoreState::Broken(why) => unreadable(why.clone()),
        StoreState::Filled => Ok(store),
    }
}

fn not_yet(kind: Kind) -> Text {
    format!("{} are not read yet", kind.plural).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::{CONFIG_MAP, DEPLOYMENT};

    fn object(name: &str, version: u64) -> Object {
        let metadata = json!({"name": name, "namespace": "n", "resourceVersion": version.to_string(), "labels": {"of": name}});
        Object::read(CONFIG_MAP, json!({ "metadata": metadata }))
    }

    fn key(name: &str) -> Key {
        Key::new(CONFIG_MAP, "n", name)
    }

    fn list(cache: &Cache, objects: &[Object]) -> Vec<Changed> {
        cache.replace(CONFIG_MAP, objects.iter().map(|object| (object.key(), Entry::of(object))).collect())
    }

    fn versions(cache: &Cache) -> Vec<String> {
        let found = |key: &Key| cache.find(key).unwrap().unwrap();
        let objects = cache.members(CONFIG_MAP).iter().map(found).collect::<Vec<_>>();
        objects.iter().map(|o| format!("{}@{}", o.name(), o.resource_version())).collect()
    }

    #[test]
    fn a_version_older_than_our_own_write_changes_nothing() {
        let cache = Cache::default();
        list(&cache, &[object("a", 3)]);
        assert!(cache.put(object("a", 7)).is_some());
        assert_eq!(cache.put(object("a", 5)), None);
        assert_eq!(cache.put(object("a", 7)), None);
        assert_eq!(cache.remove(&key("a"), "6"), None);
        assert_eq!(versions(&cache), ["a@7"]);
    }

    #[test]
    fn an_object_that_we_deleted_does_not_come_back() {
        let cache = Cache::default();
        list(&cache, &[object("a", 3)]);
        assert!(cache.remove(&key("a"), "4").is_some());
        assert_eq!(cache.put(object("a", 4)), None);
        assert!(cache.put(object("a", 9)).is_some(), "a new one of the same name does");
    }

    #[test]
    fn a_list_keeps_objects_written_since_it_began_and_removes_other_missing_ones() {
        let cache = Cache::default();
        list(&cache, &[object("a", 3), object("b", 4)]);
        cache.put(object("gone", 8));
        cache.list(CONFIG_MAP);
        cache.put(object("c", 9));
        let changed = list(&cache, &[object("a", 5)]);
        let keys: Vec<String> = changed.iter().map(|changed| changed.key.name.to_string()).collect();
        assert_eq!(keys, ["a", "b", "gone"]);
        assert_eq!(versions(&cache), ["a@5", "c@9"]);
        cache.list(CONFIG_MAP);
        assert_eq!(list(&cache, &[]).len(), 2, "an empty list leaves nothing");
        assert_eq!(versions(&cache), [""; 0]);
    }

    #[test]
    fn an_unreadable_object_is_unknown() {
        let cache = Cache::default();
        assert!(cache.find(&key("a")).is_err(), "never listed");
        list(&cache, &[object("a", 3)]);
        assert!(cache.find(&key("a")).unwrap().is_some() && cache.find(&key("b")).unwrap().is_none());
        assert!(cache.break_down(CONFIG_MAP, "forbidden") && !cache.break_down(CONFIG_MAP, "forbidden"));
        assert_eq!(cache.find(&key("a")), Err(Unseen::Unreadable("forbidden".into())));
    }

    #[test]
    fn a_stamp_stays_while_only_the_status_changes() {
        let cache = Cache::default();
        let deployment = |version: &str| {
            let metadata = json!({"name": "a", "namespace": "n", "resourceVersion": version});
            Object::read(DEPLOYMENT, json!({ "metadata": metadata }))
        };
        cache.open(DEPLOYMENT);
        cache.put(deployment("3"));
        let interest = Interest::Object(deployment("3").key());
        let stamps = || [WakeOn::Meant, WakeOn::All].map(|wakes| cache.stamp(&interest, wakes));
        let (before, mut changed) = (stamps(), deployment("4"));
        changed.set("/status/replicas", 1);
        cache.put(changed.clone());
        let after = stamps();
        assert_eq!(after[0], before[0]);
        assert_ne!(after[1], before[1], "the whole of it has changed");
        changed.set("/metadata/resourceVersion", "5");
        changed.set("/spec/replicas", 1);
        cache.put(changed);
        assert_ne!(stamps()[0], before[0]);
    }

    #[test]
    fn an_object_watched_by_its_metadata_changes_with_every_version() {
        let cache = Cache::default();
        list(&cache, &[object("a", 3)]);
        let interest = Interest::Object(key("a"));
        let before = cache.stamp(&interest, WakeOn::Meant);
        cache.put(object("a", 4));
        assert_ne!(cache.stamp(&interest, WakeOn::Meant), before);
    }

    #[test]
    fn labels_find_the_objects_of_one_namespace() {
        let cache = Cache::default();
        list(&cache, &[object("a", 3), object("b", 4)]);
        let found = |namespace| cache.labelled(CONFIG_MAP, namespace, "of", "b").unwrap().len();
        assert_eq!((found("n"), found("m")), (1, 0));
        cache.remove(&key("b"), "4");
        assert_eq!(found("n"), 0);
        cache.put(object("b", 9));
        assert_eq!(found("n"), 1);
    }

    #[test]
    fn an_object_is_the_same_whether_it_stayed_open_or_was_packed() {
        let cache = Cache::default();
        list(&cache, &[]);
        let names: Vec<String> = (0..1000).map(|number| format!("object-{number:03}")).collect();
        for name in &names {
            cache.put(object(name, 3));
        }
        let find = |name: &str| cache.find(&key(name)).unwrap().unwrap();
        let first = Arc::downgrade(&find("object-000"));
        assert!(first.upgrade().is_some(), "what was just asked for stays open");
        for name in &names {
            assert_eq!(*find(name), object(name, 3));
        }
        assert!(first.upgrade().is_none(), "it makes room for others");
        let held = find("object-000");
        for name in &names {
            find(name);
        }
        assert!(
            Arc::ptr_eq(&held, &find("object-000")),
            "an object that a reader holds is not unpacked twice"
        );
        assert_eq!(cache.labelled(CONFIG_MAP, "n", "of", "object-007").unwrap()[0].name(), "object-007");
    }
}
