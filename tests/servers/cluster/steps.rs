//! The steps of Flagger's own end-to-end tests, one test for each provider: scripts for Flagger work unchanged.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serin_simulator::scenario::MetricAnswer;

use crate::{
    controller::Controller,
    objects,
    release::{Release, deployment, reference},
    stage::{Stage, on_stage},
};

const VIRTUAL_SERVICE: &str = "networking.istio.io/v1";

/// A Deployment with more than one port, and with labels and annotations of its owner.
fn target(stage: &Stage) -> Value {
    let mut target = deployment(&stage.namespace, "web");
    target["metadata"]["labels"] =
        json!({"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "shop"});
    target["metadata"]["annotations"] = json!({"app.kubernetes.io/instance": "blue"});
    let port = |name: &str, port: u16| json!({"name": name, "containerPort": port, "protocol": "TCP"});
    target["spec"]["template"]["spec"]["containers"][0]["ports"] =
        json!([port("http", 9898), port("http-metrics", 9797), port("grpc", 9999)]);
    target
}

/// A Canary for it, with the fields that all of them have.
fn canary(stage: &Stage, spec: &Value) -> Value {
    let mut canary = reference(&stage.namespace, "flagger.app/v1beta1", "Canary", "web");
    canary["spec"] = json!({
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "progressDeadlineSeconds": 60,
    });
    for (field, value) in spec.as_object().unwrap() {
        canary["spec"][field] = value.clone();
    }
    canary
}

/// A metric with a template, and the template.
fn latency(stage: &Stage, max: f64) -> [Value; 2] {
    let mut template = reference(&stage.namespace, "flagger.app/v1beta1", "MetricTemplate", "latency");
    template["spec"] = json!({
        "provider": {"type": "prometheus", "address": "http://prometheus"},
        "query": "histogram_quantile(0.99, sum(rate(latency{by=\"{{ variables.reporter }}\",\
                  of=~\"{{ target }}\"}[{{ interval }}])) by (le))",
    });
    let metric = json!({
        "name": "latency", "templateRef": {"name": "latency"}, "thresholdRange": {"max": max}, "interval": "1m",
        "templateVariables": {"reporter": "destination"},
    });
    [metric, template]
}

fn hook(name: &str, kind: Option<&str>) -> Value {
    let mut hook = json!({"name": name, "url": "http://tester", "timeout": "5s", "metadata": {"type": "cmd", "cmd": "hey"}});
    if let Some(kind) = kind {
        hook["type"] = kind.into();
    }
    hook
}

fn success_rate() -> Value {
    json!({"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"})
}

#[test]
fn cluster_with_istio_weights_then_blue_green_then_ab_are_promoted_and_a_deletion_gives_everything_back() {
    on_stage("steps-istio", async |stage| {
        let [metric, template] = latency(&stage, 500.0);
        let service = json!({
            "port": 9898, "portDiscovery": true,
            "apex": {"annotations": {"test": "of-the-service"}, "labels": {"test": "of-the-service"}},
            "headers": {"request": {"add": {"x-envoy-max-retries": "10"}}},
        });
        let analysis = json!({
            "interval": "10s", "threshold": 15, "maxWeight": 30, "stepWeight": 15,
            "metrics": [success_rate(), metric], "webhooks": [hook("load-test", None)],
        });
        let manifest = canary(&stage, &json!({"service": service, "analysis": analysis}));
        let release = Release::of(&stage, &target(&stage), &manifest, &[template]).await;
        let controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        let apex = release.object("v1", "Service", "web").await.unwrap();
        assert_eq!(apex["metadata"]["annotations"]["test"], "of-the-service");
        assert_eq!(apex["metadata"]["labels"]["test"], "of-the-service");
        assert_eq!(apex["spec"]["selector"], json!({"app": "web-primary"}));
        release.release("app:2").await;

        let service = json!({"port": 80, "targetPort": 9898, "portName": "http-web", "portDiscovery": true});
        let mut analysis = json!({
            "interval": "10s", "threshold": 5, "iterations": 2, "metrics": analysis["metrics"],
            "webhooks": [hook("http-test", Some("pre-rollout")), hook("grpc-test", Some("pre-rollout")), hook("load-test", None)],
        });
        let spec = |analysis: &Value| {
            canary(&stage, &json!({"service": service, "analysis": analysis}))["spec"].take()
        };
        release.apply(&spec(&analysis)).await;
        release.release("app:3").await;

        analysis["match"] = json!([{"headers": {"cookie": {"regex": "^(.*?;)?(type=insider)(;.*)?$"}}}]);
        analysis["webhooks"] = json!([
            hook("pre", Some("pre-rollout")),
            hook("promote-gate", Some("confirm-promotion")),
            hook("post", Some("post-rollout"))
        ]);
        release.apply(&spec(&analysis)).await;
        release.release("app:4").await;

        release.change(&json!({"spec": {"revertOnDeletion": true}})).await;
        let finalized = async || {
            let finalizers = release.canary().await["metadata"]["finalizers"].clone();
            finalizers.as_array()?.iter().any(|it| it == "finalizer.flagger.app").then_some(())
        };
        objects::until("a finalizer", finalized).await;
        release.delete().await;
        let back = async || {
            let target = release.object("apps/v1", "Deployment", "web").await?;
            (target["spec"]["replicas"] == 1).then_some(())
        };
        objects::until("the target is back", back).await;
        drop(controller);
    });
}

#[test]
fn cluster_with_istio_a_service_and_routes_that_were_there_before_are_there_after_a_deletion() {
    on_stage("steps-istio-revert", async |stage| {
        let mut service = reference(&stage.namespace, "v1", "Service", "web");
        service["metadata"]["labels"] = json!({"app": "web"});
        let port = json!({"name": "http", "port": 9898, "protocol": "TCP", "targetPort": "http"});
        service["spec"] = json!({"type": "ClusterIP", "selector": {"app": "web"}, "ports": [port]});
        let mut route = reference(&stage.namespace, VIRTUAL_SERVICE, "VirtualService", "web");
        route["spec"] = json!({
            "gateways": ["istio-system/ingressgateway"], "hosts": ["app.example.com", "web"],
            "http": [{"retries": {"attempts": 3, "perTryTimeout": "1s"}, "route": [{"destination": {"host": "web"}}]}],
        });
        for object in [&service, &route] {
            objects::apply(&stage.client, object).await.unwrap();
        }
        let analysis = json!({
            "interval": "10s", "threshold": 5, "iterations": 2, "metrics": [success_rate()],
            "match": [{"headers": {"cookie": {"regex": "^(.*?;)?(type=insider)(;.*)?$"}}}],
        });
        let spec = json!({
            "revertOnDeletion": true,
            "service": {"port": 80, "targetPort": "http", "portName": "http-web", "portDiscovery": true},
            "analysis": analysis,
        });
        let release = Release::of(&stage, &target(&stage), &canary(&stage, &spec), &[]).await;
        let controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        release.delete().await;
        let gone = async || objects::read(&stage.client, &canary(&stage, &json!({}))).await.err().map(drop);
        objects::until("the Canary is gone", gone).await;
        let after = objects::read(&stage.client, &service).await.unwrap();
        assert_eq!(after["spec"]["selector"], json!({"app": "web"}));
        let after = objects::read(&stage.client, &route).await.unwrap();
        assert_eq!(after["spec"], route["spec"]);
        drop(controller);
    });
}

#[test]
fn cluster_with_the_gateway_api_a_good_version_is_promoted_and_a_bad_one_rolled_back() {
    on_stage("steps-gateway", async |stage| {
        let [metric, template] = latency(&stage, 0.5);
        let service = json!({
            "port": 9898, "portName": "http", "hosts": ["www.example.com"],
            "gatewayRefs": [{"name": "gateway", "namespace": "istio-ingress"}],
        });
        let analysis = json!({
            "interval": "10s", "threshold": 2, "maxWeight": 50, "stepWeight": 25, "metrics": [metric],
            "webhooks": [hook("load-test", Some("rollout"))],
        });
        let spec = json!({"provider": "gatewayapi:v1", "service": service, "analysis": analysis});
        let release = Release::of(&stage, &target(&stage), &canary(&stage, &spec), &[template]).await;
        let controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        let route = release.object("gateway.networking.k8s.io/v1", "HTTPRoute", "web").await.unwrap();
        assert_eq!(route["spec"]["hostnames"], json!(["www.example.com"]));
        release.release("app:2").await;

        let bad = vec![MetricAnswer::Value(0.6)];
        release.scripted.change(&BTreeMap::from([("latency".to_owned(), bad)]), &BTreeMap::new());
        release.push("app:3").await;
        release.until_phase("Failed").await;
        assert_eq!(release.image("web-primary").await, "app:2");
        let route = release.object("gateway.networking.k8s.io/v1", "HTTPRoute", "web").await.unwrap();
        let weights = |name: &str| {
            let to = route["spec"]["rules"][0]["backendRefs"].as_array().unwrap().iter();
            to.filter(|to| to["name"] == name).filter_map(|to| to["weight"].as_u64()).sum::<u64>()
        };
        assert_eq!([weights("web-primary"), weights("web-canary")], [100, 0]);
        drop(controller);
    });
}

#[test]
fn cluster_with_nginx_weights_and_then_a_header_are_promoted_and_the_ingress_stays_its_owners() {
    on_stage("steps-nginx", async |stage| {
        let mut ingress = reference(&stage.namespace, "networking.k8s.io/v1", "Ingress", "web");
        ingress["metadata"]["labels"] = json!({"app": "web"});
        ingress["metadata"]["annotations"] = json!({"kubernetes.io/ingress.class": "nginx"});
        let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
        let path = json!({"pathType": "Prefix", "path": "/", "backend": backend});
        ingress["spec"] = json!({"rules": [{"host": "app.example.com", "http": {"paths": [path]}}]});
        objects::apply(&stage.client, &ingress).await.unwrap();
        let analysis = json!({
            "interval": "10s", "threshold": 5, "maxWeight": 40, "stepWeight": 20, "metrics": [success_rate()],
            "webhooks": [hook("load-test", None)],
        });
        let mut spec = json!({
            "provider": "nginx", "service": {"port": 80, "targetPort": "http"}, "analysis": analysis,
            "ingressRef": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"},
        });
        let release = Release::of(&stage, &target(&stage), &canary(&stage, &spec), &[]).await;
        let controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        release.release("app:2").await;
        // Its owner applies it again, without a conflict.
        let kept = objects::apply(&stage.client, &ingress).await.unwrap();
        assert_eq!(kept["spec"], ingress["spec"]);

        spec["analysis"] = json!({
            "interval": "10s", "threshold": 5, "iterations": 2, "metrics": [success_rate()],
            "match": [{"headers": {"x-user": {"exact": "insider"}}}],
            "webhooks": [hook("test-header-routing", Some("rollout")), hook("load-test", Some("rollout"))],
        });
        release.apply(&canary(&stage, &spec)["spec"]).await;
        release.push("app:3").await;
        let by_header = async || {
            let canary = release.object("networking.k8s.io/v1", "Ingress", "web-canary").await?;
            let annotations = &canary["metadata"]["annotations"];
            (annotations["nginx.ingress.kubernetes.io/canary-by-header"] == "x-user").then_some(())
        };
        objects::until("requests are distinguished by the header", by_header).await;
        let promoted = async || (release.image("web-primary").await == "app:3").then_some(());
        objects::until("the third version is promoted", promoted).await;
        drop(controller);
    });
}

#[test]
fn cluster_without_a_mesh_a_service_of_another_name_and_its_autoscaler_are_promoted_with_the_labels_by_prefix()
 {
    on_stage("steps-kubernetes", async |stage| {
        let usage = |percent: u64| {
            let target = json!({"type": "Utilization", "averageUtilization": percent});
            json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}])
        };
        let mut scaler = reference(&stage.namespace, "autoscaling/v2", "HorizontalPodAutoscaler", "web");
        scaler["spec"] = json!({
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 2, "maxReplicas": 4, "metrics": usage(99),
        });
        objects::create(&stage.client, &scaler).await.unwrap();
        let mut service = reference(&stage.namespace, "v1", "Service", "web-svc");
        let port = json!({"name": "http", "port": 9898, "protocol": "TCP", "targetPort": "http"});
        service["spec"] = json!({"type": "ClusterIP", "selector": {"app": "web"}, "ports": [port]});
        objects::create(&stage.client, &service).await.unwrap();
        let analysis = json!({
            "interval": "10s", "threshold": 10, "iterations": 2, "metrics": [success_rate()],
            "webhooks": [
                hook("gate", Some("confirm-rollout")), hook("acceptance-test", Some("pre-rollout")), hook("load-test", None),
            ],
        });
        let spec = json!({
            "provider": "kubernetes", "analysis": analysis,
            "service": {"port": 80, "targetPort": 9898, "name": "web-svc", "portDiscovery": true},
            "autoscalerRef": {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "web"},
        });
        let release = Release::of(&stage, &target(&stage), &canary(&stage, &spec), &[]).await;
        let controller = Controller::start(&stage, &["--include-label-prefix=app.kubernetes.io"]);
        release.until_phase("Initialized").await;
        let primary = release.object("apps/v1", "Deployment", "web-primary").await.unwrap();
        assert_eq!(primary["metadata"]["labels"]["app.kubernetes.io/part-of"], "shop");
        assert_eq!(primary["metadata"]["annotations"]["app.kubernetes.io/instance"], "blue");
        let of_primary =
            async || release.object("autoscaling/v2", "HorizontalPodAutoscaler", "web-primary").await;
        let before = objects::until("the primary's autoscaler", of_primary).await;
        assert_eq!(before["spec"]["metrics"], usage(99));

        objects::patch(&stage.client, &scaler, &json!({"spec": {"metrics": usage(50)}})).await.unwrap();
        release.release("app:2").await;
        assert_eq!(of_primary().await.unwrap()["spec"]["metrics"], usage(50));
        drop(controller);
    });
}
