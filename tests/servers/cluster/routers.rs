//! What the controller writes for a router is accepted by the API server under the router's own CRDs, at every step of a
//! release, and needs no repair. The manifests are those of `docs/routers.md`.

mod definitions;
mod manifests;

use std::{collections::BTreeMap, path::Path, time::Duration};

use futures::future::join_all;
use serde_json::{Value, json};
use serin_simulator::scenario::{self, MetricAnswer};

use self::manifests::{Case, cases};
use crate::{
    controller::Controller,
    identity::User,
    objects,
    release::{Release, deployment, reference, until_initialized},
    scripted::Scripted,
    stage::{Stage, alone_on_stage, on_stage},
};

/// The pause between two polls of a case. All of them at once would keep the API server busy with nothing else.
const PAUSE: Duration = Duration::from_secs(1);

#[test]
fn cluster_routers_accept_what_is_written_for_them_and_a_deletion_leaves_nothing() {
    let Some(definitions) = definitions::all() else { return };
    on_stage("routers", async |stage| {
        definitions::define(&stage.client, &definitions).await;
        let controller = Controller::start_as(&stage, User::Controller, &[]);
        let cases = cases(&stage.namespace);
        let scripted = scripted(&cases).await;
        let shown = join_all(cases.iter().map(|case| released(&stage, &scripted, case))).await;
        assert_eq!(complaints(&stage, &controller).await, [""; 0], "{}", controller.log());
        join_all(cases.iter().map(|case| deleted(&stage, case))).await;
        for (case, shown) in cases.iter().zip(shown).filter(|(case, _)| !case.kinds.is_empty()) {
            insta::assert_snapshot!(case.name.as_str(), shown);
        }
    });
}

#[test]
fn cluster_an_api_group_that_is_missing_stops_its_canaries_only() {
    alone_on_stage("routers-missing", async |stage| {
        let release = Release::create(&stage).await;
        let mut canary = release.scripted.rewired(&crate::release::manifest(&stage.namespace));
        canary["metadata"]["name"] = "lone".into();
        canary["spec"]["provider"] = "traefik".into();
        canary["spec"]["targetRef"]["name"] = "lone".into();
        objects::create(&stage.client, &deployment(&stage.namespace, "lone")).await.unwrap();
        objects::create(&stage.client, &canary).await.unwrap();
        let controller = Controller::start_as(&stage, User::Controller, &[]);
        let said = |status: &Value| {
            let message = status["conditions"][0]["message"].as_str().unwrap_or_default();
            message.contains("traefikservices.traefik.io") && message.contains("is its CRD installed?")
        };
        until(&stage, &canary, said).await;
        controller.until_said("is its CRD installed?").await;
        release.until_phase("Initialized").await;
        release.release("app:2").await;
        let definition = definitions::open(["traefik.io/v1alpha1", "TraefikService"]);
        definitions::define(&stage.client, &[definition]).await;
        until_initialized(&stage.client, &canary).await;
    });
}

/// A Prometheus by which every case is well, whether its durations are in seconds or in milliseconds.
async fn scripted(cases: &[Case]) -> Scripted {
    let text = json!({"scenario": "all is well", "canary": cases[0].canary()}).to_string();
    let scripted = Scripted::start(&scenario::parse(&text, Path::new("routers.yaml")).unwrap()).await;
    let well = [("request-success-rate", 100.0), ("request-duration", 0.1)];
    let well = well.map(|(name, value)| (name.into(), vec![MetricAnswer::Value(value)]));
    scripted.change(&well.into(), &BTreeMap::new());
    scripted
}

/// Releases a version; the router's objects as they were on the way.
async fn released(stage: &Stage, scripted: &Scripted, case: &Case) -> String {
    let target = deployment(&stage.namespace, &case.name);
    objects::create(&stage.client, &target).await.unwrap();
    for object in &case.objects {
        let created = objects::create(&stage.client, &scripted.rewired(object)).await;
        created.unwrap_or_else(|error| panic!("{}: {error}\n{object:#}", case.name));
    }
    until(stage, case.canary(), |status| status["phase"] == "Initialized").await;
    let container = json!({"name": "app", "image": "app:2"});
    let change = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
    objects::patch(&stage.client, &target, &change).await.unwrap();
    let is_on_the_way = |status: &Value| {
        let is_begun = |count: &Value| count.as_u64().is_some_and(|count| count > 0);
        status["phase"] == "Progressing"
            && (is_begun(&status["canaryWeight"]) || is_begun(&status["iterations"]))
    };
    let status = until(stage, case.canary(), is_on_the_way).await;
    let written = written(stage, case).await;
    until(stage, case.canary(), |status| status["phase"] == "Succeeded").await;
    shown(&written, &status)
}

/// Deletes the Canary and waits until the router's objects are gone.
async fn deleted(stage: &Stage, case: &Case) {
    objects::delete(&stage.client, case.canary()).await.unwrap();
    let is_gone = async || written(stage, case).await.is_empty().then_some(());
    objects::until_polled(PAUSE, &format!("what was written for {} is gone", case.name), is_gone).await;
}

/// The router's objects for this Canary.
async fn written(stage: &Stage, case: &Case) -> Vec<Value> {
    let mut written = Vec::new();
    for [api_version, kind] in case.kinds {
        let of_kind = reference(&stage.namespace, api_version, kind, "");
        for mut object in objects::all(&stage.client, &of_kind).await.unwrap() {
            if is_of(&object, stage, case) {
                object["kind"] = (*kind).into();
                object["apiVersion"] = (*api_version).into();
                written.push(object);
            }
        }
    }
    written
}

/// Whether the object belongs to the case's Canary. One that is in no namespace has no owner, but an annotation.
fn is_of(object: &Value, stage: &Stage, case: &Case) -> bool {
    let mut owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let named = &object["metadata"]["annotations"]["serin.flagger.app/canary"];
    owners.any(|owner| owner["name"] == case.name.as_str())
        || *named == format!("{}/{}", stage.namespace, case.name)
}

/// What the controller wrote of these objects, without what differs between two runs.
fn shown(written: &[Value], status: &Value) -> String {
    let ours = |object: &Value| {
        let mut ours = json!({"kind": object["kind"], "name": object["metadata"]["name"]});
        for field in ["annotations", "labels"] {
            ours[field] = object["metadata"][field].clone();
        }
        for field in ["mesh", "spec"] {
            if !object[field].is_null() {
                ours[field] = object[field].clone();
            }
        }
        serde_yaml::to_string(&ours).unwrap()
    };
    let mut shown = written.iter().map(ours).collect::<Vec<_>>().join("---\n");
    for (field, cookie) in status.as_object().unwrap() {
        let value = cookie.as_str().and_then(|cookie| cookie.split_once('=')).map(|(_, value)| value);
        if let Some(value) = value.filter(|_| field.ends_with("Cookie")) {
            shown = shown.replace(value, &field.to_uppercase());
        }
    }
    shown
}

async fn until(stage: &Stage, canary: &Value, is_so: impl Fn(&Value) -> bool) -> Value {
    let name = canary["metadata"]["name"].as_str().unwrap();
    let look = async || {
        let status = objects::read(&stage.client, canary).await.ok()?["status"].take();
        is_so(&status).then_some(status)
    };
    objects::until_polled(PAUSE, name, look).await
}

/// What the API server did not take: writes that it refused, and objects that the controller had to write again, since it
/// dropped a field of them.
async fn complaints(stage: &Stage, controller: &Controller) -> Vec<String> {
    let events = objects::all(&stage.client, &reference(&stage.namespace, "v1", "Event", "")).await.unwrap();
    let texts = events.iter().map(|event| event["message"].as_str().unwrap_or_default().to_owned());
    let refused = texts.filter(|text| text.contains("was refused"));
    let decisions = controller.decisions();
    let repairs = decisions.iter().filter(|line| line["decision"]["rule"] == "repaired");
    refused
        .chain(repairs.map(|line| format!("{} is repaired: {}", line["canary"], line["commands"])))
        .collect()
}
