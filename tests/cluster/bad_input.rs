//! What people get wrong: it is said where they look, with the field and the remedy, and nobody else suffers.

use std::{collections::BTreeMap, time::Duration};

use http::Request;
use serde_json::{Value, json};
use serin_sim::scenario::{HookAnswer, HookOutcome};

use crate::{
    controller::Controller,
    identity::User,
    objects,
    release::{Release, deployment, manifest, reference},
    stage::{Stage, alone_on_stage, on_stage},
};

/// Seconds after which people are told what holds a Canary up.
const DEADLINE: u32 = 5;

/// What an event has to say of each Canary that is wrong.
const WRONG: [(&str, &[&str]); 7] = [
    ("both", &["spec.analysis", "stepWeights"]),
    ("nobody", &["target does not exist", "spec.targetRef"]),
    ("unlabelled", &["selector", "app.kubernetes.io/name"]),
    ("web-2", &["spec.targetRef", "Canary web"]),
    ("secretless", &["Secret nothing", "secretRef"]),
    ("templateless", &["templateRef", "nothing"]),
    ("deaf", &["http://127.0.0.1:1"]),
];

/// A Canary and its Deployment of that name, wrong in one way.
async fn create_wrong(stage: &Stage, release: &Release<'_>, name: &str) {
    let namespace = &stage.namespace;
    let mut target = deployment(namespace, name);
    let mut canary = release.scripted.rewired(&manifest(namespace));
    canary["metadata"]["name"] = name.into();
    canary["spec"]["targetRef"]["name"] = name.into();
    canary["spec"]["progressDeadlineSeconds"] = DEADLINE.into();
    let metric = |template: &str| json!([{"name": "mine", "templateRef": {"name": template}, "thresholdRange": {"min": 1}, "interval": "1m"}]);
    match name {
        "both" => canary["spec"]["analysis"]["stepWeights"] = json!([10, 20]),
        "unlabelled" => {
            target["spec"]["selector"]["matchLabels"] = json!({"team": "a"});
            target["spec"]["template"]["metadata"]["labels"] = json!({"team": "a"});
        }
        "web-2" => canary["spec"]["targetRef"]["name"] = "web".into(),
        "secretless" => canary["spec"]["analysis"]["metrics"] = metric("secretless"),
        "templateless" => canary["spec"]["analysis"]["metrics"] = metric("nothing"),
        "deaf" => canary["spec"]["metricsServer"] = "http://127.0.0.1:1".into(),
        _ => {}
    }
    if name == "secretless" {
        let mut template = reference(namespace, "flagger.app/v1beta1", "MetricTemplate", name);
        let provider =
            json!({"type": "prometheus", "address": "http://127.0.0.1:1", "secretRef": {"name": "nothing"}});
        template["spec"] = json!({"provider": provider, "query": "up"});
        objects::create(&stage.client, &template).await.unwrap();
    }
    if !["nobody", "web-2"].contains(&name) {
        objects::create(&stage.client, &target).await.unwrap();
    }
    objects::create(&stage.client, &canary).await.unwrap();
}

/// What events say of a Canary.
async fn told_of(stage: &Stage, name: &str) -> Vec<String> {
    let events = objects::all(&stage.client, &reference(&stage.namespace, "v1", "Event", "")).await.unwrap();
    let of = events.iter().filter(|event| event["involvedObject"]["name"] == name);
    let of = of.filter(|event| event["involvedObject"]["kind"] == "Canary");
    of.map(|event| event["message"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn cluster_what_is_wrong_is_told_with_field_and_remedy_and_others_go_on() {
    on_stage("wrong-canaries", async |stage| {
        let release = Release::create(&stage).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        for (name, _) in WRONG {
            create_wrong(&stage, &release, name).await;
        }
        release.push("app:2").await;
        // These are wrong only when their metrics are asked.
        for name in ["secretless", "templateless", "deaf"] {
            let canary = reference(&stage.namespace, "flagger.app/v1beta1", "Canary", name);
            let is_initialized = async || {
                let status = objects::read(&stage.client, &canary).await.ok()?["status"].clone();
                (status["phase"] == "Initialized").then_some(())
            };
            objects::until(name, is_initialized).await;
            let containers = json!([{"name": "app", "image": "app:2"}]);
            let change = json!({"spec": {"template": {"spec": {"containers": containers}}}});
            objects::patch(&stage.client, &deployment(&stage.namespace, name), &change).await.unwrap();
        }
        for (name, words) in WRONG {
            let is_told = |event: &String| words.iter().all(|word| event.contains(word));
            let told = async || told_of(&stage, name).await.into_iter().find(is_told);
            objects::until(&format!("{name}: {words:?}"), told).await;
        }
        release.until_phase("Succeeded").await;
        assert!(controller.is_running());
    });
}

#[test]
fn cluster_a_kind_that_may_not_be_read_stops_only_those_who_need_it() {
    on_stage("wrong-rights", async |stage| {
        // The rights of the controller in this namespace, without VirtualServices.
        let role = reference("", "rbac.authorization.k8s.io/v1", "ClusterRole", "serin-controller");
        let mut role = objects::read(&stage.client, &role).await.unwrap();
        role["metadata"] = json!({"name": "serin-limited"});
        for rule in role["rules"].as_array_mut().unwrap() {
            rule["resources"].as_array_mut().unwrap().retain(|resource| resource != "virtualservices");
        }
        let rules = role["rules"].as_array_mut().unwrap();
        rules.retain(|rule| !rule["resources"].as_array().unwrap().is_empty());
        objects::create(&stage.client, &role).await.unwrap();
        let mut binding =
            reference("", "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "serin-limited");
        binding["roleRef"] = json!({
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "serin-limited",
        });
        binding["subjects"] =
            json!([{"kind": "User", "name": User::Limited.name(), "apiGroup": "rbac.authorization.k8s.io"}]);
        objects::create(&stage.client, &binding).await.unwrap();
        let release = Release::create(&stage).await;
        release.change(&json!({"spec": {"progressDeadlineSeconds": DEADLINE}})).await;
        let plain = deployment(&stage.namespace, "plain");
        objects::create(&stage.client, &plain).await.unwrap();
        let mut other = release.scripted.rewired(&manifest(&stage.namespace));
        other["metadata"]["name"] = "plain".into();
        other["spec"]["targetRef"]["name"] = "plain".into();
        other["spec"]["provider"] = "kubernetes".into();
        other["spec"]["analysis"] = json!({"interval": "10s", "iterations": 1});
        objects::create(&stage.client, &other).await.unwrap();
        let mut controller = Controller::start_as(&stage, User::Limited, &[]);
        let told = release.until_told("virtualservices").await;
        assert!(told.contains("ClusterRole has to allow"), "{told}");
        let phase = async || {
            let there = objects::read(&stage.client, &other).await.unwrap();
            (there["status"]["phase"] == "Initialized").then_some(())
        };
        objects::until("the other is initialized", phase).await;
        assert!(controller.is_running());
        assert_ne!(release.canary().await["status"]["phase"], "Initialized");
    });
}

#[test]
fn cluster_flaggers_own_crd_is_refused_until_ours_is_applied() {
    alone_on_stage("wrong-crd", async |stage| {
        let reference =
            reference("", "apiextensions.k8s.io/v1", "CustomResourceDefinition", "canaries.flagger.app");
        let ours = objects::read(&stage.client, &reference).await.unwrap();
        // Flagger's knows nothing of `.status.serin`, and prunes it.
        let mut flaggers = ours.clone();
        let status =
            &mut flaggers["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"];
        status["properties"].as_object_mut().unwrap().remove("serin").unwrap();
        let release = Release::create(&stage).await;
        replace(&stage, &flaggers).await;
        let mut controller = Controller::start(&stage, &[]);
        controller.until_said("apply deploy/crds.yaml").await;
        let before = release.canary().await;
        assert!(before["status"]["phase"].is_null(), "{before}");
        assert!(release.object("apps/v1", "Deployment", "web-primary").await.is_none());
        replace(&stage, &ours).await;
        release.until_phase("Initialized").await;
        assert!(controller.is_running());
    });
}

/// Gives a definition this specification, and waits until it is served.
async fn replace(stage: &Stage, definition: &Value) {
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/canaries.flagger.app";
    let mut there: Value = stage.client.request(Request::get(path).body(Vec::new()).unwrap()).await.unwrap();
    there["spec"] = definition["spec"].clone();
    let request = Request::put(path).header("Content-Type", "application/json");
    let request = request.body(there.to_string().into_bytes()).unwrap();
    let kept: Value = stage.client.request(request).await.unwrap();
    assert_eq!(kept["spec"]["versions"][0]["name"], definition["spec"]["versions"][0]["name"]);
    objects::until_served(&stage.client, definition).await;
}

#[test]
fn cluster_ten_megabytes_of_garbage_are_cut_short() {
    on_stage("garbage", async |stage| {
        let release = Release::create(&stage).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        let garbage = "\u{1}\u{fffd}<{{\"".repeat(10 * 1024 * 1024 / 8);
        let say = |status, body: &str| HookAnswer {
            outcome: HookOutcome::Status(status),
            body: Some(body.to_owned()),
            after: None::<Duration>,
        };
        let answers = vec![say(400, &garbage), say(200, &garbage)];
        release.scripted.change(&BTreeMap::new(), &BTreeMap::from([("step".to_owned(), answers)]));
        release.push("app:2").await;
        release.until_phase("Succeeded").await;
        let canary = release.canary().await;
        assert!(canary["status"].to_string().len() < 16 * 1024, "{}", canary["status"].to_string().len());
        let events = release.events().await;
        assert!(events.iter().any(|event| event.contains("step")), "{events:#?}");
        // The API server takes 1,024 characters of a message, and people read less.
        assert!(events.iter().all(|event| event.chars().count() <= 1024), "{events:#?}");
        assert!(controller.is_running());
        assert!(controller.log().len() < 256 * 1024, "{}", controller.log().len());
    });
}
