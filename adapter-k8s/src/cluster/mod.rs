//! The cluster: read from watch caches, and written with small patches. It contains no decisions.

mod allowance;
mod api_request;
pub mod cache;
mod credentials;
pub mod fence;
pub mod interests;
mod known;
pub(crate) mod managers;
pub mod reader;
pub(crate) mod request;
pub mod schema;
mod store;
mod watch;
mod watched;
pub(crate) mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::FutureExt as _;
use kube::Client;
use serin_core::revision::Text;
use tokio::{
    sync::{Notify, Semaphore, watch as channel},
    task::AbortHandle,
};

pub use self::{api_request::ApiRequest, write::WriteError};
use self::{
    cache::{Cache, Changed, How},
    credentials::Credentials,
    interests::Interests,
    reader::{Contents, Notes, Reader},
    schema::Schema,
    store::Entry,
};
use crate::{
    cluster::fence::Fence,
    object::{Key, Kind, Object, reader::ObjectReader},
};

/// How long a first list can take before those who wait for it look again.
const FIRST_LIST_WAIT: Duration = Duration::from_secs(10);

/// The maximum number of concurrent writes. Each has its own connection, which takes a handshake and some 50 KiB; an
/// API server does not answer faster if it gets more at once.
const MOST_WRITES: usize = 24;
/// The maximum number of objects that are read at once: each can be as large as the API server allows.
const MOST_READS: usize = 16;
/// After this time an object that could not be read is tried again.
const FETCH_RETRY: Duration = Duration::from_secs(10);

/// A connection to a cluster, and its caches.
pub struct Cluster {
    client: Client,
    /// The one namespace that is watched; `None` for all of them.
    namespace: Option<Arc<str>>,
    fence: Arc<Fence>,
    /// The field manager of the statuses that this process saves. Each process has its own.
    saver: String,
    /// Whether the installed CRDs keep all of the status.
    pub schema: Schema,
    turns: Semaphore,
    reads: Semaphore,
    cache: Cache,
    contents: Contents,
    credentials: Mutex<Credentials>,
    interests: Mutex<Interests>,
    waiting: Mutex<BTreeMap<Key, Arc<Notify>>>,
    /// Objects that could not be read and will be tried again.
    retried: Mutex<BTreeSet<Key>>,
    watches: Mutex<BTreeMap<Kind, AbortHandle>>,
    /// A kind whose watch has ended.
    ended: channel::Sender<Option<Kind>>,
    settled: Notify,
}

impl Cluster {
    /// Nothing is read before it is needed. `identity` names this process among all that can write.
    #[must_use]
    pub fn new(client: Client, namespace: Option<&str>, fence: Arc<Fence>, identity: &str) -> Arc<Self> {
        Arc::new(Self {
            client,
            namespace: namespace.map(Arc::from),
            fence,
            saver: format!("serin_{identity}"),
            schema: Schema::default(),
            turns: Semaphore::new(MOST_WRITES),
            reads: Semaphore::new(MOST_READS),
            cache: Cache::default(),
            contents: Contents::default(),
            credentials: Mutex::default(),
            interests: Mutex::default(),
            waiting: Mutex::default(),
            retried: Mutex::default(),
            watches: Mutex::default(),
            ended: channel::Sender::default(),
            settled: Notify::new(),
        })
    }

    /// A reader of the current caches.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(&self.cache, &self.contents)
    }

    /// Remembers what `reader` has read, so that it is woken when that changes, and fetches missing objects.
    ///
    /// Returns whether to look again at once.
    pub async fn settle(self: &Arc<Self>, reader: &Key, mut notes: Notes) -> bool {
        let unread = lock(&self.interests).note(reader, std::mem::take(&mut notes.read));
        self.contents.forget_all(&unread);
        self.fetch_missing(notes).await
    }

    /// Fetches the objects that a look missed. Returns whether to look again.
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

    /// Starts to watch a kind, and waits until its objects are known or cannot be read.
    pub async fn watch(self: &Arc<Self>, kind: Kind) {
        lock(&self.watches).entry(kind).or_insert_with(|| {
            self.cache.open(kind);
            tokio::spawn(watch_until_it_ends(self.clone(), kind)).abort_handle()
        });
        let settled = async {
            loop {
                let notified = self.settled.notified();
                if self.cache.is_settled(kind) {
                    break;
                }
                notified.await;
            }
        };
        // A slow list is not a failure: readers find the kind unknown, and are woken when it is there.
        tokio::time::timeout(FIRST_LIST_WAIT, settled).await.ok();
    }

    /// How many objects of each watched kind cannot be read.
    #[must_use]
    pub fn unreadable(&self) -> BTreeMap<Kind, usize> {
        self.cache.unreadable()
    }

    /// A cached object; `None` if it does not exist. Contents are replaced by their checksums.
    ///
    /// # Errors
    /// The object is not known.
    pub async fn known(self: &Arc<Self>, key: &Key) -> Result<Option<Arc<Object>>, Text> {
        if let Some(namespace) = self.namespace.as_deref().filter(|only| **only != *key.namespace) {
            return Err(
                format!("{key} is not watched: the controller runs with --namespace={namespace}").into()
            );
        }
        let found = self.worked_out(|reader| reader.find(key)).await;
        found.map_err(|why| format!("{key} is not known: {why}").into())
    }

    /// The result of `work` once everything that it misses has been fetched. More than three rounds would mean that its
    /// interests change all the time.
    ///
    /// # Errors
    /// Those of the last round.
    pub async fn worked_out<T, E>(
        self: &Arc<Self>,
        work: impl Fn(&Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut fetches = 0..3;
        loop {
            let (out, notes) = {
                let reader = self.reader();
                (work(&reader), reader.into_notes())
            };
            if out.is_ok() || fetches.next().is_none() || !self.fetch_missing(notes).await {
                return out;
            }
        }
    }

    /// Wakes `reader` when something that it has read changes.
    #[must_use]
    pub fn waker(&self, reader: &Key) -> Arc<Notify> {
        lock(&self.waiting).entry(reader.clone()).or_default().clone()
    }

    /// Removes a reader.
    pub fn forget(&self, reader: &Key) {
        let unread = lock(&self.interests).forget(reader);
        self.contents.forget_all(&unread);
        lock(&self.waiting).remove(reader);
    }

    /// Reads the contents of an object that is watched only by its metadata. Returns whether they are here now.
    async fn fetch(self: &Arc<Self>, key: &Key) -> bool {
        match self.get(key).await {
            Ok(Some(object)) => {
                // This is newer than the cache: the watch will report it in a moment, and then it fits.
                self.noted(self.cache.put(request::metadata_of(&object)));
                self.contents.put(object);
                true
            }
            Ok(None) => {
                self.forget_contents(key);
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

    /// Reads an object when a permit is free.
    async fn get(&self, key: &Key) -> Result<Option<Object>, kube::Error> {
        // The semaphore is never closed.
        let _turn = self.reads.acquire().await.ok();
        request::get(&self.client, key).await
    }

    /// A cached Secret with its contents, to be used at once; `None` if it does not exist.
    ///
    /// # Errors
    /// The Secret is not known.
    pub async fn credentials(self: &Arc<Self>, key: &Key) -> Result<Option<Arc<Object>>, Text> {
        let Some(known) = self.known(key).await? else { return Ok(None) };
        if let Some(kept) = lock(&self.credentials).used(key, known.resource_version()) {
            return Ok(Some(kept));
        }
        let read =
            self.get(key).await.map_err(|error| format!("cannot get {key}: {}", request::words(&error)))?;
        let read = read.map(Arc::new);
        if let Some(secret) = &read {
            lock(&self.credentials).keep(key.clone(), secret.clone());
        }
        Ok(read)
    }

    /// No event says when an object can be read again, so its readers try from time to time.
    fn look_again_later(self: &Arc<Self>, key: &Key) {
        if !lock(&self.retried).insert(key.clone()) {
            return;
        }
        let (cluster, key) = (self.clone(), key.clone());
        tokio::spawn(async move {
            tokio::time::sleep(FETCH_RETRY).await;
            lock(&cluster.retried).remove(&key);
            cluster.noted([Changed { key, how: How::Altered, carried: BTreeSet::new() }]);
        });
    }

    /// Wakes the readers of what has changed.
    fn noted(&self, changed: impl IntoIterator<Item = Changed>) {
        self.wake(&self.readers_of(changed));
    }

    /// The same for a change by a reader that need not be woken.
    fn noted_by(&self, by: &Key, changed: impl IntoIterator<Item = Changed>) {
        let mut readers = self.readers_of(changed);
        readers.remove(by);
        self.wake(&readers);
    }

    fn readers_of(&self, changed: impl IntoIterator<Item = Changed>) -> BTreeSet<Key> {
        let interests = lock(&self.interests);
        changed.into_iter().flat_map(|changed| interests.of(&changed)).collect()
    }

    /// Makes readers look again.
    pub fn wake(&self, readers: &BTreeSet<Key>) {
        let waiting = lock(&self.waiting);
        for waker in readers.iter().filter_map(|reader| waiting.get(reader)) {
            waker.notify_one();
        }
    }

    fn forget_contents(&self, key: &Key) {
        self.contents.remove(key);
        lock(&self.credentials).forget(key);
    }

    /// Notes that a kind cannot be read, and wakes its readers.
    fn cannot_read(&self, kind: Kind, why: &str) {
        if self.cache.break_down(kind, why) {
            tracing::warn!(kind = kind.plural, why, "a kind cannot be read");
            let readers = lock(&self.interests).of_kind(kind);
            self.wake(&readers);
        }
        self.settled.notify_waiters();
    }

    /// Replaces the cached objects of a kind by a list.
    fn listed(&self, kind: Kind, objects: Vec<(Key, Entry)>) {
        // Readers that wait until the kind can be read are woken even if the objects are unchanged.
        let was_readable = self.cache.is_readable(kind);
        let changed = self.cache.replace(kind, objects);
        for gone in changed.iter().filter(|changed| changed.how == How::Went) {
            self.forget_contents(&gone.key);
        }
        self.noted(changed);
        if !was_readable {
            let readers = lock(&self.interests).of_kind(kind);
            self.wake(&readers);
        }
        self.settled.notify_waiters();
    }
}

/// Watches a kind. A watch never ends; if one does, because of a bug, the process ends, too.
async fn watch_until_it_ends(cluster: Arc<Cluster>, kind: Kind) {
    let ended = AssertUnwindSafe(watch::run(cluster.clone(), kind)).catch_unwind().await;
    tracing::error!(kind = kind.plural, panicked = ended.is_err(), "a watch has ended");
    cluster.ended.send_replace(Some(kind));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds one of these locks; if it did, their contents are still consistent.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use kube::Config;
    use serde_json::json;

    use super::*;
    use crate::{
        cluster::interests::Interest,
        kinds::{CANARY, DEPLOYMENT},
    };

    /// A cluster without an API server.
    fn cluster() -> Arc<Cluster> {
        let config = Config::new("http://127.0.0.1:1".parse().unwrap());
        Cluster::new(Client::try_from(config).unwrap(), None, Arc::new(Fence::open()), "me")
    }

    #[tokio::test]
    async fn objects_outside_the_namespace_of_the_flag_are_not_watched() {
        let config = Config::new("http://127.0.0.1:1".parse().unwrap());
        let client = Client::try_from(config).unwrap();
        let cluster = Cluster::new(client, Some("shop"), Arc::new(Fence::open()), "me");
        let why = cluster.known(&Key::new(CANARY, "other", "web")).await.unwrap_err();
        assert_eq!(&*why, "Canary web.other is not watched: the controller runs with --namespace=shop");
    }

    #[tokio::test]
    async fn readers_of_a_kind_are_woken_when_it_can_be_read_again() {
        let cluster = cluster();
        let target = || {
            let metadata = json!({"name": "web", "namespace": "n", "resourceVersion": "7"});
            let target = Object::read(DEPLOYMENT, json!({ "metadata": metadata }));
            (target.key(), Entry::of(&target))
        };
        let reader = Key::new(CANARY, "n", "web");
        lock(&cluster.interests).note(&reader, [Interest::Object(target().0)].into());
        let waker = cluster.waker(&reader);
        let is_woken = || waker.notified().now_or_never().is_some();
        cluster.listed(DEPLOYMENT, vec![target()]);
        assert!(is_woken(), "there it is");
        cluster.listed(DEPLOYMENT, vec![target()]);
        assert!(!is_woken(), "nothing has changed");
        cluster.cannot_read(DEPLOYMENT, "forbidden");
        assert!(is_woken(), "it is not known any more");
        cluster.listed(DEPLOYMENT, vec![target()]);
        assert!(is_woken(), "it is known again, and as it was");
    }
}
