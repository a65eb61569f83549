//! Services select the pods that serve, and no other pods.

use kube::api::DeleteParams;
use serde_json::{Value, json};

use crate::{
    controller::Controller,
    objects,
    release::{Release, deployment, manifest, plain, reference, until_initialized},
    stage::{Stage, on_stage},
};

const PRIMARY: [&str; 2] = ["web", "web-primary"];

/// The selector of a service.
async fn selects(release: &Release<'_>, service: &str) -> Value {
    release.object("v1", "Service", service).await.unwrap()["spec"]["selector"].clone()
}

/// The target, recreated with a selector of another label; its pods keep the old label, too.
async fn make_again(stage: &Stage, image: &str) {
    let mut target = deployment(&stage.namespace, "web");
    objects::delete(&stage.client, &target).await.unwrap();
    let is_gone = async || objects::read(&stage.client, &target).await.err().map(drop);
    objects::until("the target is gone", is_gone).await;
    target["spec"]["selector"]["matchLabels"] = json!({"deploy": "web"});
    target["spec"]["template"]["metadata"]["labels"] = json!({"app": "web", "deploy": "web"});
    target["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
    objects::create(&stage.client, &target).await.unwrap();
}

#[test]
fn cluster_services_select_what_the_live_primary_has_until_another_primary_serves() {
    on_stage("selectors", async |stage| {
        let release = Release::create(&stage).await;
        let controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        drop(controller);
        make_again(&stage, "app:2").await;
        let controller = Controller::start(&stage, &["--selector-labels=deploy"]);
        release.until_phase("Succeeded").await;
        assert_eq!(release.image("web-primary").await, "app:2");
        for service in PRIMARY {
            assert_eq!(selects(&release, service).await, json!({"app": "web-primary"}), "{service}");
        }
        assert_eq!(selects(&release, "web-canary").await, json!({"app": "web"}));
        release.until_event("Deployment web-primary.selectors is selected by app=web-primary").await;

        // The recommended way to change it: the old pods serve until the new ones do.
        let primary = release.reference("apps/v1", "Deployment", "web-primary");
        let api = objects::api(&stage.client, &primary).await.unwrap();
        api.delete("web-primary", &DeleteParams::orphan()).await.unwrap();
        let new = json!({"deploy": "web-primary"});
        let moved = async || {
            let moved = selects(&release, "web").await == new;
            let primary = objects::read(&stage.client, &primary).await.ok().unwrap_or_default();
            let serves = primary["status"]["availableReplicas"].as_u64() > Some(0)
                && primary["spec"]["selector"]["matchLabels"] == new;
            assert!(!moved || serves, "the services have moved to a primary that does not serve: {primary}");
            moved.then_some(())
        };
        objects::until("the services follow the new primary", moved).await;
        assert_eq!(selects(&release, "web-primary").await, new);
        let is_well = |status: &Value| {
            let said = status["conditions"][0]["message"].as_str().unwrap_or_default();
            !said.contains("selected by")
        };
        release.until("nothing more is said of it", is_well).await;
        drop(controller);
    });
}

#[test]
fn cluster_two_canaries_that_would_select_each_others_pods_both_say_so() {
    on_stage("overlaps", async |stage| {
        let release = Release::create(&stage).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        // Another application with the same value of the label.
        let mut other = deployment(&stage.namespace, "api");
        for labels in ["/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
            *other.pointer_mut(labels).unwrap() = json!({"app": "web", "part": "api"});
        }
        objects::create(&stage.client, &other).await.unwrap();
        let [_, mut canary] = plain(&stage.namespace);
        canary["metadata"]["name"] = "api".into();
        canary["spec"]["targetRef"]["name"] = "api".into();
        objects::create(&stage.client, &canary).await.unwrap();
        let said = |status: &Value| {
            let said = status["conditions"][0]["message"].as_str().unwrap_or_default();
            said.contains("select each other's pods by app=web")
        };
        release.until("the first one says so", said).await;
        let says = async || {
            let there = objects::read(&stage.client, &canary).await.unwrap();
            said(&there["status"]).then_some(())
        };
        objects::until("the second one says so", says).await;
        for (api_version, kind) in [("apps/v1", "Deployment"), ("v1", "Service")] {
            assert_eq!(release.object(api_version, kind, "api-primary").await, None, "{kind}");
        }
        objects::delete(&stage.client, &canary).await.unwrap();
        release.until("nothing more is said of it", |status| !said(status)).await;
        assert!(controller.is_running());
    });
}

#[test]
fn cluster_a_port_that_no_container_names_takes_no_application_out() {
    on_stage("portless", async |stage| {
        let namespace = &stage.namespace;
        let mut target = deployment(namespace, "web");
        let ports =
            json!([{"name": "http", "containerPort": 8080}, {"name": "admin", "containerPort": 9090}]);
        target["spec"]["template"]["spec"]["containers"][0]["ports"] = ports;
        objects::create(&stage.client, &target).await.unwrap();
        let mut service = reference(namespace, "v1", "Service", "web");
        service["spec"] = json!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]});
        let service = objects::create(&stage.client, &service).await.unwrap();
        let mut canary = manifest(namespace);
        canary["spec"]["service"] = json!({"port": 80, "targetPort": "htpp"});
        canary["spec"]["analysis"] = json!({"interval": "10s", "iterations": 1});
        canary["spec"]["provider"] = "kubernetes".into();
        objects::create(&stage.client, &canary).await.unwrap();
        let mut controller = Controller::start(&stage, &[]);
        let is_told = async || {
            let there = objects::read(&stage.client, &canary).await.unwrap();
            let said = there["status"]["conditions"][0]["message"].as_str().unwrap_or_default().to_owned();
            let wanted =
                "spec.service.targetPort `htpp` is not a port of the target: the containers name http, admin";
            said.contains(wanted).then_some(())
        };
        objects::until("the port and those there are", is_told).await;
        let there = objects::read(&stage.client, &service).await.unwrap();
        assert_eq!(there["spec"], service["spec"], "users stay where they are");
        let target = objects::read(&stage.client, &target).await.unwrap();
        assert_eq!(target["spec"]["replicas"], 1);
        let change = json!({"spec": {"service": {"targetPort": "http"}}});
        objects::patch(&stage.client, &canary, &change).await.unwrap();
        until_initialized(&stage.client, &canary).await;
        assert!(controller.is_running());
    });
}
