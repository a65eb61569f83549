//! Replaces a node and its kubelet: pods are bound to it, run as small HTTP services on their own addresses, and serve
//! their last requests before they end.

use std::{collections::BTreeMap, pin::pin};

use futures::StreamExt as _;
use k8s_openapi::{
    api::core::v1::{Binding, ObjectReference, Pod},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Status},
};
use kube::{
    Api, Client, ResourceExt as _,
    api::{DeleteParams, Patch, PatchParams, PostParams},
    runtime::{WatchStreamExt as _, watcher},
};
use serde_json::json;

use crate::{
    app::{App, Running},
    node::{address_of, status},
    objects,
};

/// The annotation of a pod that says that one of this many answers is an error.
pub(crate) const FAILS_ONE_IN: &str = "serin.dev/fails-one-in";

const NODE: &str = "node";

/// Creates the node.
pub(crate) async fn make_node(client: &Client) {
    // EndpointSlices name only pods of nodes that exist.
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}});
    objects::create(client, &node).await.unwrap();
}

/// Runs all pods, until the process ends.
pub(crate) async fn run(client: Client) {
    let mut node = Node { client: client.clone(), running: BTreeMap::new(), pods: 0 };
    let pods = watcher(Api::<Pod>::all(client), watcher::Config::default());
    let mut pods = pin!(pods.default_backoff().applied_objects());
    while let Some(seen) = pods.next().await {
        // The watch restarts by itself after an error.
        if let Ok(pod) = seen {
            node.look_at(&pod).await;
        }
    }
}

struct Node {
    client: Client,
    /// By the pod's UID.
    running: BTreeMap<String, Running>,
    pods: u32,
}

impl Node {
    async fn look_at(&mut self, pod: &Pod) {
        let uid = pod.uid().unwrap();
        let is_bound = pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some());
        if pod.metadata.deletion_timestamp.is_some() {
            if let Some(running) = self.running.remove(&uid) {
                tokio::spawn(end(self.api(pod), pod.name_any(), running));
            }
        } else if !is_bound {
            self.bind(pod).await;
        } else if !self.running.contains_key(&uid) {
            self.begin(pod, uid).await;
        }
    }

    /// It is seen again when it is bound.
    async fn bind(&self, pod: &Pod) {
        let name = pod.name_any();
        let target =
            ObjectReference { kind: Some("Node".into()), name: Some(NODE.into()), ..Default::default() };
        let metadata = ObjectMeta { name: Some(name.clone()), ..Default::default() };
        let binding = Binding { metadata, target };
        let (api, parameters) = (self.api(pod), PostParams::default());
        let bound = api.create_subresource::<_, Status>("binding", &name, &parameters, &binding).await;
        // It may be deleted.
        drop(bound);
    }

    async fn begin(&mut self, pod: &Pod, uid: String) {
        self.pods += 1;
        let address = address_of(self.pods);
        let running = app(pod).run(address).await;
        self.running.insert(uid, running);
        let status = Patch::Merge(json!({"status": status(true, address)}));
        // It may be deleted, and is seen again then.
        drop(self.api(pod).patch_status(&pod.name_any(), &PatchParams::default(), &status).await);
    }

    fn api(&self, pod: &Pod) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &pod.namespace().unwrap())
    }
}

async fn end(api: Api<Pod>, name: String, running: Running) {
    running.end().await;
    // It may be deleted already.
    drop(api.delete(&name, &DeleteParams::default().grace_period(0)).await);
}

fn app(pod: &Pod) -> App {
    let container = &pod.spec.as_ref().unwrap().containers[0];
    let (_, version) = container.image.as_deref().unwrap().split_once(':').unwrap();
    let fails_one_in = pod.annotations().get(FAILS_ONE_IN).map_or(0, |text| text.parse().unwrap());
    App { workload: pod.labels()["app"].clone(), version: version.into(), fails_one_in }
}
