//! What the controller depends on can change while it runs, and other controllers can write the same objects.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{self, Instant};

use crate::{
    bad_input::{crds, replace},
    controller::Controller,
    identity::User,
    objects,
    proxy::Proxy,
    release::{Release, plain, reference, until_initialized},
    rights::give_lease,
    stage::{alone_on_stage, on_stage},
};

/// Long enough to detect a loop of writes without a wait between them.
const LOOK: Duration = Duration::from_secs(5);

/// The writes from now on, within a while.
async fn written_within(proxy: &Proxy, span: Duration) -> Vec<String> {
    let before = proxy.written().len();
    time::sleep(span).await;
    proxy.written()[before..]
        .iter()
        .map(|write| format!("{} {} {}", write.verb, write.kind, write.name))
        .collect()
}

#[test]
fn cluster_flaggers_crd_put_back_stops_every_write_and_ours_brings_every_canary_back() {
    alone_on_stage("ground-crd", async |stage| {
        let release = Release::create(&stage).await;
        let [target, idle] = plain(&stage.namespace);
        objects::create(&stage.client, &target).await.unwrap();
        objects::create(&stage.client, &idle).await.unwrap();
        let proxy = Proxy::start(&stage).await;
        let mut controller = Controller::start_by(&stage, proxy.kubeconfig(), &[]);
        release.until_phase("Initialized").await;
        until_initialized(&stage.client, &idle).await;
        controller.until_ready(true).await;
        release.push("app:2").await;
        release.until_weight(10).await;

        let [ours, flaggers] = crds(&stage).await;
        let before = proxy.written().len();
        replace(&stage, &flaggers).await;
        // The API server removes the saved fields of this Canary; of the other it drops them when it reads.
        let touch = json!({"metadata": {"annotations": {"touched": "1"}}});
        objects::patch(&stage.client, &idle, &touch).await.unwrap();
        let why = controller.until_ready(false).await;
        assert!(why.contains("drops `.status.serin`; apply deploy/crds.yaml"), "{why}");
        let saves = proxy.written()[before..].iter().filter(|write| write.kind == "canaries/status").count();
        assert!(saves < 10, "{saves} saves before it was noticed");
        controller.until_measured(&["serin_crds_fit"], "0.0").await;
        release.until_event("nothing is written until then").await;
        let told = async || {
            let events = objects::all(&stage.client, &reference("default", "v1", "Event", "")).await.unwrap();
            let of_crd = |event: &&Value| event["involvedObject"]["name"] == "canaries.flagger.app";
            events.iter().find(of_crd).map(|event| event["message"].as_str().unwrap_or_default().to_owned())
        };
        assert!(objects::until("an Event on the CRD", told).await.contains("apply deploy/crds.yaml"));
        release.push("app:3").await;
        objects::patch(&stage.client, &idle, &json!({"metadata": {"annotations": {"touched": "2"}}}))
            .await
            .unwrap();
        assert_eq!(written_within(&proxy, LOOK).await, [""; 0]);
        let lines = controller.log().lines().filter(|line| line.contains("nothing is written")).count();
        assert_eq!(lines, 1, "{}", controller.log());

        replace(&stage, &ours).await;
        let back = Instant::now();
        controller.until_ready(true).await;
        assert!(back.elapsed() < Duration::from_secs(15), "{:?}", back.elapsed());
        release.until_phase("Succeeded").await;
        assert_eq!(release.image("web-primary").await, "app:3");
        let change =
            json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "app:2"}]);
        objects::patch_json(&stage.client, &target, &change).await.unwrap();
        let promoted = async || {
            let there = objects::read(&stage.client, &idle).await.unwrap();
            (there["status"]["phase"] == "Succeeded").then_some(())
        };
        objects::until("the other Canary has its release", promoted).await;
        assert!(controller.is_running());
    });
}

#[test]
fn cluster_a_status_of_a_newer_version_is_kept_and_reported() {
    on_stage("ground-newer", async |stage| {
        let release = Release::create(&stage).await;
        let controller = Controller::start_as(&stage, User::Controller, &[]);
        release.until_phase("Initialized").await;
        let mut canary = release.canary().await;
        canary["status"] = json!({"serin": {"version": 99}});
        objects::write_status(&stage.client, &canary).await.unwrap();
        let told = release.until_event("nothing is done: .status.serin is of version 99").await;
        assert!(told.contains("remove .status.serin"), "{told}");
        controller.until_said(&told).await;
        controller
            .until_measured(&["serin_canary_blocked", "\"web\"", "status-of-newer-version"], "1.0")
            .await;
        let remove = json!([{"op": "remove", "path": "/status/serin"}]);
        let path = format!("/apis/flagger.app/v1beta1/namespaces/{}/canaries/web/status", stage.namespace);
        let request = http::Request::patch(path).header("Content-Type", "application/json-patch+json");
        let _: Value =
            stage.client.request(request.body(remove.to_string().into_bytes()).unwrap()).await.unwrap();
        release.push("app:2").await;
        release.until_phase("Succeeded").await;
        let metrics = controller.metrics().await;
        assert!(!metrics.contains("status-of-newer-version"), "{metrics}");
    });
}

#[test]
fn cluster_a_second_controller_without_the_lease_is_detected_named_and_slowed() {
    on_stage("ground-second", async |stage| {
        let release = Release::create(&stage).await;
        let proxy = Proxy::start(&stage).await;
        let first = Controller::start_by(&stage, proxy.kubeconfig(), &[]);
        release.until_phase("Initialized").await;
        // The two disagree about the objects, and each reports this in the status.
        let second = Controller::start(&stage, &["--max-metrics=0"]);
        let said = "several controllers write the status of this Canary, field managers serin_";
        first.until_said(said).await;
        second.until_said(said).await;
        release
            .until("the condition says so", |status| {
                status["conditions"][0]["message"].as_str().is_some_and(|message| message.contains(said))
            })
            .await;
        let written = written_within(&proxy, Duration::from_secs(20)).await;
        assert!(written.len() < 40, "{}: {written:#?}", written.len());
        first.until_measured(&["serin_canary_saves_failing", "\"web\""], "0.0").await;
    });
}

#[test]
fn cluster_a_client_that_keeps_removing_our_status_causes_no_loop() {
    on_stage("ground-circle", async |stage| {
        let release = Release::create(&stage).await;
        let proxy = Proxy::start(&stage).await;
        let controller = Controller::start_by(&stage, proxy.kubeconfig(), &[]);
        release.until_phase("Initialized").await;
        let rival = async {
            let mut often = time::interval(Duration::from_millis(10));
            let mut canary = release.canary().await;
            canary["status"] = json!({"serin": null});
            loop {
                often.tick().await;
                objects::write_status(&stage.client, &canary).await.unwrap();
            }
        };
        let looked = async {
            controller.until_said("more than 60 decisions within a minute wrote something").await;
            written_within(&proxy, Duration::from_secs(20)).await
        };
        let written = tokio::select! {
            never = rival => never,
            written = looked => written,
        };
        // A save and its Event per second, some of them twice.
        assert!(written.len() < 70, "{}: {written:#?}", written.len());
        assert!(controller.metrics().await.contains("serin_canary_slowed_total{canary=\"web\""));
        // After the rival has stopped, the Canary continues normally.
        release.push("app:2").await;
        release.until_phase("Succeeded").await;
    });
}

#[test]
fn cluster_a_dry_run_has_a_lease_of_its_own() {
    on_stage("ground-dry-run", async |stage| {
        give_lease(&stage.client, &stage.namespace).await;
        let elected = ["--enable-leader-election"];
        let drives = Controller::start_as(&stage, User::Controller, &elected);
        drives.until_said("leading").await;
        let watches = Controller::start_as(&stage, User::Controller, &[elected[0], "--dry-run"]);
        watches.until_said("leading").await;
        for (controller, lease) in [(&drives, "flagger-leader-election"), (&watches, "serin-dry-run")] {
            let lease = reference(&stage.namespace, "coordination.k8s.io/v1", "Lease", lease);
            let lease = objects::read(&stage.client, &lease).await.unwrap();
            assert!(lease["spec"]["holderIdentity"].is_string(), "{lease}");
            controller.until_measured(&["serin_leader"], "1.0").await;
        }
    });
}

#[test]
fn cluster_metrics_have_the_requested_format_and_every_phase_has_a_name() {
    on_stage("ground-metrics", async |stage| {
        let release = Release::create(&stage).await;
        release.change(&json!({"spec": {"targetRef": {"name": "nobody"}}})).await;
        let controller = Controller::start(&stage, &[]);
        controller
            .until_measured(
                &["serin_canary_blocked", "canary=\"web\"", "name=\"nobody\"", "target-missing"],
                "1.0",
            )
            .await;
        let (status, text) = controller.ask("/metrics", "text/plain;version=0.0.4").await;
        assert!(status == 200 && text.contains("# TYPE process_cpu_seconds_total counter"), "{text}");
        let (_, open) = controller.ask("/metrics", "application/openmetrics-text;version=1.0.0").await;
        assert!(open.contains("# TYPE process_cpu_seconds counter") && open.ends_with("# EOF\n"), "{open}");
        assert!(!text.contains("phase=\"\""), "{text}");
        release.change(&json!({"spec": {"targetRef": {"name": "web"}}})).await;
        release.until_phase("Initialized").await;
        controller.until_measured(&["serin_canary_phase{", "canary=\"web\"", "\"Initialized\""], "1.0").await;
        let text = controller.metrics().await;
        assert!(!text.contains("serin_canary_blocked{"), "{text}");
        release.change(&json!({"spec": {"analysis": {"stepWeights": [5]}}})).await;
        controller.until_measured(&["serin_canary_invalid{", "canary=\"web\""], "1.0").await;
    });
}
