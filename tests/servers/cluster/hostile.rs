//! A tenant who takes as much as possible next to a tenant who is not to blame: the rollback of the second is on time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use http::Method;
use serde_json::{Value, json};
use serin_simulator::scenario::MetricAnswer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    controller::Controller,
    objects,
    release::{Release, deployment, manifest, reference},
    stage::{Stage, on_stage},
};

/// Two checks fail, one every ten seconds; plus some time for a machine that also does other things.
const ON_TIME: Duration = Duration::from_secs(25);

/// Releases a version that fails its checks, and waits until it was rolled back.
async fn is_rolled_back_on_time(release: &Release<'_>) {
    release.push("app:2").await;
    release.until_weight(10).await;
    let failing = BTreeMap::from([("request-success-rate".to_owned(), vec![MetricAnswer::Value(1.0)])]);
    release.scripted.change(&failing, &BTreeMap::new());
    let begun = now();
    release.until_phase("Failed").await;
    assert!(begun.elapsed() < ON_TIME, "{:?}", begun.elapsed());
    assert_eq!(release.weights().await, [100, 0]);
}

#[expect(clippy::disallowed_methods, reason = "a real controller takes real time")]
fn now() -> Instant {
    Instant::now()
}

/// A Canary with a field that keeps unknown content, with that many levels in it.
fn nested(namespace: &str, levels: usize) -> Value {
    let mut canary = manifest(namespace);
    canary["metadata"]["name"] = "nested".into();
    canary["spec"]["targetRef"]["name"] = "nobody".into();
    let policy = (0..levels).fold(json!("deep"), |below, _| json!({"a": below}));
    canary["spec"]["service"]["trafficPolicy"] = policy;
    canary
}

/// The condition of an object.
async fn condition(stage: &Stage, object: &Value) -> String {
    let there = objects::read(&stage.client, object).await.unwrap();
    there["status"]["conditions"][0]["message"].as_str().unwrap_or_default().to_owned()
}

/// Sends a request about a Canary and reads the answer as text: the usual clients cannot parse this one, either.
async fn send(stage: &Stage, method: Method, name: &str, body: &Value) -> Option<String> {
    let path = format!("/apis/flagger.app/v1beta1/namespaces/{}/canaries{name}", stage.namespace);
    let media = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
    let request = http::Request::builder().method(method).uri(path).header("Content-Type", media);
    stage.client.request_text(request.body(body.to_string().into_bytes()).unwrap()).await.ok()
}

#[test]
fn cluster_an_unreadable_canary_stops_no_other_and_can_be_deleted() {
    on_stage("nested", async |stage| {
        let get = async || send(&stage, Method::GET, "/nested", &Value::Null).await;
        send(&stage, Method::POST, "", &nested(&stage.namespace, 130)).await.unwrap();
        // It exists when the controller starts, and changes while it runs.
        let release = Release::create(&stage).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        let words = "spec.service.trafficPolicy.a.a";
        objects::until(words, async || get().await.filter(|canary| canary.contains(words))).await;
        let events =
            objects::all(&stage.client, &reference(&stage.namespace, "v1", "Event", "")).await.unwrap();
        let told = |event: &Value| event["message"].as_str().is_some_and(|said| said.contains("64 levels"));
        assert!(events.iter().any(told), "{events:#?}");
        let change = json!({"metadata": {"annotations": {"changed": "meanwhile"}}});
        send(&stage, Method::PATCH, "/nested", &change).await.unwrap();
        is_rolled_back_on_time(&release).await;
        send(&stage, Method::DELETE, "/nested", &json!({})).await.unwrap();
        objects::until("it goes", async || get().await.is_none().then_some(())).await;
        assert!(controller.is_running());
    });
}

/// Answers every request with this; counts open connections, and the maximum.
async fn answering(answer: Option<&'static str>) -> (String, Arc<[AtomicUsize; 2]>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let counts: Arc<[AtomicUsize; 2]> = Arc::default();
    let counting = counts.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counts = counting.clone();
            tokio::spawn(async move {
                let open = counts[0].fetch_add(1, Ordering::Relaxed) + 1;
                counts[1].fetch_max(open, Ordering::Relaxed);
                serve(stream, answer).await;
                counts[0].fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    (url, counts)
}

async fn serve(mut stream: TcpStream, answer: Option<&str>) {
    let mut part = [0; 4096];
    while let Ok(read) = stream.read(&mut part).await {
        if read == 0 {
            return;
        }
        if let Some(answer) = answer
            && stream.write_all(answer.as_bytes()).await.is_err()
        {
            return;
        }
    }
}

#[test]
fn cluster_a_receiver_that_asks_for_patience_delays_no_rollback() {
    on_stage("patience", async |stage| {
        const WAIT: &str =
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 300\r\nContent-Length: 0\r\n\r\n";
        let (url, counts) = answering(Some(WAIT)).await;
        let release = Release::create(&stage).await;
        let mut hooks = release.canary().await["spec"]["analysis"]["webhooks"].as_array().unwrap().clone();
        hooks.push(json!({"name": "events", "type": "event", "url": url, "retries": 5}));
        release.change(&json!({"spec": {"analysis": {"webhooks": hooks}}})).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        is_rolled_back_on_time(&release).await;
        // Kubernetes Events do not wait for it, either.
        release.until_event("Rolling back").await;
        assert!(counts[1].load(Ordering::Relaxed) > 0, "it got the alert");
        assert!(controller.is_running());
    });
}

#[test]
fn cluster_a_canary_with_many_queries_takes_few_connections() {
    on_stage("greedy", async |stage| {
        let (url, counts) = answering(None).await;
        let release = Release::create(&stage).await;
        let mut greedy = manifest(&stage.namespace);
        greedy["metadata"]["name"] = "greedy".into();
        greedy["spec"]["targetRef"]["name"] = "greedy".into();
        greedy["spec"]["metricsServer"] = url.into();
        let metric =
            |index: usize| json!({"name": format!("m{index}"), "query": "up", "thresholdRange": {"min": 1}});
        let metrics: Vec<Value> = (0..600).map(metric).collect();
        greedy["spec"]["analysis"] = json!({"interval": "10s", "iterations": 1, "metrics": metrics});
        objects::create(&stage.client, &deployment(&stage.namespace, "greedy")).await.unwrap();
        objects::create(&stage.client, &greedy).await.unwrap();
        let mut controller = Controller::start(&stage, &[]);
        release.until_phase("Initialized").await;
        is_rolled_back_on_time(&release).await;
        let words = "spec.analysis.metrics: has 600 items: the first 64 are asked";
        objects::until(words, async || condition(&stage, &greedy).await.contains(words).then_some(())).await;
        let most = counts[1].load(Ordering::Relaxed);
        // Eight at once, and earlier ones that are being closed.
        assert!((1..=16).contains(&most), "{most} connections");
        assert!(controller.is_running());
    });
}

#[test]
fn cluster_metadata_servers_with_credentials_are_not_called() {
    on_stage("reach", async |stage| {
        let api_server = stage.plane.address();
        let release = Release::create(&stage).await;
        release.change(&json!({"spec": {"metricsServer": api_server}})).await;
        let mut controller = Controller::start(&stage, &[]);
        release.until_event("is the API server, which is not called").await;
        release.change(&json!({"spec": {"metricsServer": "http://169.254.169.254"}})).await;
        release.until_event("169.254.169.254 is a link-local address, which is not called").await;
        assert!(controller.is_running());
    });
}
