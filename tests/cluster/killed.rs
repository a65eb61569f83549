//! A leader that is killed around its writes of the lease: another one follows.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
};

use serde_json::Value;

use crate::{
    controller::Controller,
    life::patiently,
    proxy::{Keep, Proxy, Write},
    release::Release,
    rights::give_lease,
    stage::{Stage, on_stage},
};

/// The kind of a write; saves are told apart by the phase they save.
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

/// Keeps each kind of write back when it comes for the first time, and its answer when it comes for the second.
fn each_twice() -> impl FnMut(&Write) -> Option<Keep> {
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    move |write| {
        let times = times.entry(which(write)).or_default();
        *times += 1;
        match *times {
            1 => Some(Keep::Request),
            2 => Some(Keep::Answer),
            _ => None,
        }
    }
}

/// Runs a controller, and another one each time something was kept back from it, until all is over. How many were
/// killed.
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
fn cluster_a_leader_killed_around_each_write_of_the_lease_is_followed_by_another() {
    on_stage("killed-leader", async |stage| {
        let release = Release::create(&stage).await;
        let proxy = Proxy::start(&stage).await;
        let mut each = each_twice();
        let lease = |write: &Write| write.kind == "leases";
        proxy.keep(move |write| {
            lease(write).then(|| each(&Write { sent: Value::Null, ..write.clone() })).flatten()
        });
        give_lease(&stage.client, &stage.namespace).await;
        let is_over = async || (release.canary().await["status"]["phase"] == "Initialized").then_some(());
        let over = patiently("Initialized", is_over);
        let ((), kills) = kill_until(&stage, &proxy, &["--enable-leader-election"], over).await;
        // Made and taken over, each of them kept back and unanswered.
        assert_eq!(kills, 4);
        let written: Vec<Write> = proxy.written().into_iter().filter(lease).collect();
        assert_eq!(kinds_of(&written), ["create leases", "update leases"].map(String::from).into());
    });
}
