//! The Canaries: created, changed, and watched for every step they take.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{StreamExt as _, stream};
use kube::{
    Api, Client, ResourceExt as _,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    runtime::{WatchStreamExt as _, watcher},
};
use serde_json::{Value, json};
use tokio::time;

use crate::{meter::now, objects, stage::NAMESPACE};

/// How many creations and changes run at the same time.
const AT_ONCE: usize = 16;

/// The timeout of a rollout of all of them.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// This number of Canaries.
pub(crate) struct Canaries {
    names: Vec<String>,
    deployments: Api<DynamicObject>,
    rows: Arc<Mutex<Rows>>,
}

/// The statuses of each Canary, with times.
type Rows = BTreeMap<String, Vec<(Duration, Row)>>;

#[derive(Clone, Debug, PartialEq)]
struct Row {
    phase: String,
    weight: i64,
}

impl Canaries {
    /// Creates them with their targets, and watches them from then on.
    pub(crate) async fn create(client: &Client, count: usize) -> Self {
        let names: Vec<String> = (0..count).map(|number| format!("app{number:04}")).collect();
        let canaries = objects::api(client, &canary("any")).await.unwrap();
        let deployments = objects::api(client, &deployment("any")).await.unwrap();
        let rows = Arc::new(Mutex::new(Rows::new()));
        tokio::spawn(watch(canaries.clone(), rows.clone()));
        let created = stream::iter(&names).for_each_concurrent(AT_ONCE, async |name| {
            for (api, object) in [(&deployments, deployment(name)), (&canaries, canary(name))] {
                let object = serde_json::from_value(object).unwrap();
                api.create(&PostParams::default(), &object).await.unwrap();
            }
        });
        created.await;
        Self { names, deployments, rows }
    }

    /// Waits until all of them are in a phase.
    pub(crate) async fn until_all(&self, phase: &str) {
        self.until(&self.names, phase).await;
    }

    /// Waits until the first of them have been released.
    pub(crate) async fn until_succeeded(&self, first: usize) {
        self.until(&self.names[..first], "Succeeded").await;
    }

    async fn until(&self, names: &[String], phase: &str) {
        let is_there = |rows: &Rows, name: &String| {
            rows.get(name).and_then(|rows| rows.last()).is_some_and(|(_, row)| row.phase == phase)
        };
        let all = async {
            while !names.iter().all(|name| is_there(&lock(&self.rows), name)) {
                time::sleep(objects::LOOK * 4).await;
            }
        };
        time::timeout(PATIENCE, all).await.unwrap_or_else(|_| panic!("not all {phase} after {PATIENCE:?}"));
    }

    /// Gives the first of them a new revision.
    pub(crate) async fn change(&self, first: usize) {
        let change = json!({"spec": {"template": {"metadata": {"annotations": {"revision": "2"}}}}});
        let patched = stream::iter(&self.names[..first]).for_each_concurrent(AT_ONCE, async |name| {
            let patch = Patch::Merge(&change);
            self.deployments.patch(name, &PatchParams::default(), &patch).await.unwrap();
        });
        patched.await;
    }

    /// The times between two steps of a rollout, in order.
    pub(crate) fn steps(&self) -> Vec<Duration> {
        let rows = lock(&self.rows);
        let mut steps: Vec<Duration> = rows
            .values()
            .flat_map(|rows| {
                let of_run = rows.iter().filter(|(_, row)| row.phase == "Progressing");
                let times: Vec<Duration> = of_run.map(|(at, _)| *at).collect();
                times.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>()
            })
            .collect();
        steps.sort();
        steps
    }
}

async fn watch(canaries: Api<DynamicObject>, rows: Arc<Mutex<Rows>>) {
    let mut seen = pin!(watcher(canaries, watcher::Config::default()).default_backoff().applied_objects());
    while let Some(seen) = seen.next().await {
        // The watch restarts by itself after an error.
        let Ok(canary) = seen else { continue };
        let status = &canary.data["status"];
        let row = Row {
            phase: status["phase"].as_str().unwrap_or_default().into(),
            weight: status["canaryWeight"].as_i64().unwrap_or_default(),
        };
        let mut rows = lock(&rows);
        let rows = rows.entry(canary.name_any()).or_default();
        if rows.last().is_none_or(|(_, last)| *last != row) {
            rows.push((now(), row));
        }
    }
}

fn lock(rows: &Mutex<Rows>) -> MutexGuard<'_, Rows> {
    rows.lock().unwrap_or_else(PoisonError::into_inner)
}

fn canary(name: &str) -> Value {
    json!({
        "apiVersion": "flagger.app/v1beta1", "kind": "Canary",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "service": {"port": 80, "targetPort": 9898},
            "analysis": {
                "interval": "10s", "threshold": 5, "maxWeight": 60, "stepWeight": 20,
                "metrics": [
                    {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"},
                    {"name": "request-duration", "thresholdRange": {"max": 500}, "interval": "1m"},
                ],
            },
        },
    })
}

fn deployment(name: &str) -> Value {
    let labels = json!({"app": name});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": {"revision": "1"}},
                "spec": {"containers": [{
                    "name": "app", "image": "app:1", "ports": [{"name": "http", "containerPort": 9898}],
                }]},
            },
        },
    })
}
