//! Canaries that Flagger left: no rollout begins because of the switch, and one under way goes on.

use serde_json::{Value, json};

use crate::{
    controller::Controller,
    drift::{assert_quiet, warnings},
    identity::User,
    objects,
    proxy::Proxy,
    release::{Release, plain, until_initialized},
    rights::grant,
    stage::{Stage, on_stage},
};

/// Makes the status one of Flagger's: nothing of ours, and checksums of its own.
async fn as_flagger_left_it(stage: &Stage, release: &Release<'_>) {
    let mut canary = release.canary().await;
    canary["status"] =
        json!({"serin": null, "lastAppliedSpec": "5978589476", "lastPromotedSpec": "8494587698"});
    let kept = objects::write_status(&stage.client, &canary).await.unwrap();
    assert_eq!(kept.pointer("/status/serin"), None);
    // Flagger leaves no mark of its own on routes.
    for kind in ["VirtualService", "DestinationRule"] {
        let kind = release.reference("networking.istio.io/v1", kind, "");
        for route in objects::all(&stage.client, &kind).await.unwrap() {
            let name = route["metadata"]["name"].as_str().unwrap();
            let mark = json!({"metadata": {"labels": {MARK: null}}});
            let route = release.reference("networking.istio.io/v1", kind["kind"].as_str().unwrap(), name);
            let kept = objects::patch(&stage.client, &route, &mark).await.unwrap();
            assert_eq!(kept["metadata"]["labels"][MARK], Value::Null);
        }
    }
    // Events of the two are told apart by what follows.
    let events = objects::api(&stage.client, &release.reference("v1", "Event", "")).await.unwrap();
    events.delete_collection(&Default::default(), &Default::default()).await.unwrap();
}

/// The label of what we made.
const MARK: &str = "app.kubernetes.io/managed-by";

fn is_ours(status: &Value) -> bool {
    status["serin"].is_object()
}

#[test]
fn cluster_an_idle_canary_is_taken_over_without_a_rollout() {
    on_stage("takeover-idle", async |stage| {
        let release = Release::create(&stage).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        release.push("app:2").await;
        release.until_phase("Succeeded").await;
        controller.kill();
        as_flagger_left_it(&stage, &release).await;
        let primary = release.object("apps/v1", "Deployment", "web-primary").await.unwrap();
        let proxy = Proxy::start(&stage).await;
        let mut controller = Controller::start_by(&stage, proxy.kubeconfig(), &[]);
        let status = release.until("taken over", is_ours).await;
        release.until_event("over from Flagger").await;
        assert_eq!(status["phase"], "Succeeded");
        let marked = async || {
            let route = release.object("networking.istio.io/v1", "DestinationRule", "web-canary").await?;
            route["metadata"]["labels"][MARK].is_string().then_some(())
        };
        objects::until("routes are marked as ours", marked).await;
        assert_quiet(&stage, &release, &proxy, &mut controller).await;
        assert_eq!(warnings(&stage, &release).await, [""; 0], "nobody changed anything");
        // What comes next is the rollout that somebody asks for, and no other before it.
        release.push("app:3").await;
        let told = release.until_event("New revision").await;
        release.until_phase("Progressing").await;
        release.until_phase("Succeeded").await;
        let events = release.events().await;
        assert_eq!(events.iter().filter(|event| event.contains("New revision")).count(), 1, "{events:#?}");
        assert!(told.contains("web"), "{told}");
        assert_eq!(release.image("web-primary").await, "app:3");
        let runs =
            controller.decisions().iter().filter_map(|line| line["save"]["serin"]["run"].as_u64()).max();
        assert_eq!(runs, Some(2), "one run was Flagger's, one is ours");
        let same = |object: &Value| object["metadata"]["uid"].clone();
        assert_eq!(
            same(&primary),
            same(&release.object("apps/v1", "Deployment", "web-primary").await.unwrap())
        );
    });
}

#[test]
fn cluster_a_run_under_way_goes_on_from_the_routes_as_seen() {
    on_stage("takeover-run", async |stage| {
        let release = Release::create(&stage).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        release.push("app:2").await;
        release.until_weight(20).await;
        controller.kill();
        // It may have stepped on before it was killed.
        let [_, weight] = release.weights().await;
        as_flagger_left_it(&stage, &release).await;
        let controller = Controller::start(&stage, &[]);
        let status = release.until("taken over", is_ours).await;
        assert_eq!(status["phase"], "Progressing");
        release.until_phase("Succeeded").await;
        assert_eq!(release.image("web-primary").await, "app:2");
        let events = release.events().await;
        let has = |words: &str| events.iter().any(|event| event.contains(words));
        assert!(has("over from Flagger") && !has("New revision") && !has("Halt"), "{events:#?}");
        let saved = controller.decisions();
        let weights = saved.iter().filter_map(|line| line["save"]["canaryWeight"].as_u64());
        let first = weights.into_iter().next();
        assert_eq!(first, Some(weight), "the run went on where it was");
    });
}

/// What the ClusterRole of Flagger's chart allows, of the kinds there are here.
fn flaggers_rights() -> Value {
    const OF: [(&str, &[&str]); 8] = [
        ("", &["events", "configmaps", "secrets", "services"]),
        ("coordination.k8s.io", &["leases"]),
        ("apps", &["daemonsets", "deployments"]),
        ("autoscaling", &["horizontalpodautoscalers"]),
        ("networking.k8s.io", &["ingresses"]),
        ("flagger.app", &["canaries", "canaries/status", "metrictemplates", "alertproviders"]),
        ("networking.istio.io", &["virtualservices", "destinationrules"]),
        ("gateway.networking.k8s.io", &["httproutes"]),
    ];
    let verbs = ["get", "list", "watch", "create", "update", "patch", "delete"];
    let rule = |(group, resources): &(&str, &[&str])| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    OF.iter().map(rule).collect()
}

#[test]
fn cluster_with_the_rights_that_flagger_had_its_rollouts_go_on_and_new_ones_begin() {
    on_stage("takeover-rights", async |stage| {
        let release = Release::create(&stage).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        release.push("app:2").await;
        release.until_weight(10).await;
        controller.kill();
        as_flagger_left_it(&stage, &release).await;

        grant(&stage, &flaggers_rights()).await;
        let controller = Controller::start_as(&stage, User::Limited, &[]);
        release.until_phase("Succeeded").await;
        assert_eq!(release.image("web-primary").await, "app:2");
        let said = "endpointslices.discovery.k8s.io: ";
        release
            .until("the missing right is told", |status| {
                status["conditions"][0]["message"].as_str().is_some_and(|message| message.contains(said))
            })
            .await;

        let [target, plain] = plain(&stage.namespace);
        objects::create(&stage.client, &target).await.unwrap();
        objects::create(&stage.client, &plain).await.unwrap();
        until_initialized(&stage.client, &plain).await;
        drop(controller);
    });
}
