//! What the controller writes for a router is taken by the API server under the router's own CRDs, in every step of a
//! release, and needs no repair.

use std::path::PathBuf;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    controller::Controller,
    identity::User,
    kinds, modules, objects,
    release::{deployment, reference, until_initialized},
    stage::{Stage, on_stage},
};

/// Modules with the CRDs of routers, and the file or folder in each.
const MODULES: [&str; 4] = [
    "github.com/kumahq/kuma",
    "github.com/openservicemesh/osm",
    "github.com/projectcontour/contour",
    "github.com/traefik/traefik/v3",
];
const CRDS: [&str; 4] = [
    "deployments/charts/kuma/crds/kuma.io_trafficroutes.yaml",
    "cmd/osm-bootstrap/crds/smi_traffic_split.yaml",
    "examples/contour/01-crds.yaml",
    "docs/content/reference/dynamic-configuration/traefik.io_traefikservices.yaml",
];

/// A provider, and its object for a Canary of the same name. `NS` stands for the namespace.
const OBJECTS: [(&str, &str, &str, &str); 6] = [
    ("contour", "projectcontour.io/v1", "HTTPProxy", "contour"),
    ("kuma", "kuma.io/v1alpha1", "TrafficRoute", "kuma.NS"),
    ("nginx", "networking.k8s.io/v1", "Ingress", "nginx-canary"),
    ("osm", "split.smi-spec.io/v1alpha2", "TrafficSplit", "osm"),
    ("skipper", "networking.k8s.io/v1", "Ingress", "skipper-canary"),
    ("traefik", "traefik.io/v1alpha1", "TraefikService", "traefik"),
];

#[test]
fn cluster_routers_take_what_is_written_for_them_and_a_deletion_leaves_nothing() {
    let Some(folders) = modules::folders("routers", MODULES) else { return };
    on_stage("routers", async |stage| {
        define(&stage, &folders).await;
        let controller =
            Controller::start_as(&stage, User::Controller, &["--metrics-server=http://127.0.0.1:9"]);
        let specs = join_all(OBJECTS.map(|object| released(&stage, object))).await;
        let shown: Vec<String> = specs.iter().map(|spec| serde_yaml::to_string(spec).unwrap()).collect();
        insta::assert_snapshot!(shown.join("---\n").replace(&stage.namespace, "NS"));
        assert_eq!(warnings(&stage).await, [""; 0], "{}", controller.log());
        join_all(OBJECTS.map(|object| deleted(&stage, object))).await;
    });
}

async fn define(stage: &Stage, folders: &[PathBuf]) {
    let files = folders.iter().zip(CRDS).map(|(folder, file)| folder.join(file));
    let mut definitions: Vec<Value> = files.flat_map(|file| kinds::read(&file)).collect();
    definitions.retain(|object| object["kind"] == "CustomResourceDefinition");
    for definition in &definitions {
        objects::create(&stage.client, definition).await.unwrap();
    }
    for definition in &definitions {
        objects::until_served(&stage.client, definition).await;
    }
}

/// Releases a version with this provider; its object with the annotations that are the router's, as it was half way.
async fn released(stage: &Stage, (provider, api_version, kind, name): (&str, &str, &str, &str)) -> Value {
    let target = deployment(&stage.namespace, provider);
    objects::create(&stage.client, &target).await.unwrap();
    objects::create(&stage.client, &ingress(stage, provider)).await.unwrap();
    let canary = canary(stage, provider);
    objects::create(&stage.client, &canary).await.unwrap();
    until_initialized(&stage.client, &canary).await;

    let container = json!({"name": "app", "image": "app:2"});
    let change = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
    objects::patch(&stage.client, &target, &change).await.unwrap();
    until(stage, &canary, |status| status["canaryWeight"] == 50).await;
    let object = reference(&stage.namespace, api_version, kind, &name.replace("NS", &stage.namespace));
    let half_way = objects::read(&stage.client, &object).await.unwrap();
    until(stage, &canary, |status| status["phase"] == "Succeeded").await;

    let annotations = half_way["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    let of_router = |key: &String| key.contains("nginx") || key.contains("zalando");
    let annotations: Value = annotations.into_iter().filter(|(key, _)| of_router(key)).collect();
    json!({"provider": provider, "annotations": annotations, "spec": half_way["spec"]})
}

/// Deletes the Canary and waits until its route is gone.
async fn deleted(stage: &Stage, (provider, api_version, kind, name): (&str, &str, &str, &str)) {
    objects::delete(&stage.client, &canary(stage, provider)).await.unwrap();
    let object = reference(&stage.namespace, api_version, kind, &name.replace("NS", &stage.namespace));
    let is_gone = async || objects::read(&stage.client, &object).await.is_err().then_some(());
    objects::until(&format!("{kind} {name} is gone"), is_gone).await;
}

async fn until(stage: &Stage, canary: &Value, is_so: impl Fn(&Value) -> bool) {
    let name = canary["metadata"]["name"].as_str().unwrap();
    let look = async || is_so(&objects::read(&stage.client, canary).await.ok()?["status"]).then_some(());
    objects::until(name, look).await;
}

fn canary(stage: &Stage, provider: &str) -> Value {
    let mut canary = reference(&stage.namespace, "flagger.app/v1beta1", "Canary", provider);
    canary["spec"] = json!({
        "provider": provider,
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": provider},
        "ingressRef": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": provider},
        "service": {"port": 80},
        "analysis": {"interval": "10s", "threshold": 1, "stepWeight": 50, "maxWeight": 50},
    });
    canary
}

fn ingress(stage: &Stage, name: &str) -> Value {
    let backend = json!({"service": {"name": name, "port": {"number": 80}}});
    let paths = json!([{"path": "/", "pathType": "Prefix", "backend": backend}]);
    let mut ingress = reference(&stage.namespace, "networking.k8s.io/v1", "Ingress", name);
    ingress["spec"] = json!({"rules": [{"host": format!("{name}.example.com"), "http": {"paths": paths}}]});
    ingress
}

/// What the events of Canaries warn of; a field that the API server dropped would be repaired, and that is told.
async fn warnings(stage: &Stage) -> Vec<String> {
    let events = objects::all(&stage.client, &reference(&stage.namespace, "v1", "Event", "")).await.unwrap();
    let warns = |event: &&Value| event["type"] == "Warning" && event["involvedObject"]["kind"] == "Canary";
    let text = |event: &Value| event["message"].as_str().unwrap_or_default().to_owned();
    events.iter().filter(warns).map(text).collect()
}
