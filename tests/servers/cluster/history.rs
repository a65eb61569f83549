//! All changes of objects of some kinds, in the order in which the API server reported them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt as _, TryStreamExt as _};
use kube::{
    Api, Client,
    api::{DynamicObject, ListParams, WatchEvent, WatchParams},
};
use serde_json::Value;
use tokio::time;

use crate::objects::{self, LOOK};

/// Follows objects from now on, for as long as the runtime in which it was started.
#[derive(Clone, Default)]
pub(crate) struct History(Arc<Mutex<BTreeMap<u64, Moment>>>);

/// One change of one object.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// Such as `Deployment/web`.
    pub(crate) of: String,
    /// The new object; the last one if it was deleted.
    pub(crate) object: Value,
    /// It was deleted.
    pub(crate) gone: bool,
}

impl History {
    /// Starts to follow all objects of these kinds, in their namespaces.
    pub(crate) async fn follow(client: &Client, kinds: &[Value]) -> Self {
        let history = Self::default();
        for kind in kinds {
            let api = objects::api(client, kind).await.unwrap();
            let since = history.begin(&api, kind).await.unwrap();
            tokio::spawn(history.clone().listen(api, kind.clone(), since));
        }
        history
    }

    /// Notes the existing objects; returns the version from which to follow.
    async fn begin(&self, api: &Api<DynamicObject>, kind: &Value) -> Option<String> {
        let all = api.list(&ListParams::default()).await.ok()?;
        for object in all.items {
            self.note(kind, object, false);
        }
        all.metadata.resource_version
    }

    async fn listen(self, api: Api<DynamicObject>, kind: Value, mut since: String) {
        // A watch ends now and then, sometimes with its server, and continues from where it was.
        loop {
            let Ok(events) = api.watch(&WatchParams::default(), &since).await else {
                time::sleep(LOOK).await;
                continue;
            };
            let mut events = events.boxed();
            while let Ok(Some(event)) = events.try_next().await {
                match event {
                    WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                        since = self.note(&kind, object, false);
                    }
                    WatchEvent::Deleted(object) => since = self.note(&kind, object, true),
                    // A restarted server does not know the earlier versions, so the current objects are read again.
                    WatchEvent::Error(_) => since = self.begin(&api, &kind).await.unwrap_or(since),
                    WatchEvent::Bookmark(_) => {}
                }
            }
        }
    }

    fn note(&self, kind: &Value, object: DynamicObject, gone: bool) -> String {
        let version = object.metadata.resource_version.clone().unwrap_or_default();
        let name = object.metadata.name.clone().unwrap_or_default();
        let of = format!("{}/{name}", kind["kind"].as_str().unwrap_or_default());
        let moment = Moment { of, object: serde_json::to_value(object).unwrap(), gone };
        self.lock().insert(version.parse().unwrap(), moment);
        version
    }

    /// All changes so far, in order.
    pub(crate) fn moments(&self) -> Vec<Moment> {
        self.lock().values().cloned().collect()
    }

    /// The changes of one object.
    pub(crate) fn of(&self, name: &str) -> Vec<Moment> {
        self.moments().into_iter().filter(|moment| moment.of == name).collect()
    }

    /// The phases and weights of a Canary, without consecutive repeats.
    pub(crate) fn rows(&self) -> Vec<(String, u64)> {
        let row = |status: &Value| {
            let phase = status["phase"].as_str().unwrap_or_default().to_owned();
            (phase, status["canaryWeight"].as_u64().unwrap_or_default())
        };
        let mut rows: Vec<_> = self.of("Canary/web").iter().map(|it| row(&it.object["status"])).collect();
        rows.dedup();
        rows
    }

    /// Waits until the Canary's last row has this phase: another client may have read it before it arrives here.
    pub(crate) async fn rows_until(&self, phase: &str) -> Vec<(String, u64)> {
        let ends_so = |rows: &Vec<(String, u64)>| rows.last().is_some_and(|(last, _)| last == phase);
        objects::until(&format!("a row of {phase}"), async || Some(self.rows()).filter(ends_so)).await
    }

    /// Waits until an object is deleted.
    pub(crate) async fn until_gone(&self, name: &str) {
        let is_gone = async || self.of(name).last().filter(|last| last.gone).map(drop);
        objects::until(&format!("{name} is gone"), is_gone).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Moment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
