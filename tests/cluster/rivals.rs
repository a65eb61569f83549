//! Others write what the controller writes: it neither gives in nor fights.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::Duration,
};

use kube::Client;
use serde_json::{Value, json};
use tokio::time::{self, Instant};

use crate::{
    controller::Controller,
    history::History,
    identity::User,
    objects,
    proxy::{Keep, Proxy},
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

/// Runs a release, and says what it was like, each phase and weight once.
async fn rows_of_a_run(release: &Release<'_>, client: &Client, image: &str) -> Vec<(String, u64)> {
    let run = |status: &Value| status["serin"]["run"].as_u64();
    let before = run(&release.canary().await["status"]);
    let kinds = [release.reference("flagger.app/v1beta1", "Canary", "")];
    let history = History::follow(client, &kinds).await;
    release.push(image).await;
    let is_over = |status: &Value| run(status) > before && status["phase"] == "Succeeded";
    release.until("a run is over", is_over).await;
    history.rows_until("Succeeded").await.split_off(1)
}

#[test]
fn cluster_whoever_changes_a_canary_all_the_time_is_no_obstacle_to_its_run() {
    on_stage("rivals-busy", async |stage| {
        let release = Release::create(&stage).await;
        let controller = Controller::start_as(&stage, User::Controller, &[]);
        release.until_phase("Initialized").await;
        let count = Cell::new(0_u32);
        let rival = async {
            let mut often = time::interval(Duration::from_millis(10));
            loop {
                often.tick().await;
                count.set(count.get() + 1);
                let annotations = json!({"rival": count.get().to_string()});
                release.change(&json!({"metadata": {"annotations": annotations}})).await;
            }
        };
        let disturbed = tokio::select! {
            never = rival => never,
            rows = rows_of_a_run(&release, &stage.client, "app:2") => rows,
        };
        let undisturbed = rows_of_a_run(&release, &stage.client, "app:3").await;
        assert_eq!(disturbed, undisturbed);
        assert!(count.get() > 100, "{}", count.get());
        let log = controller.log();
        assert!(!log.contains("was not saved") && !log.contains("cannot be read"), "{log}");
    });
}

#[test]
fn cluster_a_save_that_somebody_else_made_meanwhile_stands_and_the_run_goes_on_from_it() {
    on_stage("rivals-save", async |stage| {
        let release = Release::create(&stage).await;
        let proxy = Proxy::start(&stage).await;
        let controller = Controller::start_by(&stage, proxy.kubeconfig(), &[]);
        release.until_phase("Initialized").await;
        let mut saves = 0;
        proxy.keep(move |write| {
            // Every second one succeeds, and so does the last: what the rival has begun it ends.
            let of_the_run = write.saves().is_some_and(|status| status["phase"] != "Succeeded");
            saves += u32::from(of_the_run);
            (of_the_run && saves % 2 == 1).then_some(Keep::Request)
        });
        let theirs = RefCell::new(BTreeSet::new());
        let rival = async {
            loop {
                proxy.caught().await;
                let seq = release.canary().await["status"]["serin"]["seq"].as_u64().unwrap() + 1;
                let mut canary = release.reference("flagger.app/v1beta1", "Canary", "web");
                canary["status"] = json!({"serin": {"seq": seq}});
                objects::write_status(&stage.client, &canary).await.unwrap();
                theirs.borrow_mut().insert(seq);
                proxy.open();
            }
        };
        let disturbed = tokio::select! {
            never = rival => never,
            rows = rows_of_a_run(&release, &stage.client, "app:2") => rows,
        };
        proxy.keep(|_| None);
        let undisturbed = rows_of_a_run(&release, &stage.client, "app:3").await;
        assert_eq!(disturbed, undisturbed);
        let theirs = theirs.into_inner();
        assert!(theirs.len() > 3, "{theirs:?}");
        let log = controller.log();
        assert_eq!(log.matches("somebody else has saved it meanwhile").count(), theirs.len(), "{log}");
        assert!(!log.contains("cannot be read"), "{log}");
    });
}
