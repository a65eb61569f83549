//! What differs from what has to be is written once, whoever made it differ, and nothing after it.

use serde_json::{Value, json};

use crate::{
    controller::Controller,
    objects,
    proxy::Proxy,
    release::Release,
    stage::{Stage, on_stage},
};

/// Nothing differs from what it should be: a controller that is started again writes nothing.
///
/// Its last repair is forgotten, so that it neither waits before the next one nor leaves it unreported. A controller that
/// keeps running would show the same, but only after the longest wait between two repairs in a row.
pub(crate) async fn assert_quiet(
    stage: &Stage,
    release: &Release<'_>,
    proxy: &Proxy,
    controller: &mut Controller,
) {
    release.until("everything is reported", |status| status["serin"]["outbox"].is_null()).await;
    controller.kill();
    let mut canary = release.canary().await;
    canary["status"] = json!({"serin": {"repair": null}});
    objects::write_status(&stage.client, &canary).await.unwrap();
    let before = proxy.written().len();
    *controller = Controller::start_by(stage, proxy.kubeconfig(), &[]);
    controller.until_decided().await;
    assert_eq!(proxy.written()[before..], []);
}

/// What the events warn of.
pub(crate) async fn warnings(stage: &Stage, release: &Release<'_>) -> Vec<String> {
    let events = objects::all(&stage.client, &release.reference("v1", "Event", "")).await.unwrap();
    let warns = |event: &&Value| event["type"] == "Warning" && event["involvedObject"]["kind"] == "Canary";
    let text = |event: &Value| event["message"].as_str().unwrap_or_default().to_owned();
    events.iter().filter(warns).map(text).collect()
}

async fn until_routed(release: &Release<'_>, what: &str, is_so: impl Fn(&Value) -> bool) {
    let look = async || {
        let route = release.object("networking.istio.io/v1", "VirtualService", "web").await?;
        is_so(&route["spec"]["http"][0]).then_some(())
    };
    objects::until(what, look).await;
}

#[test]
fn cluster_what_the_service_says_anew_is_in_the_routes_and_what_is_deleted_comes_back() {
    on_stage("drift", async |stage| {
        let release = Release::create(&stage).await;
        let proxy = Proxy::start(&stage).await;
        let mut controller = Controller::start_by(&stage, proxy.kubeconfig(), &[]);
        release.until_phase("Initialized").await;

        let rule = release.reference("networking.istio.io/v1", "DestinationRule", "web-canary");
        objects::delete(&stage.client, &rule).await.unwrap();
        objects::until("the rule is back", async || objects::read(&stage.client, &rule).await.ok()).await;
        let told = "Routes of web.drift were changed outside Serin and repaired";
        release.until_event(told).await;
        // The next repair is the first in a row again, and the first is reported.
        assert_quiet(&stage, &release, &proxy, &mut controller).await;

        let service = json!({"timeout": "7s", "portDiscovery": true, "gateways": ["gateways/public"]});
        release.change(&json!({"spec": {"service": service}})).await;
        until_routed(&release, "timeout", |rule| rule["timeout"] == "7s").await;
        release.change(&json!({"spec": {"service": {"port": 8080}}})).await;
        let port = |rule: &Value| rule["route"][0]["destination"]["port"]["number"] == 8080;
        until_routed(&release, "port", port).await;
        // Services and routes belong together.
        let apex = release.object("v1", "Service", "web").await.unwrap();
        assert_eq!(apex["spec"]["ports"][0]["port"], 8080);
        assert_quiet(&stage, &release, &proxy, &mut controller).await;
        assert_eq!(warnings(&stage, &release).await, [told], "the owner's own words warn of nothing");
        drop(controller);
    });
}
