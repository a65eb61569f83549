//! Watches that report everything five seconds late: the controller still knows its own writes, and does nothing twice.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    controller::Controller,
    life::{Life, Push, assert_same, live, prepare},
    proxy::Proxy,
    release::Release,
    stage::{Stage, on_stage},
};

const LAG: Duration = Duration::from_secs(5);

/// The kinds that a rollout is decided on.
const LATE: &[&str] = &["canaries", "deployments", "virtualservices"];

async fn live_with(stage: &Stage, late: &'static [&'static str]) -> Life {
    let release = Release::create(stage).await;
    prepare(stage, &release).await;
    let proxy = Proxy::start(stage).await;
    proxy.delay(LAG, late);
    let mut controller = Controller::start_by(stage, proxy.kubeconfig(), &[]);
    let life = live(stage, &release, &proxy, Push::Image).await;
    assert!(controller.is_running());
    life
}

/// How many times each kind was written.
fn by_kind(life: &Life) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for write in &life.written {
        *counts.entry(format!("{} {}", write.verb, write.kind)).or_default() += 1;
    }
    counts
}

#[test]
fn cluster_watches_that_lag_five_seconds_change_nothing_but_the_time() {
    on_stage("watches-late", async |stage| {
        let other = stage.beside("watches-prompt").await;
        let (late, prompt) = tokio::join!(live_with(&stage, LATE), live_with(&other, &[]));
        assert_same(&late, &prompt);
        let [mut late, mut prompt] = [&late, &prompt].map(by_kind);
        let saves = "patch canaries/status";
        let [late_saves, prompt_saves] = [&mut late, &mut prompt].map(|counts| counts.remove(saves));
        assert_eq!(late, prompt);
        // Late facts arrive one after the other, and each is noted.
        assert!(
            late_saves <= prompt_saves.map(|saves| 2 * saves),
            "{late_saves:?} saves, not {prompt_saves:?}"
        );
    });
}
