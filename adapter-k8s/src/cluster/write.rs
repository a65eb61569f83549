//! Writes: only changes are sent, and only while no other replica can lead.

use std::{fmt, sync::Arc};

use http::Method;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use serin_core::{observation::FailureClass, revision::Text};
use tokio::{sync::SemaphorePermit, time::timeout};

use super::{
    Cluster,
    cache::{Changed, WakeOn},
    interests::Interest,
    request,
    watched::Watched,
};
use crate::{
    kinds::is_read_by_reference,
    object::{
        Key, LAST_APPLIED, Object,
        change::{Change, merge_patch},
        reader::ObjectReader,
        saved,
    },
    workload::configs,
};

/// The field manager of all objects except statuses, the same for every process.
pub(crate) const FIELD_MANAGER: &str = "serin-controller";

/// Why something was not written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{what}")]
pub struct WriteError {
    /// What to expect from trying again.
    pub class: FailureClass,
    /// The object, and the server's message.
    pub what: Text,
}

/// The permit to write, of which there are few. A command is computed after its permit was granted, so that it is as
/// recent as possible, and a cluster in which many Canaries start at once takes no more memory than an idle one.
pub struct Writer<'a> {
    cluster: &'a Cluster,
    _turn: Option<SemaphorePermit<'a>>,
}

/// A kind of write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Create,
    Update,
    SaveStatus,
    Delete,
}

impl Verb {
    fn method(self) -> Method {
        match self {
            Self::Create => Method::POST,
            Self::Update | Self::SaveStatus => Method::PATCH,
            Self::Delete => Method::DELETE,
        }
    }

    /// The verb in RBAC.
    fn right(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update | Self::SaveStatus => "patch",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::SaveStatus => "save the status of",
            Self::Delete => "delete",
        })
    }
}

/// The precondition of a patch.
enum Precondition {
    /// The object has not changed since it was read.
    Unchanged,
    /// There is none.
    None,
}

impl WriteError {
    fn new(class: FailureClass, verb: Verb, key: &Key, said: &str) -> Self {
        Self { class, what: format!("{verb} {key}: {said}").into() }
    }

    /// The message of the server, or the error on the way there.
    fn of(error: &kube::Error, verb: Verb, key: &Key) -> Self {
        let said = format!("{}{}", request::words(error), request::missing_right(error, verb.right()));
        Self::new(request::class_of(error), verb, key, &said)
    }
}

impl Cluster {
    /// Waits for a permit to write.
    pub async fn writer(&self) -> Writer<'_> {
        // The semaphore is never closed.
        Writer { cluster: self, _turn: self.turns.acquire().await.ok() }
    }

    /// Whether this process may change anything now: it leads, or no other replica can, and the CRDs keep what it
    /// saves.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.fence.is_open() && self.schema.refusal().is_none()
    }

    /// Records an Event of a Canary. A failure is only logged.
    pub async fn record(&self, canary: impl fmt::Display, event: Object) {
        if let Err(error) = self.writer().await.post(event).await {
            tracing::warn!(%canary, %error, "an event was not recorded");
        }
    }

    /// Records an Event although nothing else may be written, because it says why.
    pub async fn record_anyway(&self, event: &Object) {
        if let Err(error) = request::write(&self.client, request::Write::Post, event).await {
            let (object, error) = (event.key(), request::words(&error));
            tracing::warn!(%object, error, "an event was not recorded");
        }
    }

    /// A cached object with its contents.
    fn as_known(&self, key: &Key) -> Option<Arc<Object>> {
        self.reader().find(key).ok().flatten()
    }

    /// Caches an object that the server has just sent. Returns the change.
    fn keep(&self, mut object: Object) -> Option<Changed> {
        object.remove("/metadata/managedFields");
        let finalizers = object.at("/metadata/finalizers").and_then(Value::as_array);
        if object.is_being_deleted() && finalizers.is_none_or(Vec::is_empty) {
            // Its last finalizer was removed.
            return self.cache.remove(&object.key(), object.resource_version());
        }
        if is_read_by_reference(object.kind()) {
            let changed = self.cache.put(request::metadata_of(&object));
            self.contents.put(object);
            changed
        } else {
            self.cache.put(object)
        }
    }

    /// Caches an object whose status its own reader has just saved. That reader is woken only if another client changed
    /// it, too.
    fn keep_own(&self, object: Object) {
        let key = object.key();
        let meant = || self.cache.stamp(&Interest::Object(key.clone()), WakeOn::Meant);
        let before = meant();
        let changed = self.keep(object);
        if meant() == before { self.noted_by(&key, changed) } else { self.noted(changed) }
    }

    /// Reads an object again, so that the next decision is not based on the version that was refused.
    async fn refresh(&self, key: &Key) {
        // The semaphore is never closed.
        let _turn = self.reads.acquire().await.ok();
        match request::find(&self.client, key).await {
            Ok(Some(object)) => self.noted(self.keep(object)),
            Ok(None) => {
                let last = self.as_known(key).map(|object| object.resource_version().to_owned());
                self.noted(self.cache.remove(key, &last.unwrap_or_default()));
            }
            Err(error) => tracing::warn!(object = %key, error = request::words(&error), "cannot be read"),
        }
    }
}

fn moved(key: &Key) -> WriteError {
    WriteError::new(FailureClass::Moved, Verb::Update, key, "it has changed meanwhile")
}

impl Writer<'_> {
    /// Makes a change. The objects that it was computed from must be unchanged.
    ///
    /// # Errors
    /// The server's refusal, or that this replica does not lead.
    pub async fn write(&self, change: Change) -> Result<(), WriteError> {
        match change {
            Change::Create(object) => self.create(self.whole(object).await?).await,
            Change::Replace(wanted) => self.patch(wanted, Precondition::Unchanged).await,
            Change::Adjust(wanted) => self.patch(wanted, Precondition::None).await,
            Change::Recreate(object) => {
                let key = object.key();
                let seen = self.cluster.as_known(&key).map(|seen| seen.uid().to_owned()).unwrap_or_default();
                // The sources of the new object are read before the old one is deleted.
                let object = self.whole(object).await?;
                self.delete(&key, &seen).await?;
                self.create(object).await
            }
            Change::Delete(seen) => self.delete(&seen.key(), seen.uid()).await,
        }
    }

    /// Saves a status in place of the one in `canary`.
    ///
    /// # Errors
    /// The server's refusal, that another client has saved another status, or that this replica does not lead.
    pub async fn save_status(&self, canary: &Object, status: Value) -> Result<(), WriteError> {
        let (key, verb) = (canary.key(), Verb::SaveStatus);
        let path = format!("{}/status", request::path(&key));
        let saved = saved::seq_of(&status);
        match self.ask::<Watched>(verb, &path, &key, Some(&saved::patch(canary, status))).await? {
            Ok(answer) => {
                let kept = answer.object(key.kind);
                if !saved::is_kept(saved, &kept) {
                    self.cluster.schema.cut();
                    return Err(self.refused_by_schema(verb, &key));
                }
                self.cluster.keep_own(kept);
                Ok(())
            }
            // The server's answer to a patch whose test fails, and also to one that it does not understand.
            Err(error) if request::code(&error) == Some(422) => {
                // Under other CRDs the saved state is missing, too.
                self.cluster.schema.doubt();
                self.cluster.refresh(&key).await;
                let there = self.cluster.as_known(&key);
                let is_same = there.is_some_and(|there| saved::is_same(canary, &there));
                let moved = "another client has saved it meanwhile";
                Err(if is_same {
                    WriteError::of(&error, verb, &key)
                } else {
                    WriteError::new(FailureClass::Moved, verb, &key, moved)
                })
            }
            Err(error) => Err(self.failed(verb, &key, &error).await),
        }
    }

    /// Creates an object that is never read again; it is not an error if it exists already.
    ///
    /// # Errors
    /// The server's refusal, or that this replica does not lead.
    pub async fn post(&self, object: Object) -> Result<(), WriteError> {
        let key = object.key();
        let path = request::collection(key.kind, &key.namespace);
        match self.ask::<IgnoredAny>(Verb::Create, &path, &key, Some(object.value())).await? {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(()),
            Err(error) => Err(WriteError::of(&error, Verb::Create, &key)),
        }
    }

    /// The object to be written, with the contents that were missing when it was computed.
    async fn whole(&self, wanted: Object) -> Result<Object, WriteError> {
        self.whole_beside(wanted, None).await
    }

    /// The same, if it replaces this one.
    async fn whole_beside(&self, wanted: Object, there: Option<&Object>) -> Result<Object, WriteError> {
        let mut wanted = wanted.with_checksum(None);
        if let Some(there) = there {
            configs::fill_in(&mut wanted, there);
        }
        if configs::is_condensed(&wanted)
            && let Some(source) = configs::source_of(&wanted.key())
            && let Some(source) = self.read(&source).await?
        {
            configs::fill_in(&mut wanted, &source);
        }
        if configs::is_condensed(&wanted) { Err(moved(&wanted.key())) } else { Ok(wanted) }
    }

    /// An object that was read without its contents, with them.
    async fn contents_of(&self, seen: &Object) -> Result<Object, WriteError> {
        let there = self.read(&seen.key()).await?.map(|mut there| {
            // The cache does not keep this, so it stays as it is.
            there.remove_annotation(LAST_APPLIED);
            there
        });
        let same = there.filter(|there| there.resource_version() == seen.resource_version());
        same.ok_or_else(|| moved(&seen.key()))
    }

    async fn read(&self, key: &Key) -> Result<Option<Object>, WriteError> {
        match self.cluster.get(key).await {
            Ok(there) => Ok(there),
            Err(error) => Err(self.failed(Verb::Update, key, &error).await),
        }
    }

    async fn create(&self, object: Object) -> Result<(), WriteError> {
        let key = object.key();
        let path = request::collection(key.kind, &key.namespace);
        self.send(Verb::Create, &path, &key, Some(object.value())).await
    }

    async fn patch(&self, wanted: Object, precondition: Precondition) -> Result<(), WriteError> {
        let key = wanted.key();
        let seen = self.cluster.as_known(&key);
        let seen = seen.filter(|seen| seen.resource_version() == wanted.resource_version());
        let Some(seen) = seen else {
            return Err(moved(&key));
        };
        let mut patch = if is_read_by_reference(key.kind) {
            let seen = self.contents_of(&seen).await?;
            merge_patch(seen.value(), self.whole_beside(wanted, Some(&seen)).await?.value())
        } else {
            merge_patch(seen.value(), wanted.value())
        };
        match precondition {
            // The server refuses it if this is not the version that the patch was computed from.
            Precondition::Unchanged => {
                patch["metadata"]["resourceVersion"] = Value::from(seen.resource_version());
            }
            Precondition::None => {}
        }
        self.send(Verb::Update, &request::path(&key), &key, Some(&patch)).await
    }

    /// Deletes the object with that uid, and not another one of the same name.
    async fn delete(&self, key: &Key, uid: &str) -> Result<(), WriteError> {
        let last =
            self.cluster.as_known(key).map(|object| object.resource_version().to_owned()).unwrap_or_default();
        let options = json!({"preconditions": {"uid": uid}});
        match self.ask::<IgnoredAny>(Verb::Delete, &request::path(key), key, Some(&options)).await? {
            Ok(_) => {
                self.cluster.noted(self.cluster.cache.remove(key, &last));
                Ok(())
            }
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(WriteError::of(&error, Verb::Delete, key)),
        }
    }

    /// Sends a write, and caches the result.
    async fn send(&self, verb: Verb, path: &str, key: &Key, body: Option<&Value>) -> Result<(), WriteError> {
        match self.ask::<Watched>(verb, path, key, body).await? {
            Ok(answer) => {
                self.cluster.noted(self.cluster.keep(answer.object(key.kind)));
                Ok(())
            }
            Err(error) => Err(self.failed(verb, key, &error).await),
        }
    }

    /// The meaning of a refused write. The object that it was computed from is read again, if it has changed.
    async fn failed(&self, verb: Verb, key: &Key, error: &kube::Error) -> WriteError {
        let mut failed = WriteError::of(error, verb, key);
        // The object to be changed is gone: it has to be observed again, not retried.
        let gone = matches!(error, kube::Error::Api(status) if status.code == 404);
        if gone && self.cluster.as_known(key).is_some() {
            failed.class = FailureClass::Moved;
        }
        if failed.class == FailureClass::Moved {
            self.cluster.refresh(key).await;
        }
        failed
    }

    /// Sends a change to the server, if this replica still leads.
    async fn ask<T: DeserializeOwned>(
        &self,
        verb: Verb,
        path: &str,
        key: &Key,
        body: Option<&Value>,
    ) -> Result<Result<T, kube::Error>, WriteError> {
        let left = self.cluster.fence.left();
        if left.is_zero() {
            let why = "this replica does not lead any more";
            return Err(WriteError::new(FailureClass::Retry, verb, key, why));
        }
        if self.cluster.schema.refusal().is_some() {
            return Err(self.refused_by_schema(verb, key));
        }
        let path = match verb {
            Verb::Create | Verb::Update => format!("{path}?fieldManager={FIELD_MANAGER}"),
            Verb::SaveStatus => format!("{path}?fieldManager={}", self.cluster.saver),
            Verb::Delete => path.into(),
        };
        let sent = request::send_for(&self.cluster.client, verb.method(), &path, body);
        timeout(left, sent).await.map_err(|_| {
            let why = "the lease ran out before the API server answered";
            WriteError::new(FailureClass::Retry, verb, key, why)
        })
    }

    /// A write that the CRDs would not keep.
    fn refused_by_schema(&self, verb: Verb, key: &Key) -> WriteError {
        let why = self.cluster.schema.refusal().unwrap_or_default();
        WriteError::new(FailureClass::Retry, verb, key, &why)
    }
}
