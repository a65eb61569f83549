//! Watches that tell everything five seconds late: what was written is known all the same, and nothing is done twice.

use std::time::Duration;

use crate::{
    controller::Controller,
    life::{Life, assert_same, live, prepare},
    proxy::Proxy,
    release::Release,
    stage::{Stage, on_stage},
};

const LAG: Duration = Duration::from_secs(5);

/// Those that a rollout is decided on.
const LATE: &[&str] = &["canaries", "deployments", "virtualservices"];

async fn live_with(stage: &Stage, late: &'static [&'static str]) -> Life {
    let release = Release::create(stage).await;
    prepare(stage, &release).await;
    let proxy = Proxy::start(stage).await;
    proxy.delay(LAG, late);
    let mut controller = Controller::start_by(stage, proxy.kubeconfig(), &[]);
    let life = live(stage, &release, &proxy).await;
    assert!(controller.is_running());
    life
}

#[test]
fn cluster_watches_that_lag_five_seconds_change_nothing_but_the_time() {
    on_stage("watches-late", async |stage| {
        let other = stage.beside("watches-prompt").await;
        let (late, prompt) = tokio::join!(live_with(&stage, LATE), live_with(&other, &[]));
        assert_same(&late, &prompt);
        let [late, prompt] = [&late, &prompt].map(|life| life.written.len());
        assert!(late <= prompt + 4, "{late} writes, and {prompt} where nothing lags");
    });
}
