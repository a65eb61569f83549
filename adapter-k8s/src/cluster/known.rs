//! Objects that need not be parsed again: a watch repeats every write of our own, after its answer.
//!
//! kube's decoder takes no arguments, so the known versions are in a thread-local variable while a watch is polled for
//! its next event.

use std::sync::Arc;

use serde_json::Value;

use super::Cluster;
use crate::object::{Key, Kind};

tokio::task_local! {
    static KNOWN: Option<Known>;
}

/// The versions of the objects of one kind that the cache has seen.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) cluster: Arc<Cluster>,
    pub(super) kind: Kind,
}

/// Runs a function without the known versions.
pub(super) async fn skipping<T>(known: Option<Known>, work: impl Future<Output = T>) -> T {
    KNOWN.scope(known, work).await
}

/// Whether the object with this metadata is known, and need not be parsed now.
pub(super) fn is_known(metadata: &Value) -> bool {
    let text = |field: &str| metadata[field].as_str().unwrap_or_default();
    let is_known = |known: &Option<Known>| {
        known.as_ref().is_some_and(|Known { cluster, kind }| {
            let key = Key::new(*kind, text("namespace"), text("name"));
            cluster.cache.meets(&key, text("resourceVersion"))
        })
    };
    KNOWN.try_with(is_known).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use kube::{Client, Config};
    use serde_json::json;

    use super::*;
    use crate::{
        cluster::{fence::Fence, watched::Watched},
        kinds::DEPLOYMENT,
    };

    #[tokio::test]
    async fn only_the_name_of_a_known_version_is_parsed() {
        let config = Config::new("http://127.0.0.1:1".parse().unwrap());
        let client = Client::try_from(config).unwrap();
        let cluster = Cluster::new(client, None, Arc::new(Fence::open()), "me");
        let text = |version: u64| {
            let metadata = json!({"name": "web", "namespace": "n", "resourceVersion": version.to_string()});
            json!({"kind": "Deployment", "metadata": metadata, "spec": {"replicas": 1}}).to_string()
        };
        let read = |version| serde_json::from_str::<Watched>(&text(version)).unwrap();
        cluster.cache.put(read(7).object(DEPLOYMENT));
        let known = Some(Known { cluster: cluster.clone(), kind: DEPLOYMENT });
        skipping(known, async {
            for (version, is_known) in [(6, true), (7, true), (8, false)] {
                let watched = read(version);
                assert_eq!(watched.is_known(), is_known, "{version}");
                let object = watched.object(DEPLOYMENT);
                assert_eq!((object.name(), object.resource_version()), ("web", &*version.to_string()));
                assert_eq!(object.at("/spec").is_some(), !is_known);
            }
        })
        .await;
        let whole = async { assert!(!read(7).is_known(), "a list is read whole") };
        skipping(None, whole).await;
        assert!(!read(7).is_known(), "so is an answer");
    }
}
