//! Others write what the controller writes: it neither gives in nor fights.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;
use tokio::time::{self, Instant};

use crate::{
    controller::Controller,
    history::History,
    identity::User,
    objects,
    release::{Release, weights_of},
    stage::on_stage,
};

/// Seconds between two steps.
const INTERVAL: u64 = 10;

#[test]
fn cluster_a_second_writer_of_routes_is_corrected_now_and_then() {
    on_stage("rivals-routes", async |stage| {
        let release = Release::create(&stage).await;
        let analysis = json!({"interval": format!("{INTERVAL}s"), "maxWeight": 60});
        release.change(&json!({"spec": {"analysis": analysis}})).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        release.push("app:2").await;
        release.until_weight(10).await;
        let route = release.reference("networking.istio.io/v1", "VirtualService", "web");
        let kinds = [route.clone(), release.reference("flagger.app/v1beta1", "Canary", "")];
        let history = History::follow(&stage.client, &kinds).await;
        let mut theirs = BTreeSet::new();
        let began = Instant::now();
        let mut second = time::interval(Duration::from_secs(1));
        let mut last = String::new();
        while last != "Succeeded" {
            second.tick().await;
            let mut there = objects::read(&stage.client, &route).await.unwrap();
            for to in there["spec"]["http"][0]["route"].as_array_mut().unwrap() {
                to["weight"] = 50.into();
            }
            let annotations = json!({"rival": format!("{:?}", began.elapsed())});
            let change = json!({"metadata": {"annotations": annotations}, "spec": there["spec"]});
            let kept = objects::patch(&stage.client, &route, &change).await.unwrap();
            theirs.insert(kept["metadata"]["resourceVersion"].as_str().unwrap().to_owned());
            last = release.canary().await["status"]["phase"].as_str().unwrap().to_owned();
            assert!(began.elapsed() < Duration::from_secs(180), "{last}");
        }
        let seconds = began.elapsed().as_secs();
        let mut ours = Vec::new();
        let mut phase = String::from("Progressing");
        for moment in history.moments().iter().skip(1) {
            let object = &moment.object;
            let version = object["metadata"]["resourceVersion"].as_str().unwrap();
            if moment.of == "Canary/web" {
                phase = object["status"]["phase"].as_str().unwrap().to_owned();
            } else if !theirs.contains(version) {
                ours.push((phase.clone(), weights_of(object)));
            }
        }
        assert!(theirs.len() > 10, "{theirs:?}");
        let reset = ours.iter().find(|(phase, weights)| phase == "Progressing" && weights[1] == 0);
        assert_eq!(reset, None, "{ours:?}");
        let bound = 2 * usize::try_from(seconds / INTERVAL).unwrap() + 16;
        assert!(ours.len() <= bound, "{} writes in {seconds} s: {ours:?}", ours.len());
        assert!(controller.is_running());
        assert_eq!(release.image("web-primary").await, "app:2");
    });
}

#[test]
fn cluster_a_save_that_conflicts_is_made_again() {
    on_stage("rivals-save", async |stage| {
        let release = Release::create(&stage).await;
        let controller = Controller::start_as(&stage, User::Controller, &[]);
        release.until_phase("Initialized").await;
        let kinds = [release.reference("flagger.app/v1beta1", "Canary", "")];
        let history = History::follow(&stage.client, &kinds).await;
        release.push("app:2").await;
        let mut count = 0_u32;
        // As fast as it goes: between any look and its save somebody was there.
        while release.canary().await["status"]["phase"] != "Succeeded" {
            count += 1;
            assert!(count < 20_000);
            release.change(&json!({"metadata": {"annotations": {"rival": count.to_string()}}})).await;
        }
        assert!(count > 100, "{count}");
        let rows = history.rows_until("Succeeded").await;
        let history = History::follow(&stage.client, &kinds).await;
        release.push("app:3").await;
        let run = release.canary().await["status"]["serin"]["run"].as_u64().unwrap();
        let is_over = |status: &serde_json::Value| {
            status["serin"]["run"].as_u64() > Some(run) && status["phase"] == "Succeeded"
        };
        release.until("undisturbed", is_over).await;
        assert_eq!(rows.get(1..), history.rows_until("Succeeded").await.get(1..));
        let log = controller.log();
        assert!(log.contains("the status was not saved"), "{log}");
        assert!(!log.contains("cannot be read"), "{log}");
    });
}
