//! Keeps the cache of one kind as the cluster is.

use std::sync::Arc;

use futures::StreamExt;
use kube::{
    Api, ResourceExt,
    api::{ApiResource, DynamicObject},
    core::PartialObjectMeta,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use serde_json::{Value, json};
use serin_core::tick::Pause;
use tokio::time::sleep;

use super::{Cluster, request, shelf::Entry, watched::Watched};
use crate::{
    kinds::is_read_by_reference,
    object::{Kind, Object},
};

/// Objects of one page of a list: what is held twice while a list is read.
const PAGE: u32 = 100;

/// Watches until the process ends.
pub(super) async fn run(cluster: Arc<Cluster>, kind: Kind) {
    let resource = ApiResource {
        group: kind.group.into(),
        version: kind.version.into(),
        api_version: kind.api_version(),
        kind: kind.kind.into(),
        plural: kind.plural.into(),
    };
    let namespace = cluster.namespace.as_deref().filter(|_| kind.namespaced);
    let config = watcher::Config::default().page_size(PAGE);
    let client = cluster.client.clone();
    if is_read_by_reference(kind) {
        type Partial = PartialObjectMeta<DynamicObject>;
        let api: Api<Partial> = match namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        };
        let events = watcher(api, config).default_backoff();
        let metadata = |mut object: Partial| {
            object.managed_fields_mut().clear();
            json!({"metadata": object.metadata})
        };
        follow(&cluster, kind, events, metadata).await;
    } else {
        let api: Api<Watched> = match namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        };
        let events = watcher(api, config).default_backoff();
        follow(&cluster, kind, events, |watched| watched.value).await;
    }
}

async fn follow<K>(
    cluster: &Arc<Cluster>,
    kind: Kind,
    events: impl futures::Stream<Item = watcher::Result<Event<K>>>,
    whole: impl Fn(K) -> Value,
) {
    let object = |event: K| lean(Object::read(kind, whole(event)));
    let mut listing = Vec::new();
    let mut refused = Pause::default();
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => {
                listing.clear();
                cluster.cache.list(kind);
            }
            Ok(Event::InitApply(event)) => {
                let object = object(event);
                listing.push((object.key(), Entry::of(&object)));
            }
            Ok(Event::InitDone) => {
                refused = Pause::default();
                cluster.listed(kind, std::mem::take(&mut listing));
            }
            Ok(Event::Apply(event)) => cluster.noted(cluster.cache.put(object(event))),
            Ok(Event::Delete(event)) => {
                let gone = object(event);
                cluster.contents.remove(&gone.key());
                cluster.noted(cluster.cache.remove(&gone.key(), gone.resource_version()));
            }
            Err(error) => {
                if failed(cluster, kind, &error) {
                    // The watcher's own backoff begins anew with every list it begins.
                    sleep(refused.grow(0)).await;
                }
            }
        }
    }
}

/// A watch that breaks off is taken up again and nothing is lost; a list that fails leaves us blind. Returns whether it
/// was refused: then asking again helps only when somebody has changed something.
fn failed(cluster: &Cluster, kind: Kind, error: &watcher::Error) -> bool {
    let list = match error {
        watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error) => error,
        watcher::Error::WatchError(_)
        | watcher::Error::WatchFailed(_)
        | watcher::Error::NoResourceVersion => {
            tracing::debug!(kind = kind.plural, %error, "a watch is taken up again");
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

/// An object without what nobody here reads.
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
