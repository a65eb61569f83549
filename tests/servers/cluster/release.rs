//! A Deployment that a Canary releases, for tests to change and observe.

use std::{collections::BTreeMap, path::Path};

use kube::Client;
use serde_json::{Value, json};
use serin_simulator::scenario::{self, HookAnswer, HookOutcome};

use crate::{objects, scripted::Scripted, stage::Stage};

/// The Deployment `web` and the Canary of that name.
pub(crate) struct Release<'a> {
    stage: &'a Stage,
    /// The answers of metrics and hooks.
    pub(crate) scripted: Scripted,
    canary: Value,
}

impl<'a> Release<'a> {
    /// Creates both. No controller handles them yet.
    ///
    /// The analysis steps by 10 to 30 every ten seconds, and calls the hooks `gate` before the run, `step` on each
    /// step, `promotion` before the promotion and `after` at the end. All of them pass.
    pub(crate) async fn create(stage: &'a Stage) -> Self {
        let target = deployment(&stage.namespace, "web");
        Self::of(stage, &target, &manifest(&stage.namespace), &[]).await
    }

    /// Creates this Deployment `web`, its Canary and these MetricTemplates.
    pub(crate) async fn of(stage: &'a Stage, target: &Value, manifest: &Value, templates: &[Value]) -> Self {
        let text = json!({"scenario": "a release", "canary": manifest, "templates": templates}).to_string();
        let scenario = scenario::parse(&text, Path::new("release.yaml")).unwrap();
        let scripted = Scripted::start(&scenario).await;
        let canary = scripted.rewired(manifest);
        for template in templates {
            objects::create(&stage.client, &scripted.rewired(template)).await.unwrap();
        }
        objects::create(&stage.client, target).await.unwrap();
        objects::create(&stage.client, &canary).await.unwrap();
        Self { stage, scripted, canary }
    }

    /// Gives the Canary another specification, as `kubectl apply` does: missing fields are removed.
    pub(crate) async fn apply(&self, spec: &Value) {
        let mut wanted = self.canary.clone();
        wanted["spec"] = spec.clone();
        let spec = self.scripted.rewired(&wanted)["spec"].take();
        let change = json!([{"op": "replace", "path": "/spec", "value": spec}]);
        objects::patch_json(&self.stage.client, &self.canary, &change).await.unwrap();
    }

    /// Releases another image to the end.
    pub(crate) async fn release(&self, image: &str) {
        self.push(image).await;
        let run = self.canary().await["status"]["serin"]["run"].as_u64().unwrap_or_default();
        let is_over = |status: &Value| {
            status["serin"]["run"].as_u64().is_some_and(|now| now > run) && status["phase"] == "Succeeded"
        };
        self.until("a release is over", is_over).await;
        assert_eq!(self.image("web-primary").await, image);
    }

    /// From now on a hook answers with this status.
    pub(crate) fn answer(&self, hook: &str, status: u16) {
        let answer: HookAnswer = HookOutcome::Status(status).into();
        self.scripted.change(&BTreeMap::new(), &BTreeMap::from([(hook.into(), vec![answer])]));
    }

    /// Gives the Deployment another image.
    pub(crate) async fn push(&self, image: &str) {
        self.run(&json!({"name": "app", "image": image})).await;
    }

    /// Makes the Deployment read ConfigMaps.
    pub(crate) async fn reads(&self, config_maps: &[&str]) {
        let from = |name: &&str| json!({"configMapRef": {"name": name}});
        let from: Vec<Value> = config_maps.iter().map(from).collect();
        self.run(&json!({"name": "app", "image": "app:1", "envFrom": from})).await;
    }

    /// Gives the Deployment another container.
    async fn run(&self, container: &Value) {
        let change = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
        objects::patch(&self.stage.client, &deployment(&self.stage.namespace, "web"), &change).await.unwrap();
    }

    /// A ConfigMap with a greeting.
    pub(crate) fn settings(&self, name: &str, greeting: &str) -> Value {
        let mut object = self.reference("v1", "ConfigMap", name);
        object["data"] = json!({"greeting": greeting});
        object
    }

    /// Merges a change into the Canary.
    pub(crate) async fn change(&self, change: &Value) {
        objects::patch(&self.stage.client, &self.canary, change).await.unwrap();
    }

    /// The Canary as it is now.
    pub(crate) async fn canary(&self) -> Value {
        objects::read(&self.stage.client, &self.canary).await.unwrap()
    }

    /// Waits until the Canary's status meets this condition.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let look = async || {
            let status = objects::read(&self.stage.client, &self.canary).await.ok()?["status"].clone();
            is_so(&status).then_some(status)
        };
        objects::until(what, look).await
    }

    /// Waits for a phase.
    pub(crate) async fn until_phase(&self, phase: &str) -> Value {
        self.until(phase, |status| status["phase"] == phase).await
    }

    /// Waits for a weight of a run.
    pub(crate) async fn until_weight(&self, weight: u64) -> Value {
        let what = format!("weight {weight}");
        self.until(&what, |status| status["canaryWeight"] == weight && status["phase"] == "Progressing").await
    }

    /// An object of the release.
    pub(crate) async fn object(&self, api_version: &str, kind: &str, name: &str) -> Option<Value> {
        objects::read(&self.stage.client, &self.reference(api_version, kind, name)).await.ok()
    }

    /// Identifies an object of the release.
    pub(crate) fn reference(&self, api_version: &str, kind: &str, name: &str) -> Value {
        reference(&self.stage.namespace, api_version, kind, name)
    }

    /// The image of a Deployment.
    pub(crate) async fn image(&self, name: &str) -> String {
        let deployment = self.object("apps/v1", "Deployment", name).await.unwrap();
        deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    }

    /// The shares of primary and canary in the VirtualService.
    pub(crate) async fn weights(&self) -> [u64; 2] {
        let route = self.object("networking.istio.io/v1", "VirtualService", "web").await.unwrap();
        weights_of(&route)
    }

    /// The messages, in order.
    pub(crate) async fn events(&self) -> Vec<String> {
        let mut all = objects::all(&self.stage.client, &self.reference("v1", "Event", "")).await.unwrap();
        all.retain(|event| event["involvedObject"]["kind"] == "Canary");
        all.sort_by_key(event_order);
        all.iter().map(|event| event["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits until an event contains these words; returns its whole message.
    pub(crate) async fn until_event(&self, words: &str) -> String {
        let told = async || self.events().await.into_iter().find(|event| event.contains(words));
        objects::until(words, told).await
    }

    /// Requests the Canary's deletion.
    pub(crate) async fn delete(&self) {
        objects::delete(&self.stage.client, &self.canary).await.unwrap();
    }
}

/// An event's place in the order: the end of its name is a counter.
fn event_order(event: &Value) -> (u64, u64) {
    let id = event["metadata"]["name"].as_str().unwrap_or_default().rsplit('.').next().unwrap_or_default();
    let (seq, index) = id.split_once('-').unwrap_or_default();
    (seq.parse().unwrap_or_default(), index.parse().unwrap_or_default())
}

/// The shares of primary and canary in a VirtualService.
pub(crate) fn weights_of(route: &Value) -> [u64; 2] {
    let routes = route["spec"]["http"][0]["route"].as_array().cloned().unwrap_or_default();
    ["web-primary", "web-canary"].map(|host| {
        let to = routes.iter().find(|to| to["destination"]["host"] == host);
        to.and_then(|to| to["weight"].as_u64()).unwrap_or_default()
    })
}

/// Identifies an object.
pub(crate) fn reference(namespace: &str, api_version: &str, kind: &str, name: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}})
}

/// A Deployment with one pod.
pub(crate) fn deployment(namespace: &str, name: &str) -> Value {
    let template = json!({
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "app", "image": "app:1"}], "terminationGracePeriodSeconds": 0},
    });
    let mut object = reference(namespace, "apps/v1", "Deployment", name);
    object["spec"] = json!({"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template});
    object
}

/// The Canary of it.
pub(crate) fn manifest(namespace: &str) -> Value {
    let hook = |name: &str, kind: &str| json!({"name": name, "type": kind, "url": "http://hook"});
    let mut object = reference(namespace, "flagger.app/v1beta1", "Canary", "web");
    object["spec"] = json!({
        "provider": "istio",
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "service": {"port": 80},
        "analysis": {
            "interval": "10s",
            "threshold": 2,
            "stepWeight": 10,
            "maxWeight": 30,
            "metrics": [{"name": "request-success-rate", "thresholdRange": {"min": 99}}],
            "webhooks": [
                hook("gate", "confirm-rollout"),
                hook("step", "rollout"),
                hook("promotion", "confirm-promotion"),
                hook("after", "post-rollout"),
            ],
        },
    });
    object
}

/// A Deployment and its Canary without metrics and hooks: only the services move the users.
pub(crate) fn plain(namespace: &str) -> [Value; 2] {
    let mut canary = manifest(namespace);
    canary["metadata"]["name"] = "plain".into();
    canary["spec"]["targetRef"]["name"] = "plain".into();
    canary["spec"]["provider"] = "kubernetes".into();
    canary["spec"]["analysis"] = json!({"interval": "10s", "iterations": 1});
    [deployment(namespace, "plain"), canary]
}

/// Waits until a Canary is initialized.
pub(crate) async fn until_initialized(client: &Client, canary: &Value) {
    let is_initialized = async || {
        let there = objects::read(client, canary).await.unwrap();
        (there["status"]["phase"] == "Initialized").then_some(())
    };
    objects::until("a Canary is initialized", is_initialized).await;
}
