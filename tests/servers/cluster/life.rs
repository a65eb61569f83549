//! A Canary's whole life, with everything in it: compared with another one, it shows what a disturbance has changed.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use tokio::time;

use crate::{
    history::{History, Moment},
    objects::{self, LOOK},
    proxy::{Proxy, Write},
    release::{Release, weights_of},
    scripted::Call,
    stage::Stage,
};

/// The timeout of each part of a life, however many times the controller is killed meanwhile.
const PATIENCE: Duration = Duration::from_secs(480);

/// The story of a Canary from its creation to its end.
pub(crate) struct Life {
    /// Phases and weights.
    rows: Vec<(String, u64)>,
    /// The canary's share of requests in the routes.
    routed: Vec<u64>,
    /// The messages, sorted.
    messages: Vec<String>,
    /// Hooks by their keys, in order.
    hooks: Vec<String>,
    /// The objects when the rollout was over.
    objects: BTreeMap<String, Value>,
    /// The objects that are left when the Canary is gone.
    left: BTreeMap<String, Value>,
    /// The requests to the API server.
    pub(crate) written: Vec<Write>,
}

/// Kinds of the objects that a life leaves behind.
fn kinds(release: &Release<'_>) -> [Value; 7] {
    [
        ("flagger.app/v1beta1", "Canary"),
        ("apps/v1", "Deployment"),
        ("v1", "Service"),
        ("v1", "ConfigMap"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("networking.istio.io/v1", "VirtualService"),
        ("networking.istio.io/v1", "DestinationRule"),
    ]
    .map(|(api_version, kind)| release.reference(api_version, kind, ""))
}

pub(crate) async fn patiently<T>(what: &str, mut asks: impl AsyncFnMut() -> Option<T>) -> T {
    let answered = async {
        loop {
            if let Some(answer) = asks().await {
                return answer;
            }
            time::sleep(LOOK).await;
        }
    };
    time::timeout(PATIENCE, answered).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

async fn until(release: &Release<'_>, what: &str, is_so: impl Fn(&Value) -> bool) {
    patiently(what, async || is_so(&release.canary().await).then_some(())).await;
}

fn settings(release: &Release<'_>, name: &str, greeting: &str, immutable: bool) -> Value {
    let mut object = release.settings(name, greeting);
    object["immutable"] = immutable.into();
    object
}

/// All objects that a Canary can use: an autoscaler, configuration that changes and one that cannot.
pub(crate) async fn prepare(stage: &Stage, release: &Release<'_>) {
    for (name, immutable) in [("fixed", true), ("loose", false)] {
        objects::create(&stage.client, &settings(release, name, "hello", immutable)).await.unwrap();
    }
    let mut scaler = release.reference("autoscaling/v2", "HorizontalPodAutoscaler", "web");
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    scaler["spec"] = json!({"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 2});
    objects::create(&stage.client, &scaler).await.unwrap();
    release.reads(&["fixed", "loose"]).await;
    let reference = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "web"});
    let analysis = json!({"maxWeight": 20});
    release
        .change(
            &json!({"spec": {"autoscalerRef": reference, "revertOnDeletion": true, "analysis": analysis}}),
        )
        .await;
}

/// The workload that is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Push {
    /// Another image.
    Image,
    /// Another image and other configuration, all at once, for clients that see changes in order.
    Everything,
}

async fn push_everything(stage: &Stage, release: &Release<'_>) {
    release.change(&json!({"spec": {"suspend": true}})).await;
    until(release, "suspended", |it| it["status"]["serin"]["suspended"].is_string()).await;
    let fixed = settings(release, "fixed", "good morning", true);
    objects::delete(&stage.client, &fixed).await.unwrap();
    objects::create(&stage.client, &fixed).await.unwrap();
    let loose = settings(release, "loose", "good evening", false);
    objects::patch(&stage.client, &loose, &json!({"data": loose["data"]})).await.unwrap();
    let scaler = release.reference("autoscaling/v2", "HorizontalPodAutoscaler", "web");
    objects::patch(&stage.client, &scaler, &json!({"spec": {"maxReplicas": 3}})).await.unwrap();
    push_image(stage, release).await;
    release.change(&json!({"spec": {"suspend": false}})).await;
}

async fn push_image(stage: &Stage, release: &Release<'_>) {
    let change =
        json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "app:2"}]);
    let web = release.reference("apps/v1", "Deployment", "web");
    objects::patch_json(&stage.client, &web, &change).await.unwrap();
}

/// A Canary is created, has its rollout, and is deleted.
pub(crate) async fn live(stage: &Stage, release: &Release<'_>, proxy: &Proxy, push: Push) -> Life {
    let kinds = kinds(release);
    let history = History::follow(&stage.client, &kinds).await;
    until(release, "Initialized", |it| it["status"]["phase"] == "Initialized").await;
    // It was refused, reported, and removed from the object.
    release.change(&json!({"metadata": {"annotations": {"flagger.app/promote": "true"}}})).await;
    until(release, "answered", |it| it["metadata"]["annotations"]["flagger.app/promote"].is_null()).await;
    match push {
        Push::Image => push_image(stage, release).await,
        Push::Everything => push_everything(stage, release).await,
    }
    let is_over = |it: &Value| {
        let ours = &it["status"]["serin"];
        it["status"]["phase"] == "Succeeded" && ours["owed"].is_null() && ours["outbox"].is_null()
    };
    until(release, "over", is_over).await;
    let objects = all(stage, &kinds[1..]).await;
    release.delete().await;
    patiently("gone", async || history.of("Canary/web").last().filter(|last| last.gone).map(drop)).await;
    let left = patiently("nothing of ours is left", async || {
        let left = all(stage, &kinds[1..]).await;
        (!left.keys().any(|name| name.contains("web-") || name.contains("-primary"))).then_some(left)
    });
    let left = left.await;
    let moments = history.moments();
    Life {
        // Which controller looked first is random.
        rows: history.rows().into_iter().filter(|(phase, _)| !phase.is_empty()).collect(),
        routed: routed(&moments),
        messages: messages(stage, release).await,
        hooks: hooks(&release.scripted.calls()),
        objects,
        left,
        written: proxy.written(),
    }
}

/// The shares of the canary, one after the other.
fn routed(moments: &[Moment]) -> Vec<u64> {
    let routes = moments.iter().filter(|it| it.of == "VirtualService/web" && !it.gone);
    let mut shares: Vec<u64> = routes.map(|it| weights_of(&it.object)[1]).collect();
    shares.dedup();
    shares
}

async fn messages(stage: &Stage, release: &Release<'_>) -> Vec<String> {
    let mut events = objects::all(&stage.client, &release.reference("v1", "Event", "")).await.unwrap();
    events.retain(|event| event["involvedObject"]["kind"] == "Canary");
    assert!(events.iter().all(|event| event["count"] == 1), "sent twice: {events:#?}");
    let words =
        |event: &Value| event["message"].as_str().unwrap_or_default().replace(&stage.namespace, "here");
    let mut messages: Vec<String> = events.iter().map(words).collect();
    messages.sort();
    messages
}

/// Every call is identified by its key: a controller that was killed between an answer and its save calls again with
/// the same key.
fn hooks(calls: &[Call]) -> Vec<String> {
    let mut known: BTreeMap<String, &Value> = BTreeMap::new();
    let mut hooks = Vec::new();
    for call in calls {
        let Call::Hook { name, key, sent, .. } = call else { continue };
        let key = key.clone().unwrap_or_else(|| panic!("{name} was called without a key"));
        match known.insert(key.clone(), sent) {
            Some(before) => assert_eq!(before, sent, "{name}: {key} meant something else before"),
            None => hooks.push(name.clone()),
        }
    }
    hooks
}

/// The objects as their owner wants them: without fields that the server and other controllers add.
async fn all(stage: &Stage, kinds: &[Value]) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for kind in kinds {
        for mut object in objects::all(&stage.client, kind).await.unwrap() {
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            if name == "kube-root-ca.crt" {
                continue;
            }
            let metadata = object["metadata"].take();
            let mut annotations = metadata["annotations"].clone();
            if let Some(annotations) = annotations.as_object_mut() {
                annotations.remove("deployment.kubernetes.io/revision");
            }
            let owners = metadata["ownerReferences"].as_array().map(Vec::len);
            object["metadata"] =
                json!({"labels": metadata["labels"], "annotations": annotations, "owners": owners});
            for field in ["status", "apiVersion"] {
                object.as_object_mut().unwrap().remove(field);
            }
            for field in ["clusterIP", "clusterIPs"] {
                object["spec"].as_object_mut().map(|spec| spec.remove(field));
            }
            // It identifies the run, and so the Canary.
            if let Some(annotations) = object.pointer_mut("/spec/template/metadata/annotations") {
                annotations.as_object_mut().map(|annotations| annotations.remove("flagger-id"));
            }
            let object = object.to_string().replace(&stage.namespace, "here");
            let name = format!("{}/{name}", kind["kind"].as_str().unwrap());
            all.insert(name, serde_json::from_str(&object).unwrap());
        }
    }
    all
}

/// Two lives are equal.
pub(crate) fn assert_same(disturbed: &Life, quiet: &Life) {
    assert_eq!(disturbed.rows, quiet.rows);
    assert_eq!(disturbed.routed, quiet.routed);
    assert_eq!(disturbed.messages, quiet.messages);
    assert_eq!(disturbed.hooks, quiet.hooks);
    for (disturbed, quiet) in [(&disturbed.objects, &quiet.objects), (&disturbed.left, &quiet.left)] {
        let names = |objects: &BTreeMap<String, Value>| objects.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(disturbed), names(quiet));
        for (name, object) in quiet {
            assert_eq!(disturbed[name], *object, "{name}");
        }
    }
}
