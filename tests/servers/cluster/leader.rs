//! Two replicas, one leader: what happens when it dies, pauses or leaves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    controller::Controller,
    history::History,
    objects,
    release::Release,
    scripted::Call,
    stage::{Stage, on_stage},
};

const ELECTED: &[&str] = &["--enable-leader-election=true"];

/// The leader and the replica that waits.
async fn two_replicas(stage: &Stage) -> [Controller; 2] {
    let leader = Controller::start(stage, ELECTED);
    leader.until_said("leading").await;
    let other = Controller::start(stage, ELECTED);
    other.until_said("another replica leads").await;
    [leader, other]
}

/// No notice was sent twice: neither with two ids, nor with one.
async fn assert_told_once(stage: &Stage, release: &Release<'_>) {
    let events = objects::all(&stage.client, &release.reference("v1", "Event", "")).await.unwrap();
    let ours: Vec<_> = events.iter().filter(|event| event["involvedObject"]["kind"] == "Canary").collect();
    assert!(ours.iter().all(|event| event["count"] == 1), "{ours:#?}");
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for event in &ours {
        *counts.entry(event["message"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let advanced = counts.iter().filter(|(message, _)| message.starts_with("Advance"));
    assert!(
        advanced.clone().count() > 0 && advanced.into_iter().all(|(_, count)| *count == 1),
        "{counts:#?}"
    );
}

/// Every call of a hook that passed had a key of its own; `polled` hooks are called as many times as needed.
fn assert_keys_once(release: &Release<'_>) {
    let mut passed = BTreeSet::new();
    for call in release.scripted.calls() {
        if let Call::Hook { name, key, outcome, .. } = call
            && outcome.passes()
        {
            let key = key.unwrap_or_else(|| panic!("{name} was called without a key"));
            assert!(passed.insert(key.clone()), "{name} was called twice with {key}");
        }
    }
    assert!(passed.len() >= 4, "{passed:?}");
}

#[test]
fn cluster_a_killed_leader_is_followed_by_the_other_without_a_step_twice() {
    on_stage("leader-killed", async |stage| {
        let release = Release::create(&stage).await;
        let [mut leader, other] = two_replicas(&stage).await;
        release.until_phase("Initialized").await;
        let kinds = [release.reference("flagger.app/v1beta1", "Canary", "")];
        let history = History::follow(&stage.client, &kinds).await;
        release.push("app:2").await;
        release.until_weight(10).await;
        leader.kill();
        other.until_said("leading").await;
        release.until_phase("Succeeded").await;
        assert_eq!(release.image("web-primary").await, "app:2");
        release.until_event("Promotion completed").await;
        assert_told_once(&stage, &release).await;
        assert_keys_once(&release);
        // The same run again, without a kill.
        let rows = history.rows_until("Succeeded").await;
        let history = History::follow(&stage.client, &kinds).await;
        release.push("app:3").await;
        release
            .until("undisturbed", |status| status["serin"]["run"] == 2 && status["phase"] == "Succeeded")
            .await;
        assert_eq!(rows.get(1..), history.rows_until("Succeeded").await.get(1..));
    });
}

#[test]
fn cluster_a_leader_that_wakes_after_another_took_over_changes_nothing() {
    on_stage("leader-stopped", async |stage| {
        let release = Release::create(&stage).await;
        let [mut leader, other] = two_replicas(&stage).await;
        release.until_phase("Initialized").await;
        release.push("app:2").await;
        release.until_weight(10).await;
        leader.signal("STOP");
        release.answer("step", 500);
        other.until_said("leading").await;
        release.until_phase("Failed").await;
        release.until_event("Canary failed").await;
        // The hook that is owed after the run was called: nothing moves any more.
        release
            .until("all notices are sent", |status| {
                status["serin"]["owed"].is_null() && status["serin"]["outbox"].is_null()
            })
            .await;
        let kinds = [
            ("apps/v1", "Deployment"),
            ("v1", "Service"),
            ("v1", "Event"),
            ("networking.istio.io/v1", "VirtualService"),
            ("flagger.app/v1beta1", "Canary"),
        ];
        let kinds = kinds.map(|(api_version, kind)| release.reference(api_version, kind, ""));
        let calls = release.scripted.calls().len();
        let history = History::follow(&stage.client, &kinds).await;
        let before = written_by_us(&history);
        leader.signal("CONT");
        let status = leader.ended().await;
        assert_eq!(status.code(), Some(1), "{}", leader.log());
        assert_eq!(release.scripted.calls().len(), calls, "it called a hook or sent an alert");
        assert_eq!(written_by_us(&history), before);
        assert_eq!(release.weights().await, [100, 0]);
        assert_eq!(release.canary().await["status"]["phase"], "Failed");
    });
}

/// The versions of all objects that a controller writes, except the Deployments' own progress.
fn written_by_us(history: &History) -> Vec<(String, String)> {
    let moments = history.moments().into_iter();
    let version = |object: &Value| match object["metadata"]["generation"].as_i64() {
        Some(generation) if object["kind"] == "Deployment" => generation.to_string(),
        _ => object["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned(),
    };
    let ours =
        moments.filter(|it| !it.of.starts_with("Event/") || it.object["involvedObject"]["kind"] == "Canary");
    let all: BTreeSet<_> = ours.map(|it| (it.of.clone(), version(&it.object))).collect();
    all.into_iter().collect()
}

#[test]
fn cluster_a_leader_that_leaves_hands_the_lease_over() {
    on_stage("leader-leaves", async |stage| {
        let release = Release::create(&stage).await;
        let [mut leader, other] = two_replicas(&stage).await;
        release.until_phase("Initialized").await;
        release.push("app:2").await;
        release.until_weight(10).await;
        let lease = release.reference("coordination.k8s.io/v1", "Lease", "flagger-leader-election");
        let before = objects::read(&stage.client, &lease).await.unwrap();
        leader.signal("TERM");
        assert!(leader.ended().await.success(), "{}", leader.log());
        let given = objects::read(&stage.client, &lease).await.unwrap();
        assert_ne!(given["spec"]["holderIdentity"], before["spec"]["holderIdentity"]);
        other.until_said("leading").await;
        release.until_phase("Succeeded").await;
        assert_told_once(&stage, &release).await;
        assert_keys_once(&release);
    });
}
