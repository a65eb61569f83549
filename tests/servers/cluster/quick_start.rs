//! `deploy/` applied unchanged, and a first Canary released by its controller.

use std::{fs, path::Path};

use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use serde_json::{Value, json};
use serin_simulator::{drive, scenario};

use crate::{
    controller::Controller,
    decisions::Decisions,
    identity::User,
    objects::{apply, documents, until_seen, within},
    played::play,
    stage::{Stage, on_stage},
};

/// The flag that the test leaves out: with it a controller is not limited to one namespace.
const ELECTION: &str = "--enable-leader-election";

#[test]
fn cluster_the_manifests_in_deploy_release_a_first_canary() {
    on_stage("quick-start", async |stage| {
        for object in kustomized("deploy") {
            apply(&stage.client, &object).await.unwrap();
        }
        let flags = until_deployed(&stage).await;
        assert!(flags.iter().any(|flag| flag == ELECTION), "{flags:?}");
        let flags: Vec<&str> = flags.iter().map(String::as_str).filter(|flag| *flag != ELECTION).collect();
        let controller = Controller::start_as(&stage, User::Controller, &flags);
        // A typical first Canary, only faster.
        let mut canary = documents(&read("docs/shop.yaml")).remove(0);
        canary["spec"]["analysis"]["interval"] = "10s".into();
        let events = json!([{"when": {"phase": "Initialized"}, "deploy": "v2"}]);
        let text = json!({"scenario": "a first Canary", "canary": canary, "events": events}).to_string();
        let scenario = scenario::parse(&text, Path::new("shop.yaml")).unwrap();
        let simulated = Decisions::by(&drive::run(&scenario));
        assert!(simulated.rows.iter().any(|row| row.starts_with("[Succeeded, ")), "{simulated:?}");
        let played = play(&stage, &scenario, simulated.questions()).await;
        let unlike = simulated.unlike(&played);
        assert_eq!(unlike, None, "\n{}\n{}", unlike.as_deref().unwrap_or(""), controller.log());
    });
}

/// The objects of a kustomization, with its labels.
fn kustomized(folder: &str) -> Vec<Value> {
    let all = documents(&read(&format!("{folder}/kustomization.yaml"))).remove(0);
    let names = all["resources"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    let mut objects: Vec<Value> =
        names.flat_map(|name| documents(&read(&format!("{folder}/{name}")))).collect();
    for labels in all["labels"].as_array().unwrap() {
        for (name, value) in labels["pairs"].as_object().unwrap() {
            objects.iter_mut().for_each(|object| object["metadata"]["labels"][name] = value.clone());
        }
    }
    objects
}

/// Waits until all replicas of the controller exist; returns its flags.
async fn until_deployed(stage: &Stage) -> Vec<String> {
    let api: Api<Deployment> = Api::namespaced(stage.client.clone(), "serin-system");
    let is_there = |seen: Option<&Deployment>| {
        let ready = seen.and_then(|seen| seen.status.as_ref()?.ready_replicas);
        ready.is_some() && ready == seen.and_then(|seen| seen.spec.as_ref()?.replicas)
    };
    let deployed = within("the controller's pods", until_seen(api, "serin-controller", is_there)).await;
    let pods = deployed.unwrap().spec.unwrap().template.spec.unwrap();
    pods.containers.into_iter().flat_map(|container| container.args.unwrap_or_default()).collect()
}

/// A file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}
