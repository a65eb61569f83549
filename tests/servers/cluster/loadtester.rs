//! The load tester in a cluster: its gates in a ConfigMap, with the rights that `deploy/loadtester` gives it, and the
//! manifests there.

use std::ffi::OsString;

use kube::Api;
use serde_json::{Value, json};
use serin_core::Timestamp;
use serin_loadtester::{
    gate::{GateKind, GateName, Gates, State, StoreError},
    hook::Hook,
    options::Options,
};

use crate::{
    identity::User,
    kinds,
    objects::{create, lost, patch, read},
    release::reference,
    rights::grant,
    stage::{Stage, on_stage},
};

/// The ConfigMap that the manifests name.
const NAME: &str = "flagger-loadtester-gates";

fn manifests() -> Vec<Value> {
    let folder = kinds::deploy().join("loadtester");
    ["rbac.yaml", "loadtester.yaml"].iter().flat_map(|file| kinds::read(&folder.join(file))).collect()
}

fn manifest(kind: &str) -> Value {
    manifests().into_iter().find(|object| object["kind"] == kind).unwrap()
}

/// The gates as a replica has them that has just started.
async fn replica(stage: &Stage) -> Gates {
    let client = stage.plane.client(User::Limited).await;
    Gates::in_config_map(Api::namespaced(client, &stage.namespace), NAME)
}

fn named(kind: GateKind, name: &str) -> GateName {
    let hook = Hook { name: name.into(), namespace: "prod".into(), ..Hook::default() };
    GateName::of(kind, &hook).unwrap()
}

#[test]
fn cluster_gates_are_shared_by_replicas_and_survive_a_restart() {
    on_stage("loadtester-gates", async |stage| {
        grant(&stage, &manifest("Role")["rules"]).await;
        let now = Timestamp::from_millis(1_767_225_600_000);
        let [gate, rollback] = [GateKind::Gate, GateKind::Rollback].map(|kind| named(kind, "web"));
        let (one, other) = (replica(&stage).await, replica(&stage).await);
        // Both create the ConfigMap, and neither loses what the other writes.
        let (first, second) = tokio::join!(
            one.set(&gate, State::Open, "one", now),
            other.set(&rollback, State::Closed, "other", now)
        );
        first.unwrap();
        second.unwrap();
        assert_eq!(other.check(&gate, now).await.unwrap(), State::Open);
        // As many at once as could be: none of them undoes what another has done.
        let checks = (0..5).map(|_| async { one.check(&named(GateKind::Gate, "other"), now).await.unwrap() });
        let opened = other.set(&named(GateKind::Gate, "other"), State::Open, "other", now);
        tokio::join!(futures::future::join_all(checks), async { opened.await.unwrap() });
        assert_eq!(one.check(&named(GateKind::Gate, "other"), now).await.unwrap(), State::Open);
        other.set(&gate, State::Closed, "other", now).await.unwrap();
        drop((one, other));
        let restarted = replica(&stage).await;
        let by = |name: &GateName, known: &serin_loadtester::gate::Known| known[name].clone().unwrap().by;
        let known = restarted.all().await.unwrap();
        assert_eq!((by(&gate, &known), by(&rollback, &known)), ("other".into(), "other".into()));
        assert_eq!(restarted.check(&gate, now).await.unwrap(), State::Closed);
        assert_eq!(restarted.check(&named(GateKind::Gate, "new"), now).await.unwrap(), State::Closed);

        let map = reference(&stage.namespace, "v1", "ConfigMap", NAME);
        let expected = json!({
            "gate.other.prod": r#"{"by":"other","since":"2026-01-01T00:00:00Z","state":"open"}"#,
            "gate.new.prod": r#"{"by":"never opened","since":"2026-01-01T00:00:00Z","state":"closed"}"#,
            "gate.web.prod": r#"{"by":"other","since":"2026-01-01T00:00:00Z","state":"closed"}"#,
            "rollback.web.prod": r#"{"by":"other","since":"2026-01-01T00:00:00Z","state":"closed"}"#,
        });
        assert_eq!(read(&stage.client, &map).await.unwrap()["data"], expected);
    });
}

#[test]
fn cluster_a_gate_that_cannot_be_read_keeps_no_other_from_being_read() {
    on_stage("loadtester-broken", async |stage| {
        grant(&stage, &manifest("Role")["rules"]).await;
        let now = Timestamp::from_millis(1_767_225_600_000);
        let gates = replica(&stage).await;
        let (broken, sound) = (named(GateKind::Gate, "broken"), named(GateKind::Gate, "sound"));
        gates.set(&sound, State::Open, "a test", now).await.unwrap();
        let map = reference(&stage.namespace, "v1", "ConfigMap", NAME);
        let change = json!({"data": {"gate.broken.prod": "ajar", "notes": "of a person"}});
        patch(&stage.client, &map, &change).await.unwrap();
        assert!(matches!(gates.check(&broken, now).await, Err(StoreError::Unreadable(..))));
        assert_eq!(gates.check(&sound, now).await.unwrap(), State::Open);
        gates.set(&broken, State::Open, "a test", now).await.unwrap();
        assert_eq!(gates.check(&broken, now).await.unwrap(), State::Open);
        assert_eq!(read(&stage.client, &map).await.unwrap()["data"]["notes"], "of a person");
    });
}

#[test]
fn cluster_without_the_right_to_a_gate_it_is_neither_open_nor_closed() {
    on_stage("loadtester-forbidden", async |stage| {
        let gate = named(GateKind::Gate, "web");
        let why =
            replica(&stage).await.check(&gate, Timestamp::from_millis(0)).await.unwrap_err().to_string();
        assert!(
            why.starts_with("the gates cannot be read or written: ") && why.contains("is forbidden"),
            "{why}"
        );
    });
}

#[test]
fn cluster_the_load_testers_manifests_are_accepted_as_they_are_written() {
    on_stage("loadtester-manifests", async |stage| {
        let mut kinds = Vec::new();
        for mut object in manifests() {
            // As the kustomization does.
            object["metadata"]["namespace"] = stage.namespace.as_str().into();
            if object["kind"] == "RoleBinding" {
                object["subjects"][0]["namespace"] = stage.namespace.as_str().into();
            }
            create(&stage.client, &object).await.unwrap_or_else(|error| panic!("{object}: {error}"));
            let kept = read(&stage.client, &object).await.unwrap();
            assert_eq!(lost(&object["spec"], &kept["spec"]), [""; 0], "{object}");
            kinds.push(object["kind"].as_str().unwrap().to_owned());
        }
        let expected = [
            "ServiceAccount",
            "Role",
            "RoleBinding",
            "Deployment",
            "Service",
            "PodDisruptionBudget",
            "NetworkPolicy",
        ];
        assert_eq!(kinds, expected);
    });
}

#[test]
fn the_load_tester_reads_the_flags_of_its_manifest() {
    let container = &manifest("Deployment")["spec"]["template"]["spec"]["containers"][0];
    let words =
        [&container["command"], &container["args"]].into_iter().flat_map(|list| list.as_array().unwrap());
    let words = words.map(|word| OsString::from(word.as_str().unwrap()));
    let options = Options::read(words).unwrap();
    assert_eq!(options.gates_config_map, NAME);
    let rules = manifest("Role")["rules"].clone();
    assert_eq!(rules[1]["resourceNames"], json!([NAME]));
    assert_eq!(container["ports"][0]["containerPort"], options.port);
}
