//! Other clients write the objects that the controller writes: it neither gives in nor fights.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::Duration,
};

use kube::Client;
use serde_json::{Value, json};
use tokio::time;

use crate::{
    controller::Controller,
    history::History,
    identity::User,
    objects,
    proxy::{Keep, Proxy},
    release::{Release, weights_of},
    stage::on_stage,
};

#[test]
fn cluster_a_second_writer_of_routes_is_corrected_every_time_and_named_while_the_run_waits() {
    on_stage("rivals-routes", async |stage| {
        let release = Release::create(&stage).await;
        let controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        release.push("app:2").await;
        release.until_weight(10).await;
        let route = release.reference("networking.istio.io/v1", "VirtualService", "web");
        let history = History::follow(&stage.client, std::slice::from_ref(&route)).await;
        let rival = async {
            let mut second = time::interval(Duration::from_secs(1));
            loop {
                second.tick().await;
                let mut there = objects::read(&stage.client, &route).await.unwrap();
                for to in there["spec"]["http"][0]["route"].as_array_mut().unwrap() {
                    to["weight"] = 50.into();
                }
                let change = json!({"spec": there["spec"]});
                objects::patch_as(&stage.client, "another-tool", &route, &change).await.unwrap();
            }
        };
        let seen = async {
            let void = "the check that passed does not count: requests were routed 50/50 and not 90/10";
            release.until_event(void).await;
            release.until_event("are changed repeatedly by field manager another-tool").await;
        };
        tokio::select! { never = rival => never, () = seen => () }
        assert_eq!(release.canary().await["status"]["canaryWeight"], 10);
        // The rival's weights, each followed by ours.
        let moments = history.moments();
        let weights: Vec<[u64; 2]> =
            moments.iter().skip(1).map(|moment| weights_of(&moment.object)).collect();
        let [theirs, ours] = [[50, 50], [90, 10]].map(|of| weights.iter().filter(|it| **it == of).count());
        assert!(theirs > 5 && ours <= theirs && ours + 1 >= theirs / 2, "{weights:?}");
        assert_eq!(theirs + ours, weights.len(), "{weights:?}");

        release.until_phase("Succeeded").await;
        assert_eq!(release.image("web-primary").await, "app:2");
        drop(controller);
    });
}

/// Runs a release; returns its phases and weights, without repeats.
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
fn cluster_constant_changes_of_a_canary_do_not_block_its_run() {
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
fn cluster_a_save_by_another_controller_is_kept_and_the_run_continues_from_it() {
    on_stage("rivals-save", async |stage| {
        let release = Release::create(&stage).await;
        let proxy = Proxy::start(&stage).await;
        let controller = Controller::start_by(&stage, proxy.kubeconfig(), &[]);
        release.until_phase("Initialized").await;
        let mut saves = 0;
        proxy.keep(move |write| {
            // Every second one succeeds, and so does the last, which ends what the rival has begun.
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
        assert_eq!(log.matches("another client has saved it meanwhile").count(), theirs.len(), "{log}");
        assert!(!log.contains("cannot be read"), "{log}");
    });
}
