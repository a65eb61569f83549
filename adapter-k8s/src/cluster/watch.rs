//! Keeps the cache of one kind up to date.

use std::sync::Arc;

use futures::StreamExt;
use kube::{
    Api, Resource, ResourceExt,
    api::{ApiResource, DynamicObject},
    core::{DynamicResourceScope, PartialObjectMeta},
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use serde_json::{Value, json};
use serin_core::tick::Pause;
use tokio::time::sleep;

use super::{
    Cluster,
    allowance::Allowance,
    known::{Known, skipping},
    lock, request,
    store::Entry,
    watched::Watched,
};
use crate::{
    kinds::is_read_by_reference,
    object::{Kind, LAST_APPLIED, Object},
};

/// Objects in one page of a list: they are in memory twice while a list is read. Each can be as large as the API server
/// allows, which is 1.5 MiB.
const PAGE: u32 = 25;

impl Cluster {
    /// Waits until the watch of a kind has ended, which should never happen.
    pub async fn watch_ended(&self) -> Kind {
        let mut ended = self.ended.subscribe();
        loop {
            if let Some(kind) = *ended.borrow_and_update() {
                return kind;
            }
            // The sender lives as long as this.
            ended.changed().await.ok();
        }
    }

    /// The kinds that are watched, by their plural, and whether they can be read now.
    #[must_use]
    pub fn watched(&self) -> Vec<(&'static str, bool)> {
        let kinds: Vec<Kind> = lock(&self.watches).keys().copied().collect();
        kinds.into_iter().map(|kind| (kind.plural, self.cache.is_readable(kind))).collect()
    }

    /// Removes the objects of these kinds, and reads them again when they are needed: under another definition a cached
    /// version can have another content.
    pub fn read_again(&self, kinds: impl IntoIterator<Item = Kind>) {
        for kind in kinds {
            if let Some(watch) = lock(&self.watches).remove(&kind) {
                watch.abort();
            }
            self.cache.close(kind);
        }
    }
}

/// Watches until the process ends.
pub(super) async fn run(cluster: Arc<Cluster>, kind: Kind) {
    let resource = ApiResource {
        group: kind.group.into(),
        version: kind.version.into(),
        api_version: kind.api_version(),
        kind: kind.kind.into(),
        plural: kind.plural.into(),
    };
    let mut garbled = Pause::default();
    loop {
        if is_read_by_reference(kind) {
            let events = watcher(api::<Metadata>(&cluster, kind, &resource), config());
            let metadata = |mut object: Metadata| {
                object.managed_fields_mut().clear();
                if let Some(annotations) = &mut object.metadata.annotations {
                    annotations.remove(LAST_APPLIED);
                }
                Object::read(kind, json!({"metadata": object.metadata}))
            };
            follow(&cluster, kind, events.default_backoff(), |_| false, metadata, &mut garbled).await;
        } else {
            let events = watcher(api::<Watched>(&cluster, kind, &resource), config());
            let whole = |watched: Watched| watched.object(kind);
            follow(&cluster, kind, events.default_backoff(), Watched::is_known, whole, &mut garbled).await;
        }
        // Only a list shows the content of an event that could not be decoded.
        sleep(garbled.grow(0)).await;
    }
}

type Metadata = PartialObjectMeta<DynamicObject>;

fn config() -> watcher::Config {
    watcher::Config::default().page_size(PAGE)
}

fn api<K>(cluster: &Cluster, kind: Kind, resource: &ApiResource) -> Api<K>
where
    K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>,
{
    let client = cluster.client.clone();
    match cluster.namespace.as_deref().filter(|_| kind.namespaced) {
        Some(namespace) => Api::namespaced_with(client, namespace, resource),
        None => Api::all_with(client, resource),
    }
}

/// Updates the cache from events; returns after one that could not be decoded.
async fn follow<K>(
    cluster: &Arc<Cluster>,
    kind: Kind,
    events: impl futures::Stream<Item = watcher::Result<Event<K>>>,
    is_known: impl Fn(&K) -> bool,
    whole: impl Fn(K) -> Object,
    garbled: &mut Pause,
) {
    let object = |event: K| lean(whole(event));
    // The objects of an incomplete list have the same limits as the cache.
    let (mut listing, mut allowance) = (Vec::new(), Allowance::default());
    let mut refused = Pause::default();
    let mut events = std::pin::pin!(events);
    // A list is complete: objects that are not in it were deleted.
    let mut known = None;
    while let Some(event) = skipping(known.clone(), events.next()).await {
        match event {
            Ok(Event::Init) => {
                (listing, allowance, known) = (Vec::new(), Allowance::default(), None);
                cluster.cache.list(kind);
            }
            Ok(Event::InitApply(event)) => {
                let object = object(event);
                let key = object.key();
                let entry = Entry::of(&object).within(&mut allowance, &key);
                listing.push((key, entry));
            }
            Ok(Event::InitDone) => {
                refused = Pause::default();
                known = Some(Known { cluster: cluster.clone(), kind });
                cluster.listed(kind, std::mem::take(&mut listing));
            }
            Ok(Event::Apply(event)) => {
                *garbled = Pause::default();
                if !is_known(&event) {
                    cluster.noted(cluster.cache.put(object(event)));
                }
            }
            Ok(Event::Delete(event)) => {
                let gone = object(event);
                cluster.forget_contents(&gone.key());
                cluster.noted(cluster.cache.remove(&gone.key(), gone.resource_version()));
            }
            Err(watcher::Error::WatchFailed(kube::Error::SerdeError(error))) => {
                tracing::error!(kind = kind.plural, %error, "an event cannot be decoded: all objects are listed again");
                return;
            }
            Err(error) => {
                if failed(cluster, kind, &error) {
                    // The watcher's own backoff restarts with every list.
                    sleep(refused.grow(0)).await;
                }
            }
        }
    }
}

/// A watch that breaks off is resumed without loss. After a list that fails, the objects are unknown. Returns whether
/// it was refused: then another try succeeds only after someone has changed something.
fn failed(cluster: &Cluster, kind: Kind, error: &watcher::Error) -> bool {
    let list = match error {
        watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error) => error,
        watcher::Error::WatchError(_)
        | watcher::Error::WatchFailed(_)
        | watcher::Error::NoResourceVersion => {
            tracing::debug!(kind = kind.plural, %error, "a watch is resumed");
            return false;
        }
    };
    let what = format!("{}.{}", kind.plural, kind.group);
    let what = what.trim_end_matches('.');
    let said = request::words(list);
    let remedy = request::remedy(list, "list and watch");
    let refused = !remedy.is_empty();
    if refused || !cluster.cache.is_settled(kind) {
        cluster.cannot_read(kind, &format!("cannot list {what}: {said}{remedy}"));
    } else {
        tracing::warn!(kind = kind.plural, error = said, "a list failed and is tried again");
    }
    refused
}

/// An object without the parts that are never read here.
fn lean(mut object: Object) -> Object {
    if object.kind().kind == "EndpointSlice" {
        let ready: Vec<Value> = object
            .at("/endpoints")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|endpoint| json!({
                "conditions": endpoint["conditions"], "targetRef": {"name": endpoint["targetRef"]["name"]},
            }))
            .collect();
        object.set("/endpoints", ready);
    }
    object
}
