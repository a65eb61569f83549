//! A release of a version to users, from the first Deployment to its end.

use std::{future::Future, time::Duration};

use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api, Client,
    api::{DynamicObject, ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::time;

use crate::{
    app, load,
    objects::{self, documents, until_seen},
    pods::FAILS_ONE_IN,
    simulated, world,
};

/// The timeout of each part of it.
const PATIENCE: Duration = Duration::from_secs(150);
/// The time between two polls of what cannot be watched.
const LOOK: Duration = Duration::from_millis(50);

/// A workload with a Canary, and users who can reach it.
pub(crate) struct Release {
    client: Client,
    canary: Value,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) host: String,
}

impl Release {
    /// Creates a scenario's Canary and its templates in the cluster with version `v1` of the workload; returns when the
    /// gateway serves it.
    pub(crate) async fn prepare(client: Client, scenario: &str) -> Self {
        let canary = simulated::parse(scenario).manifest;
        let text = |pointer: &str| canary.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
        let host = text("/spec/service/hosts/0");
        let release = Self { client, canary, name, namespace, host };
        let written = documents(scenario).remove(0);
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": release.namespace}});
        let mut all = vec![namespace, release.workload()];
        all.extend(written["templates"].as_array().into_iter().flatten().cloned());
        all.push(release.canary.clone());
        for object in &all {
            objects::create(&release.client, object).await.unwrap();
        }
        release.until_phase("Initialized").await;
        release.until_served().await;
        release
    }

    /// Changes the version of the workload; one of this many of its answers is an error, or none.
    pub(crate) async fn deploy(&self, version: &str, fails_one_in: u64) {
        let annotations = json!({FAILS_ONE_IN: fails_one_in.to_string()});
        let container = json!({"name": "app", "image": format!("app:{version}")});
        let template = json!({"metadata": {"annotations": annotations}, "spec": {"containers": [container]}});
        let patch = Patch::Strategic(json!({"spec": {"template": template}}));
        self.deployments().patch(&self.name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Waits until the Canary is in a phase; it must not end in another one before.
    pub(crate) async fn until_phase(&self, wanted: &str) {
        let api = objects::api(&self.client, &self.canary).await.unwrap();
        let name = wanted.to_owned();
        let is_so = move |seen: Option<&DynamicObject>| {
            let phase = seen.and_then(|seen| seen.data["status"]["phase"].as_str()).unwrap_or_default();
            phase == name || ["Succeeded", "Failed"].contains(&phase)
        };
        let seen = self.within(wanted, until_seen(api, &self.name, is_so)).await.unwrap();
        assert_eq!(seen.data["status"]["phase"], wanted, "{}", world::last_words());
    }

    /// Waits until the workload's own pods are gone, after the last of their requests.
    pub(crate) async fn until_scaled_down(&self) {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let own = ListParams::default().labels(&format!("app={}", self.name));
        let gone = async {
            while !pods.list_metadata(&own).await.unwrap().items.is_empty() {
                time::sleep(LOOK).await;
            }
        };
        self.within("the canary's pods are gone", gone).await;
    }

    async fn until_served(&self) {
        let served = async {
            while !load::is_served(&self.host) {
                time::sleep(LOOK).await;
            }
        };
        self.within("the gateway serves", served).await;
    }

    async fn within<T>(&self, what: &str, comes: impl Future<Output = T>) -> T {
        match time::timeout(PATIENCE, comes).await {
            Ok(come) => come,
            Err(_) => {
                let canary = objects::read(&self.client, &self.canary).await.unwrap();
                panic!("{what}: not within {PATIENCE:?}\n{:#}\n{}", canary["status"], world::last_words())
            }
        }
    }

    fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn workload(&self) -> Value {
        let container = json!({"name": "app", "image": "app:v1", "ports": [{"name": "http", "containerPort": app::PORT}]});
        let labels = json!({"app": self.name});
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        })
    }
}
