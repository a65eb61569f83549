//! The control plane works like a cluster: a Deployment gets ready pods, unless they are broken.

use std::{collections::BTreeSet, pin::pin};

use futures::StreamExt as _;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api, ResourceExt as _,
    runtime::{WatchStreamExt as _, watcher},
};
use serde_json::{Value, json};

use crate::{
    node::BROKEN,
    objects::{self, until_seen, within},
    stage::{Stage, alone_on_stage, on_stage},
};

fn deployment(namespace: &str, name: &str, annotations: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": annotations},
                "spec": {"containers": [{"name": "app", "image": "app:1"}]},
            },
        },
    })
}

/// Waits until this many pods exist and this many of them are ready.
async fn until_counted(stage: &Stage, name: &str, exist: i32, ready: i32) {
    let api: Api<Deployment> = Api::namespaced(stage.client.clone(), &stage.namespace);
    let is_so = move |seen: Option<&Deployment>| {
        let status = seen.and_then(|seen| seen.status.as_ref());
        status.is_some_and(|status| {
            (status.replicas.unwrap_or(0), status.ready_replicas.unwrap_or(0)) == (exist, ready)
        })
    };
    within(name, until_seen(api, name, is_so)).await;
}

#[test]
fn cluster_pods_get_ready_unless_they_are_broken() {
    on_stage("pods", async |stage| {
        let whole = deployment(&stage.namespace, "whole", &json!({}));
        let broken = deployment(&stage.namespace, "broken", &json!({BROKEN: ""}));
        for object in [&whole, &broken] {
            objects::create(&stage.client, object).await.unwrap();
        }
        until_counted(&stage, "whole", 2, 2).await;
        until_counted(&stage, "broken", 2, 0).await;
        // They run, but are not ready.
        within("broken pods", until_running(&stage, "app=broken")).await;
        until_counted(&stage, "broken", 2, 0).await;
    });
}

async fn until_running(stage: &Stage, label: &str) {
    let pods: Api<Pod> = Api::namespaced(stage.client.clone(), &stage.namespace);
    let mut seen =
        pin!(watcher(pods, watcher::Config::default().labels(label)).default_backoff().applied_objects());
    let mut running = BTreeSet::new();
    while running.len() < 2 {
        // The watch restarts by itself after an error.
        if let Ok(pod) = seen.next().await.unwrap()
            && phase(&pod) == Some("Running")
        {
            running.insert(pod.name_any());
        }
    }
}

fn phase(pod: &Pod) -> Option<&str> {
    pod.status.as_ref()?.phase.as_deref()
}

#[test]
fn cluster_stored_objects_survive_a_restart_of_the_api_server() {
    alone_on_stage("restart", async |stage| {
        let object = deployment(&stage.namespace, "web", &json!({}));
        objects::create(&stage.client, &object).await.unwrap();
        stage.plane.restart_api_server().await;
        until_counted(&stage, "web", 2, 2).await;
    });
}
