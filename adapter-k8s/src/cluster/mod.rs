//! The cluster: read from watch caches, written by small patches, nothing decided.

pub mod cache;
pub mod fence;
pub mod interests;
pub mod reader;
pub(crate) mod request;
mod watch;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kube::Client;
use serin_core::revision::Text;
use tokio::sync::Notify;

pub use self::write::WriteError;
use self::{
    cache::{Cache, Changed},
    interests::Interests,
    reader::{Contents, Notes, Reader},
};
use crate::{
    cluster::fence::Fence,
    object::{Key, Kind, Object, seen::Seen},
};

/// How long a first list may take before those who wait for it look again.
const FIRST_LIST_WAIT: Duration = Duration::from_secs(10);

/// After how long an object that could not be read is tried again.
const FETCH_RETRY: Duration = Duration::from_secs(10);

/// A connection to a cluster and what is known of it.
pub struct Cluster {
    client: Client,
    /// The one namespace that is looked at; all of them where there is none.
    namespace: Option<Arc<str>>,
    fence: Arc<Fence>,
    cache: Cache,
    contents: Contents,
    interests: Mutex<Interests>,
    waiting: Mutex<BTreeMap<Key, Arc<Notify>>>,
    /// Objects that could not be read and are tried again.
    retried: Mutex<BTreeSet<Key>>,
    settled: Notify,
}

impl Cluster {
    /// Nothing is read before somebody wants it.
    #[must_use]
    pub fn new(client: Client, namespace: Option<&str>, fence: Arc<Fence>) -> Arc<Self> {
        Arc::new(Self {
            client,
            namespace: namespace.map(Arc::from),
            fence,
            cache: Cache::default(),
            contents: Contents::default(),
            interests: Mutex::default(),
            waiting: Mutex::default(),
            retried: Mutex::default(),
            settled: Notify::new(),
        })
    }

    /// A look at what is known now.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(&self.cache, &self.contents)
    }

    /// Remembers what `reader` has read, so that it is woken when that changes, and fetches what was missing.
    ///
    /// Returns whether it is worth looking again at once.
    pub async fn settle(self: &Arc<Self>, reader: &Key, mut notes: Notes) -> bool {
        lock(&self.interests).note(reader, std::mem::take(&mut notes.read));
        self.fetch_missing(notes).await
    }

    /// Fetches what a look has missed. Returns whether it is worth looking again.
    pub async fn fetch_missing(self: &Arc<Self>, notes: Notes) -> bool {
        let Notes { unwatched, unfetched, .. } = notes;
        for kind in &unwatched {
            self.watch(*kind).await;
        }
        let mut again = !unwatched.is_empty();
        for key in &unfetched {
            again |= self.fetch(key).await;
        }
        again
    }

    /// Begins to watch a kind, and waits until its objects are known or cannot be.
    pub async fn watch(self: &Arc<Self>, kind: Kind) {
        if !self.cache.knows(kind) {
            self.cache.open(kind);
            tokio::spawn(watch::run(self.clone(), kind));
        }
        let settled = async {
            loop {
                let notified = self.settled.notified();
                if self.cache.is_settled(kind) {
                    break;
                }
                notified.await;
            }
        };
        // Too slow is no failure: whoever wants it finds it unknown, and is woken when it is there.
        tokio::time::timeout(FIRST_LIST_WAIT, settled).await.ok();
    }

    /// Reads an object that nobody watches; `None` if there is none.
    ///
    /// # Errors
    /// What the server said.
    pub async fn read(&self, key: &Key) -> Result<Option<Object>, String> {
        request::get(&self.client, key).await.map_err(|error| request::words(&error))
    }

    /// An object as it is known, its contents included; `None` if there is none.
    ///
    /// # Errors
    /// Why it is not known.
    pub async fn known(self: &Arc<Self>, key: &Key) -> Result<Option<Arc<Object>>, Text> {
        let mut looks = 0..3;
        loop {
            let (found, notes) = {
                let reader = self.reader();
                (reader.find(key), reader.into_notes())
            };
            match found {
                Ok(found) => return Ok(found),
                Err(_) if looks.next().is_some() && self.fetch_missing(notes).await => {}
                Err(why) => return Err(format!("{key} is not known: {why}").into()),
            }
        }
    }

    /// What wakes `reader` when something that it has read changes.
    #[must_use]
    pub fn waker(&self, reader: &Key) -> Arc<Notify> {
        lock(&self.waiting).entry(reader.clone()).or_default().clone()
    }

    /// Forgets a reader.
    pub fn forget(&self, reader: &Key) {
        lock(&self.interests).forget(reader);
        lock(&self.waiting).remove(reader);
    }

    /// Reads the contents of an object that is watched by its metadata alone. Returns whether they are here now.
    async fn fetch(self: &Arc<Self>, key: &Key) -> bool {
        match request::get(&self.client, key).await {
            Ok(Some(object)) => {
                // Newer than what is known: the watch will say so in a moment, and then it fits.
                self.noted(self.cache.put(request::metadata_of(&object)));
                self.contents.put(object);
                true
            }
            Ok(None) => {
                self.contents.remove(key);
                false
            }
            Err(error) => {
                let why =
                    format!("cannot get {key}: {}{}", request::words(&error), request::remedy(&error, "get"));
                if self.contents.refuse(key, &why) {
                    tracing::warn!(object = %key, why, "an object cannot be read");
                }
                self.look_again_later(key);
                false
            }
        }
    }

    /// Nothing tells when an object can be read again: whoever needs it tries once in a while.
    fn look_again_later(self: &Arc<Self>, key: &Key) {
        if !lock(&self.retried).insert(key.clone()) {
            return;
        }
        let (cluster, key) = (self.clone(), key.clone());
        tokio::spawn(async move {
            tokio::time::sleep(FETCH_RETRY).await;
            lock(&cluster.retried).remove(&key);
            cluster.noted([Changed { key, before: None, after: None }]);
        });
    }

    /// Wakes whoever has read what has changed.
    fn noted(&self, changed: impl IntoIterator<Item = Changed>) {
        let interests = lock(&self.interests);
        let mut readers = BTreeSet::new();
        for changed in changed {
            readers.extend(interests.of(&changed));
        }
        drop(interests);
        self.wake(&readers);
    }

    /// Makes readers look again.
    pub fn wake(&self, readers: &BTreeSet<Key>) {
        let waiting = lock(&self.waiting);
        for waker in readers.iter().filter_map(|reader| waiting.get(reader)) {
            waker.notify_one();
        }
    }

    /// Notes that a kind cannot be read, and tells whoever needs it.
    fn cannot_read(&self, kind: Kind, why: &str) {
        if self.cache.break_down(kind, why) {
            tracing::warn!(kind = kind.plural, why, "a kind cannot be read");
            let readers = lock(&self.interests).of_kind(kind);
            self.wake(&readers);
        }
        self.settled.notify_waiters();
    }

    /// Puts a whole list in place of what was known of a kind.
    fn listed(&self, kind: Kind, objects: Vec<Object>) {
        let was_filled = self.cache.is_filled(kind);
        self.noted(self.cache.replace(kind, objects));
        // Whoever has waited for it waits no more, even if there is nothing of it.
        if !was_filled {
            let readers = lock(&self.interests).of_kind(kind);
            self.wake(&readers);
        }
        self.settled.notify_waiters();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these; if something did, what they hold is still whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
