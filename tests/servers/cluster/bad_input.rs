//! Mistakes of users: they are reported where users look, with the field and the remedy, and do not affect other
//! Canaries.

use std::{collections::BTreeMap, time::Duration};

use http::Request;
use serde_json::{Value, json};
use serin_simulator::scenario::{HookAnswer, HookOutcome};

use crate::{
    controller::Controller,
    identity::User,
    objects,
    proxy::Proxy,
    release::{Release, deployment, manifest, plain, reference, until_initialized},
    rights::{give_lease, grant},
    stage::{Stage, alone_on_stage, on_stage},
};

/// A mistake in a Canary, and the text that has to report it.
struct Wrong {
    name: &'static str,
    /// In an event, and in the log.
    texts: &'static [&'static str],
    /// In the condition.
    condition: &'static str,
}

const WRONG: [Wrong; 8] = [
    wrong("both", &["spec.analysis", "stepWeights"], "stepWeights"),
    wrong("nobody", &["deployment nobody.wrong-canaries not found", "spec.targetRef"], "spec.targetRef"),
    wrong("unlabelled", &["selector", "app.kubernetes.io/name"], "app.kubernetes.io/name"),
    wrong("web-2", &["spec.targetRef", "Canary web"], "delete one of the two"),
    wrong("secretless", &["metrics[0].templateRef", "Secret nothing", "secretRef"], "Secret nothing"),
    wrong(
        "templateless",
        &["metrics[0].templateRef", "MetricTemplate nothing", "create it"],
        "MetricTemplate nothing",
    ),
    wrong("deaf", &["spec.metricsServer", "http://127.0.0.1:1"], "http://127.0.0.1:1"),
    wrong("mute", &["alerts[0].providerRef", "AlertProvider nobody", "create it"], "AlertProvider nobody"),
];

const fn wrong(name: &'static str, texts: &'static [&'static str], condition: &'static str) -> Wrong {
    Wrong { name, texts, condition }
}

/// A Canary and its Deployment of the same name, with one mistake.
async fn create_wrong(stage: &Stage, release: &Release<'_>, name: &str) {
    let namespace = &stage.namespace;
    let mut target = deployment(namespace, name);
    let mut canary = release.scripted.rewired(&manifest(namespace));
    canary["metadata"]["name"] = name.into();
    canary["spec"]["targetRef"]["name"] = name.into();
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
        "mute" => {
            let to = json!({"name": "team", "providerRef": {"name": "nobody"}});
            canary["spec"]["analysis"]["alerts"] = json!([to]);
        }
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

/// The messages of events of a Canary.
async fn told_of(stage: &Stage, name: &str) -> Vec<String> {
    let events = objects::all(&stage.client, &reference(&stage.namespace, "v1", "Event", "")).await.unwrap();
    let of = events.iter().filter(|event| event["involvedObject"]["name"] == name);
    let of = of.filter(|event| event["involvedObject"]["kind"] == "Canary");
    of.map(|event| event["message"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn cluster_a_mistake_is_reported_at_once_with_field_and_remedy_and_others_continue() {
    on_stage("wrong-canaries", async |stage| {
        let release = Release::create(&stage).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        for Wrong { name, .. } in WRONG {
            create_wrong(&stage, &release, name).await;
        }
        release.push("app:2").await;
        for Wrong { name, texts, condition } in WRONG {
            let has_all = |text: &str| texts.iter().all(|word| text.contains(word));
            let is_told = async || told_of(&stage, name).await.into_iter().find(|event| has_all(event));
            objects::until(&format!("{name}: {texts:?}"), is_told).await;
            assert!(
                controller.log().lines().any(|line| line.contains(name) && has_all(line)),
                "{name}: {texts:?}"
            );
            let canary = reference(&stage.namespace, "flagger.app/v1beta1", "Canary", name);
            let status = objects::read(&stage.client, &canary).await.unwrap()["status"].clone();
            let said = status["conditions"][0]["message"].as_str().unwrap_or_default();
            assert!(said.contains(condition), "{name}: {status}");
        }
        release.until_phase("Succeeded").await;
        assert!(controller.is_running());

        let mut template = reference(&stage.namespace, "flagger.app/v1beta1", "MetricTemplate", "nothing");
        let address = release.canary().await["spec"]["metricsServer"].clone();
        template["spec"] = json!({"provider": {"type": "prometheus", "address": address}, "query": "up"});
        objects::create(&stage.client, &template).await.unwrap();
        let canary = reference(&stage.namespace, "flagger.app/v1beta1", "Canary", "templateless");
        let is_well = async || {
            let status = objects::read(&stage.client, &canary).await.unwrap()["status"].clone();
            let said = status["conditions"][0]["message"].as_str()?;
            (said == "Deployment initialization completed.").then_some(())
        };
        objects::until("what was wrong is not said any more", is_well).await;
    });
}

/// The controller's rights, without the verbs that `takes` removes from a rule; only in the stage's namespace.
async fn limit(stage: &Stage, takes: impl Fn(&mut Value)) {
    let name = reference("", "rbac.authorization.k8s.io/v1", "ClusterRole", "serin-controller");
    let mut role = objects::read(&stage.client, &name).await.unwrap();
    let rules = role["rules"].as_array_mut().unwrap();
    rules.iter_mut().for_each(takes);
    let is_some = |list: &Value| !list.as_array().unwrap().is_empty();
    rules.retain(|rule| is_some(&rule["resources"]) && is_some(&rule["verbs"]));
    grant(stage, &role["rules"]).await;
}

/// Removes words from a list of a rule that names a kind.
fn take(rule: &mut Value, plural: &str, list: &str, words: &[&str]) {
    let names = rule["resources"].as_array().unwrap().iter().any(|resource| resource == plural);
    if names {
        rule[list].as_array_mut().unwrap().retain(|word| !words.iter().any(|taken| word == taken));
    }
}

/// A Canary that needs a right waits for it and reports it at once; another one does not wait, and both continue once
/// it is granted.
async fn waits_for_right(stage: &Stage, texts: &[&str], takes: impl Fn(&mut Value)) {
    limit(stage, takes).await;
    let release = Release::create(stage).await;
    objects::create(&stage.client, &release.settings("settings", "hello")).await.unwrap();
    release.reads(&["settings"]).await;
    let [target, other] = plain(&stage.namespace);
    objects::create(&stage.client, &target).await.unwrap();
    objects::create(&stage.client, &other).await.unwrap();
    let mut controller = Controller::start_as(stage, User::Limited, &[]);
    let has_all = |text: &str| texts.iter().all(|word| text.contains(word));
    let is_told = async || release.events().await.into_iter().find(|event| has_all(event));
    objects::until(&format!("{texts:?}"), is_told).await;
    assert!(controller.log().lines().any(has_all), "{texts:?}");
    let said = |status: &Value| status["conditions"][0]["message"].as_str().is_some_and(has_all);
    release.until(&format!("a condition of {texts:?}"), said).await;
    until_initialized(&stage.client, &other).await;
    assert_ne!(release.canary().await["status"]["phase"], "Initialized");
    limit(stage, |_| {}).await;
    release.until_phase("Initialized").await;
    assert!(controller.is_running());
}

#[test]
fn cluster_a_kind_that_may_not_be_read_stops_only_those_who_need_it() {
    on_stage("wrong-rights", async |stage| {
        let texts = ["virtualservices", "ClusterRole has to allow list and watch"];
        waits_for_right(&stage, &texts, |rule| {
            take(rule, "virtualservices", "resources", &["virtualservices"]);
        })
        .await;
    });
}

#[test]
fn cluster_a_kind_that_may_not_be_written_stops_only_those_who_need_it() {
    on_stage("wrong-rights-write", async |stage| {
        let texts = ["networking.istio.io", "ClusterRole has to allow create"];
        waits_for_right(&stage, &texts, |rule| take(rule, "virtualservices", "verbs", &["create"])).await;
    });
}

#[test]
fn cluster_configuration_that_may_not_be_read_stops_only_those_who_need_it() {
    on_stage("wrong-rights-get", async |stage| {
        let texts = ["ConfigMap", "settings", "ClusterRole has to allow get"];
        waits_for_right(&stage, &texts, |rule| take(rule, "configmaps", "verbs", &["get"])).await;
    });
}

#[test]
fn cluster_a_lease_that_may_not_be_written_is_reported_with_its_namespace() {
    on_stage("wrong-lease", async |stage| {
        let flags = ["--enable-leader-election", "--leader-election-namespace=serin-system"];
        let mut controller = Controller::start_as(&stage, User::Controller, &flags);
        controller.until_said("a Role in namespace wrong-lease has to allow").await;
        assert!(controller.is_running());
        give_lease(&stage.client, &stage.namespace).await;
        controller.until_said("leading").await;
    });
}

#[test]
fn cluster_without_our_crds_nothing_is_done_until_they_are_applied() {
    on_stage("wrong-no-crd", async |stage| {
        let release = Release::create(&stage).await;
        let proxy = Proxy::start(&stage).await;
        proxy.hide("/openapi/v3/apis/flagger.app/v1beta1");
        let mut controller = Controller::start_by(&stage, proxy.kubeconfig(), &[]);
        controller.until_said("is not installed; apply deploy/crds.yaml").await;
        assert_eq!(proxy.written(), []);
        proxy.hide("nothing");
        release.until_phase("Initialized").await;
        assert!(controller.is_running());
    });
}

#[test]
fn cluster_flaggers_own_crd_is_refused_until_ours_is_applied() {
    alone_on_stage("wrong-crd", async |stage| {
        let [ours, flaggers] = crds(&stage).await;
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

/// The CRD of Canaries: ours, and one that drops the fields that Flagger's does not have.
pub(crate) async fn crds(stage: &Stage) -> [Value; 2] {
    let reference =
        reference("", "apiextensions.k8s.io/v1", "CustomResourceDefinition", "canaries.flagger.app");
    let ours = objects::read(&stage.client, &reference).await.unwrap();
    let mut flaggers = ours.clone();
    let status = &mut flaggers["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"];
    status["properties"].as_object_mut().unwrap().remove("serin").unwrap();
    [ours, flaggers]
}

/// Gives a definition this specification, and waits until it is served.
pub(crate) async fn replace(stage: &Stage, definition: &Value) {
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
        // The API server accepts at most 1,024 characters of a message, and people read less.
        assert!(events.iter().all(|event| event.chars().count() <= 1024), "{events:#?}");
        assert!(controller.is_running());
        assert!(controller.log().len() < 256 * 1024, "{}", controller.log().len());
    });
}
