//! A controller that is killed around each kind of write in a Canary's whole life: the story is the same as without.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    sync::{Arc, Mutex},
};

use serde_json::Value;

use crate::{
    controller::Controller,
    life::{Push, assert_same, live, patiently, prepare},
    proxy::{Keep, Proxy, Write},
    release::Release,
    rights::give_lease,
    stage::{Stage, on_stage},
};

/// The kinds of writes in a life with everything in it.
const EXPECTED: [&str; 15] = [
    "create configmaps",
    "create deployments",
    "create destinationrules",
    "create events",
    "create horizontalpodautoscalers",
    "create services",
    "create virtualservices",
    "delete configmaps",
    "patch canaries",
    "patch canaries/status",
    "patch configmaps",
    "patch deployments",
    "patch horizontalpodautoscalers",
    "patch services",
    "patch virtualservices",
];

/// The kind of a write; saves are distinguished by the phase that they save.
fn which(write: &Write) -> String {
    let Write { verb, kind, .. } = write;
    match write.saves() {
        Some(status) => format!("{verb} {kind} {}", status["phase"]),
        None => format!("{verb} {kind}"),
    }
}

fn kinds_of(written: &[Write]) -> BTreeSet<String> {
    written.iter().map(|write| format!("{} {}", write.verb, write.kind)).collect()
}

/// How many writes of each kind were seen.
type Times = Arc<Mutex<BTreeMap<String, u32>>>;

/// Holds back each kind of write when it occurs for the first time, and its answer when it occurs for the second time.
fn each_twice(times: Times) -> impl FnMut(&Write) -> Option<Keep> {
    move |write| {
        let mut times = times.lock().unwrap();
        let times = times.entry(which(write)).or_default();
        *times += 1;
        match *times {
            1 => Some(Keep::Request),
            2 => Some(Keep::Answer),
            _ => None,
        }
    }
}

/// Runs a controller, and starts another one each time something was held back from it, until the story ends. Returns
/// how many were killed.
async fn kill_until<T>(
    stage: &Stage,
    proxy: &Proxy,
    flags: &[&str],
    over: impl Future<Output = T>,
) -> (T, usize) {
    let mut controller = Controller::start_by(stage, proxy.kubeconfig(), flags);
    let mut over = pin!(over);
    let mut kills = 0;
    loop {
        tokio::select! {
            out = &mut over => {
                assert!(controller.is_running());
                return (out, kills);
            }
            () = proxy.caught() => {
                controller.kill();
                kills += 1;
                proxy.open_to_another();
                controller = Controller::start_by(stage, proxy.kubeconfig(), flags);
            }
        }
    }
}

#[test]
fn cluster_a_controller_killed_around_each_kind_of_write_has_the_same_story() {
    on_stage("killed", async |stage| {
        let other = stage.beside("killed-never").await;
        let times = Times::default();
        let [disturbed, quiet] = [(&stage, true), (&other, false)].map(async |(stage, disturbed)| {
            let release = Release::create(stage).await;
            prepare(stage, &release).await;
            let proxy = Proxy::start(stage).await;
            if disturbed {
                proxy.keep(each_twice(times.clone()));
            }
            kill_until(stage, &proxy, &[], live(stage, &release, &proxy, Push::Everything)).await
        });
        let ((disturbed, kills), (quiet, none)) = tokio::join!(disturbed, quiet);
        assert_eq!(none, 0);
        assert_same(&disturbed, &quiet);
        // Two writes at the same time cause one kill, and no controller waits for the last answer.
        let times = times.lock().unwrap().clone();
        assert!(kills > times.len(), "{kills} kills, {times:#?}");
        assert!(times.values().all(|times| *times > 1), "{times:#?}");
        assert_eq!(kinds_of(&disturbed.written), EXPECTED.map(String::from).into());
        assert_eq!(kinds_of(&quiet.written), EXPECTED.map(String::from).into());
    });
}

#[test]
fn cluster_a_leader_killed_around_each_write_of_the_lease_is_followed_by_another() {
    on_stage("killed-leader", async |stage| {
        let release = Release::create(&stage).await;
        let proxy = Proxy::start(&stage).await;
        let mut each = each_twice(Times::default());
        let lease = |write: &Write| write.kind == "leases";
        proxy.keep(move |write| {
            lease(write).then(|| each(&Write { sent: Value::Null, ..write.clone() })).flatten()
        });
        give_lease(&stage.client, &stage.namespace).await;
        let is_over = async || (release.canary().await["status"]["phase"] == "Initialized").then_some(());
        let over = patiently("Initialized", is_over);
        let ((), kills) = kill_until(&stage, &proxy, &["--enable-leader-election"], over).await;
        // Creation and takeover, each of them held back and unanswered.
        assert_eq!(kills, 4);
        let written: Vec<Write> = proxy.written().into_iter().filter(lease).collect();
        assert_eq!(kinds_of(&written), ["create leases", "update leases"].map(String::from).into());
    });
}
