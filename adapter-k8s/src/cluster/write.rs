//! Writes: nothing is sent that is so already, and nothing that another leader may have overtaken.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use serin_core::{observation::FailureClass, revision::Text};

use super::{Cluster, request};
use crate::{
    kinds::is_read_by_reference,
    object::{
        Key, Object,
        change::{Change, merge_patch},
        seen::Seen,
    },
};

/// Why something was not written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{what}")]
pub struct WriteError {
    /// What to expect from trying again.
    pub class: FailureClass,
    /// Which object, and what the server said.
    pub what: Text,
}

/// What must hold for a patch to be taken.
enum Precondition {
    /// Nobody has changed the object since it was seen.
    Unchanged,
    /// Nothing.
    None,
}

impl WriteError {
    fn new(class: FailureClass, verb: &str, key: &Key, said: &str) -> Self {
        Self { class, what: format!("{verb} {key}: {said}").into() }
    }
}

impl Cluster {
    /// Makes a change. What it was computed from must still be there as it was.
    ///
    /// # Errors
    /// The server's refusal, or that we do not lead.
    pub async fn write(&self, change: Change) -> Result<(), WriteError> {
        match change {
            Change::Create(object) => self.create(object).await,
            Change::Replace(wanted) => self.patch(wanted, Precondition::Unchanged).await,
            Change::Adjust(wanted) => self.patch(wanted, Precondition::None).await,
            Change::Recreate(object) => {
                let key = object.key();
                let seen = self.as_known(&key).map(|seen| seen.uid().to_owned()).unwrap_or_default();
                self.delete(&key, Some(&seen)).await?;
                self.create(object).await
            }
            Change::Delete(key) => self.delete(&key, None).await,
        }
    }

    /// Writes a status in place of the one that `canary` has.
    ///
    /// # Errors
    /// The server's refusal, or that we do not lead.
    pub async fn save_status(&self, canary: &Object, status: Value) -> Result<(), WriteError> {
        let key = canary.key();
        let metadata = json!({
            "name": &*key.name, "namespace": &*key.namespace, "resourceVersion": canary.resource_version(),
        });
        let mut body = Object::read(key.kind, json!({ "metadata": metadata }));
        body.set("/status", status);
        let path = format!("{}/status", request::path(&key));
        self.send("save the status of", Method::PUT, &path, &key, Some(body.value())).await
    }

    /// Creates an object that nobody reads again; that it is there already is no error.
    ///
    /// # Errors
    /// The server's refusal, or that we do not lead.
    pub async fn post(&self, object: Object) -> Result<(), WriteError> {
        let key = object.key();
        self.passes_fence("create", &key)?;
        let path = request::collection(key.kind, &key.namespace);
        match request::send(&self.client, Method::POST, &path, Some(object.value())).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(()),
            Err(error) => {
                Err(WriteError::new(request::class_of(&error), "create", &key, &request::words(&error)))
            }
        }
    }

    async fn create(&self, object: Object) -> Result<(), WriteError> {
        let key = object.key();
        let path = request::collection(key.kind, &key.namespace);
        self.send("create", Method::POST, &path, &key, Some(object.value())).await
    }

    async fn patch(&self, wanted: Object, precondition: Precondition) -> Result<(), WriteError> {
        let key = wanted.key();
        let seen = self.as_known(&key);
        let seen = seen.filter(|seen| seen.resource_version() == wanted.resource_version());
        let Some(seen) = seen else {
            return Err(WriteError::new(FailureClass::Moved, "update", &key, "it has changed meanwhile"));
        };
        let mut patch = merge_patch(seen.value(), wanted.value());
        match precondition {
            // Refused if it is not the newest version that the patch was computed from.
            Precondition::Unchanged => {
                patch["metadata"]["resourceVersion"] = Value::from(seen.resource_version());
            }
            Precondition::None => {}
        }
        self.send("update", Method::PATCH, &request::path(&key), &key, Some(&patch)).await
    }

    /// Deletes an object; with a uid, that one alone and none that took its name.
    async fn delete(&self, key: &Key, uid: Option<&str>) -> Result<(), WriteError> {
        self.passes_fence("delete", key)?;
        let last = self.as_known(key).map(|object| object.resource_version().to_owned()).unwrap_or_default();
        let options = uid.map(|uid| json!({"preconditions": {"uid": uid}}));
        match request::send(&self.client, Method::DELETE, &request::path(key), options.as_ref()).await {
            Ok(_) => {
                self.noted(self.cache.remove(key, &last));
                Ok(())
            }
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => {
                Err(WriteError::new(request::class_of(&error), "delete", key, &request::words(&error)))
            }
        }
    }

    /// Sends a write, and keeps what came of it.
    async fn send(
        &self,
        verb: &str,
        method: Method,
        path: &str,
        key: &Key,
        body: Option<&Value>,
    ) -> Result<(), WriteError> {
        self.passes_fence(verb, key)?;
        // As rights name it.
        let right = match method {
            Method::POST => "create",
            Method::PUT => "update",
            _ => "patch",
        };
        match request::send(&self.client, method, path, body).await {
            Ok(answer) => {
                self.keep(Object::read(key.kind, answer));
                Ok(())
            }
            Err(error) => {
                let mut class = request::class_of(&error);
                // What was to be changed is gone: that is to be seen, not to be tried again.
                let gone = matches!(&error, kube::Error::Api(status) if status.code == 404);
                if gone && self.as_known(key).is_some() {
                    class = FailureClass::Moved;
                }
                if class == FailureClass::Moved {
                    self.refresh(key).await;
                }
                let said = format!("{}{}", request::words(&error), request::missing_right(&error, right));
                Err(WriteError::new(class, verb, key, &said))
            }
        }
    }

    /// Keeps an object that the server has just sent.
    fn keep(&self, mut object: Object) {
        object.remove("/metadata/managedFields");
        let finalizers = object.at("/metadata/finalizers").and_then(Value::as_array);
        if object.is_being_deleted() && finalizers.is_none_or(Vec::is_empty) {
            // That was its last finalizer.
            self.noted(self.cache.remove(&object.key(), object.resource_version()));
            return;
        }
        if is_read_by_reference(object.kind()) {
            self.noted(self.cache.put(request::metadata_of(&object)));
            self.contents.put(object);
        } else {
            self.noted(self.cache.put(object));
        }
    }

    /// Reads an object anew, so that what is decided next is not decided on what was refused.
    async fn refresh(&self, key: &Key) {
        match request::get(&self.client, key).await {
            Ok(Some(object)) => self.keep(object),
            Ok(None) => {
                let last = self.as_known(key).map(|object| object.resource_version().to_owned());
                self.noted(self.cache.remove(key, &last.unwrap_or_default()));
            }
            Err(error) => tracing::warn!(object = %key, error = request::words(&error), "cannot be read"),
        }
    }

    /// An object as it is known now, its contents included.
    fn as_known(&self, key: &Key) -> Option<Arc<Object>> {
        self.reader().find(key).ok().flatten()
    }

    /// Whether this process may change anything now: it leads, or nobody else can.
    #[must_use]
    pub fn is_led(&self) -> bool {
        self.fence.is_open()
    }

    fn passes_fence(&self, verb: &str, key: &Key) -> Result<(), WriteError> {
        if self.is_led() {
            return Ok(());
        }
        Err(WriteError::new(FailureClass::Retry, verb, key, "this replica does not lead any more"))
    }
}
