//! One look at the cluster: what was read, and what has to be fetched before the next look.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serin_core::{observation::Unseen, revision::Text};

use super::{
    cache::{Cache, WakeOn},
    interests::Interest,
};
use crate::{
    kinds::{CANARY, is_read_by_reference},
    object::{Key, Kind, Object, reader::ObjectReader},
    workload::configs,
};

/// The objects that are read by reference, in the versions they had: complete, except that checksums replace their
/// contents. Code that needs contents reads them then, one object after the other.
#[derive(Debug, Default)]
pub struct Contents(Mutex<BTreeMap<Key, Content>>);

#[derive(Debug)]
enum Content {
    Read(Arc<Object>),
    /// It could not be read, with the reason.
    Refused(Text),
}

impl Contents {
    /// Keeps an object, without its contents.
    pub fn put(&self, object: Object) {
        self.lock().insert(object.key(), Content::Read(Arc::new(configs::condensed(object))));
    }

    /// Notes that an object cannot be read. Returns whether this is new.
    pub fn refuse(&self, key: &Key, why: &str) -> bool {
        let before = self.lock().insert(key.clone(), Content::Refused(why.into()));
        !matches!(before, Some(Content::Refused(known)) if *known == *why)
    }

    /// Removes an object.
    pub fn remove(&self, key: &Key) {
        self.lock().remove(key);
    }

    /// Removes objects that have no reader any more.
    pub fn forget_all(&self, unread: &[Key]) {
        let mut contents = self.lock();
        for key in unread {
            contents.remove(key);
        }
    }

    fn of_version(&self, metadata: &Object) -> Result<Arc<Object>, Unseen> {
        match self.lock().get(&metadata.key()) {
            Some(Content::Read(object)) if object.resource_version() == metadata.resource_version() => {
                Ok(object.clone())
            }
            Some(Content::Refused(why)) => Err(Unseen::Unreadable(why.clone())),
            Some(Content::Read(_)) | None => Err(Unseen::Stale),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Content>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads from the caches and notes what was read.
#[derive(Debug)]
pub struct Reader<'a> {
    cache: &'a Cache,
    contents: &'a Contents,
    notes: RefCell<Notes>,
}

/// What a look has read and missed.
#[derive(Debug, Default)]
pub struct Notes {
    /// What was read.
    pub read: BTreeSet<Interest>,
    /// Kinds that are not watched yet, or whose first list is not complete.
    pub unwatched: BTreeSet<Kind>,
    /// Objects whose contents are missing.
    pub unfetched: BTreeSet<Key>,
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing.
    #[must_use]
    pub fn new(cache: &'a Cache, contents: &'a Contents) -> Self {
        Self { cache, contents, notes: RefCell::default() }
    }

    /// What was noted.
    #[must_use]
    pub fn into_notes(self) -> Notes {
        self.notes.into_inner()
    }

    /// The names of all objects of a kind.
    #[must_use]
    pub fn members(&self, kind: Kind) -> Vec<Key> {
        self.note(kind, Interest::Members(kind));
        self.cache.members(kind)
    }

    /// The stamp of an interest: a number that stays the same while the parts that `wakes` selects do not change.
    #[must_use]
    pub fn stamp(&self, interest: &Interest, wakes: WakeOn) -> u64 {
        self.cache.stamp(interest, wakes)
    }

    /// Notes interests that an earlier look read.
    pub fn remember<'i>(&self, read: impl Iterator<Item = &'i Interest>) {
        self.notes.borrow_mut().read.extend(read.cloned());
    }

    /// Runs a function and returns what was read for it; `None` if something was missing.
    pub fn watching<T>(&self, make: impl FnOnce() -> T) -> (T, Option<BTreeSet<Interest>>) {
        let before = self.notes.take();
        let made = make();
        let mut notes = self.notes.borrow_mut();
        let complete = notes.unwatched.is_empty() && notes.unfetched.is_empty();
        let read = complete.then(|| notes.read.clone());
        notes.read.extend(before.read);
        notes.unwatched.extend(before.unwatched);
        notes.unfetched.extend(before.unfetched);
        (made, read)
    }

    fn note(&self, kind: Kind, interest: Interest) {
        let mut notes = self.notes.borrow_mut();
        if !self.cache.is_settled(kind) {
            notes.unwatched.insert(kind);
        }
        notes.read.insert(interest);
    }
}

/// An object that could not be read completely is unknown. For a Canary the error also says which field it is, and what
/// can still be done with it.
fn whole(object: &Object) -> Result<(), Unseen> {
    match object.cut() {
        Some(cut) if object.kind() != CANARY => {
            Err(Unseen::Unreadable(format!("{} cannot be read: {cut}", object.key()).into()))
        }
        Some(_) | None => Ok(()),
    }
}

impl ObjectReader for Reader<'_> {
    fn find(&self, key: &Key) -> Result<Option<Arc<Object>>, Unseen> {
        self.note(key.kind, Interest::Object(key.clone()));
        let Some(object) = self.cache.find(key)? else { return Ok(None) };
        whole(&object)?;
        if !is_read_by_reference(key.kind) {
            return Ok(Some(object));
        }
        let contents = self.contents.of_version(&object);
        if contents.is_err() {
            self.notes.borrow_mut().unfetched.insert(key.clone());
        }
        contents.map(Some)
    }

    fn labelled(
        &self,
        kind: Kind,
        namespace: &str,
        label: &str,
        value: &str,
    ) -> Result<Vec<Arc<Object>>, Unseen> {
        let interest = Interest::Labelled {
            kind,
            namespace: namespace.into(),
            label: label.into(),
            value: value.into(),
        };
        self.note(kind, interest);
        let objects = self.cache.labelled(kind, namespace, label, value)?;
        objects.iter().try_for_each(|object| whole(object))?;
        Ok(objects)
    }

    fn refusal(&self, kind: Kind) -> Option<Text> {
        self.cache.refusal(kind)
    }
}
