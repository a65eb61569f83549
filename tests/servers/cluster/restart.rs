//! The API server or the controller stops in the middle of a rollout: the rollout is the same as without.

use std::{collections::BTreeMap, time::Duration};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tokio::time;

use crate::{
    controller::Controller,
    history::History,
    objects,
    release::Release,
    scripted::Call,
    stage::{alone_on_stage, on_stage},
};

/// The last run is this one, and has ended.
fn is_over(run: u64) -> impl Fn(&Value) -> bool {
    move |status| status["serin"]["run"] == run && status["phase"] == "Succeeded"
}

#[test]
fn cluster_a_rollout_continues_when_the_api_server_comes_back() {
    alone_on_stage("restart-server", async |stage| {
        let release = Release::create(&stage).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        let kinds = [release.reference("flagger.app/v1beta1", "Canary", "")];
        let history = History::follow(&stage.client, &kinds).await;
        release.push("app:2").await;
        release.until_weight(10).await;
        stage.plane.restart_api_server().await;
        release.until("over", |status| status["phase"] == "Succeeded").await;
        assert!(controller.is_running());
        let rows = history.rows_until("Succeeded").await;
        let history = History::follow(&stage.client, &kinds).await;
        let run = release.canary().await["status"]["serin"]["run"].as_u64().unwrap();
        release.push("app:3").await;
        release.until("undisturbed", is_over(run + 1)).await;
        // Changes before the watch could continue are missing, and nothing else.
        let undisturbed = history.rows_until("Succeeded").await;
        let places = rows[1..].iter().map(|row| undisturbed[1..].iter().position(|other| other == row));
        let places: Vec<_> = places.collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{rows:?} {undisturbed:?}");
        assert_eq!(release.image("web-primary").await, "app:3");
    });
}

#[test]
fn cluster_a_controller_killed_again_and_again_does_nothing_twice() {
    on_stage("restart-controller", async |stage| {
        let release = Release::create(&stage).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        let kinds = ["Canary", "Event"].map(|kind| match kind {
            "Event" => release.reference("v1", kind, ""),
            _ => release.reference("flagger.app/v1beta1", kind, ""),
        });
        let history = History::follow(&stage.client, &kinds).await;
        let run = release.canary().await["status"]["serin"]["run"].as_u64().unwrap_or_default();
        release.push("app:2").await;
        let mut moments = ChaCha8Rng::seed_from_u64(16);
        let mut kills = 0_u64;
        loop {
            // Each time longer, so that it makes progress on a slow machine, too.
            let longest = 500 + 100 * kills;
            let moment = Duration::from_millis(moments.random_range(0..longest));
            let over = release.until("over", |status| {
                status["serin"]["run"].as_u64() > Some(run) && status["phase"] == "Succeeded"
            });
            if time::timeout(moment, over).await.is_ok() {
                break;
            }
            controller.kill();
            kills += 1;
            controller = Controller::start(&stage, &[]);
            controller.until_said("started").await;
        }
        assert!(kills > 3, "killed {kills} times");
        release.until_event("Promotion completed").await;
        let rows = history.rows_until("Succeeded").await;
        let disturbed = release.scripted.calls();
        let before = release.events().await;
        let history = History::follow(&stage.client, &kinds).await;
        release.push("app:3").await;
        release.until("undisturbed", is_over(run + 2)).await;
        assert_eq!(rows.get(1..), history.rows_until("Succeeded").await.get(1..));
        // Every message is sent once.
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for event in before.iter().filter(|event| event.starts_with("Advance")) {
            *counts.entry(event).or_default() += 1;
        }
        assert!(!counts.is_empty() && counts.values().all(|count| *count == 1), "{counts:#?}");
        assert_repeats_are_known(&disturbed);
        let events = objects::all(&stage.client, &kinds[1]).await.unwrap();
        let ours = events.iter().filter(|event| event["involvedObject"]["kind"] == "Canary");
        assert!(ours.into_iter().all(|event| event["count"] == 1));
    });
}

/// A controller that was killed between an answer and its save calls again, with the same key and the same body.
fn assert_repeats_are_known(calls: &[Call]) {
    let mut known: BTreeMap<&str, &Value> = BTreeMap::new();
    for call in calls {
        if let Call::Hook { name, key, sent, .. } = call {
            let key = key.as_deref().unwrap_or_else(|| panic!("{name} was called without a key"));
            let first = known.entry(key).or_insert(sent);
            assert_eq!(*first, sent, "{name}: {key} meant something else before");
        }
    }
    assert!(known.len() >= 4, "{known:#?}");
}
