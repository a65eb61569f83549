//! Replaces the nodes: every pod runs and is ready at once, unless it is marked as broken.

use std::{net::Ipv4Addr, pin::pin};

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, ResourceExt as _,
    api::{Patch, PatchParams},
    runtime::{WatchStreamExt as _, watcher},
};
use serde_json::{Value, json};

/// A pod with this annotation, with any value, never becomes ready.
pub(crate) const BROKEN: &str = "serin.dev/broken";

/// Makes the pods of all namespaces ready, until the process ends.
pub(crate) async fn run(client: Client) {
    let pods = watcher(Api::<Pod>::all(client.clone()), watcher::Config::default());
    let mut pods = pin!(pods.default_backoff().applied_objects());
    let mut address = 0;
    while let Some(seen) = pods.next().await {
        // The watch restarts by itself after an error.
        if let Ok(pod) = seen
            && let Some(ready) = wanted(&pod)
        {
            address += 1;
            let status = json!({"status": status(ready, address_of(address))});
            let pods: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace().unwrap());
            // It may be deleted, or have changed, and is seen again then.
            drop(pods.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Merge(status)).await);
        }
    }
}

/// Whether the pod has to be ready; `None` if its status is already right.
fn wanted(pod: &Pod) -> Option<bool> {
    let ready = !pod.annotations().contains_key(BROKEN);
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let mut readiness = conditions.filter(|condition| condition.type_ == "Ready");
    let is_so = readiness.any(|condition| condition.status == text(ready));
    (pod.metadata.deletion_timestamp.is_none() && !is_so).then_some(ready)
}

/// The address of a pod, by its number.
pub(crate) fn address_of(pod: u32) -> Ipv4Addr {
    let [_, a, b, c] = pod.to_be_bytes();
    Ipv4Addr::new(10, a, b, c)
}

/// The status of a pod that runs.
pub(crate) fn status(ready: bool, address: Ipv4Addr) -> Value {
    let condition = |name: &str, holds: bool| json!({"type": name, "status": text(holds)});
    json!({
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [
            condition("PodScheduled", true),
            condition("Initialized", true),
            condition("ContainersReady", ready),
            condition("Ready", ready),
        ],
    })
}

const fn text(holds: bool) -> &'static str {
    if holds { "True" } else { "False" }
}
