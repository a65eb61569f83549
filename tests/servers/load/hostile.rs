//! A tenant who takes as much as possible, in a namespace next to the measured ones.

use std::{convert::Infallible, sync::LazyLock};

use futures::{StreamExt as _, stream};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use kube::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::objects;

const NAMESPACE: &str = "hostile";

/// Canaries without content, each as large as a Canary can be without counting as a large one.
const CANARIES: usize = 3_000;
const CANARY: usize = 12 * 1024;

/// ConfigMaps that one Deployment reads, each nearly as large as the server allows.
const CONFIG_MAPS: usize = 300;
const CONFIG_MAP: usize = 900 * 1000;

/// Canaries with many metrics, each with the largest answer that is read.
const GREEDY: usize = 20;
const METRICS: usize = 600;

/// How many objects are created at the same time.
const AT_ONCE: usize = 16;

/// An answer of nearly 1 MiB, with as many small values as fit into it.
static LARGE: LazyLock<Bytes> = LazyLock::new(|| {
    let mut answer = r#"{"status":"success","data":{"resultType":"vector","result":[[]"#.to_owned();
    answer.push_str(&",[]".repeat((1024 * 1024 - answer.len() - 16) / 3));
    answer.push_str("]}}");
    answer.into()
});

/// Creates all of it.
pub(crate) async fn create(client: &Client) {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    objects::create(client, &namespace).await.unwrap();
    let url = serve().await;
    let names: Vec<String> = (0..CONFIG_MAPS).map(|number| format!("settings{number:03}")).collect();
    let from: Vec<Value> = names.iter().map(|name| json!({"configMapRef": {"name": name}})).collect();
    let large = "x".repeat(CONFIG_MAP);
    let settings = |name: &String| {
        let mut object = named("v1", "ConfigMap", name);
        object["data"] = json!({"a": large});
        object
    };
    for_each(client, names.iter().map(settings)).await;
    let readers = (0..GREEDY).flat_map(|number| {
        let name = format!("greedy{number:02}");
        let from = if number == 0 { from.clone() } else { Vec::new() };
        [deployment(&name, &from), greedy(&name, &url)]
    });
    for_each(client, readers).await;
    for_each(client, (0..CANARIES).map(|number| of_nothing(&format!("nothing{number:04}")))).await;
}

/// Starts a release of the Canaries with many metrics.
pub(crate) async fn change(client: &Client) {
    let change = json!({"spec": {"template": {"metadata": {"annotations": {"revision": "2"}}}}});
    let changed = stream::iter(0..GREEDY).for_each_concurrent(AT_ONCE, async |number| {
        let deployment = named("apps/v1", "Deployment", &format!("greedy{number:02}"));
        objects::patch(client, &deployment, &change).await.unwrap();
    });
    changed.await;
}

async fn for_each(client: &Client, all: impl Iterator<Item = Value>) {
    let created = stream::iter(all).for_each_concurrent(AT_ONCE, async |object| {
        objects::create(client, &object).await.unwrap();
    });
    created.await;
}

async fn serve() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(async |_: Request<Incoming>| {
                Ok::<_, Infallible>(Response::new(Full::new(LARGE.clone())))
            });
            // The client may have closed the connection.
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    address
}

fn named(api_version: &str, kind: &str, name: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}})
}

fn deployment(name: &str, from: &[Value]) -> Value {
    let labels = json!({"app": name});
    let mut object = named("apps/v1", "Deployment", name);
    object["spec"] = json!({
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "app", "image": "app:1", "envFrom": from}]},
        },
    });
    object
}

fn greedy(name: &str, url: &str) -> Value {
    let metric = |number| json!({"name": format!("m{number}"), "query": "up", "thresholdRange": {"min": 1}});
    let metrics: Vec<Value> = (0..METRICS).map(metric).collect();
    let mut object = canary(name);
    object["spec"]["metricsServer"] = url.into();
    object["spec"]["analysis"] = json!({"interval": "10s", "iterations": 1, "metrics": metrics});
    object
}

fn of_nothing(name: &str) -> Value {
    let mut object = canary(name);
    object["metadata"]["annotations"] = json!({"large": "x".repeat(CANARY)});
    object["spec"]["analysis"] = json!({"interval": "10s", "iterations": 1});
    object
}

fn canary(name: &str) -> Value {
    let mut object = named("flagger.app/v1beta1", "Canary", name);
    object["spec"] = json!({
        "provider": "kubernetes",
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "service": {"port": 80},
    });
    object
}
