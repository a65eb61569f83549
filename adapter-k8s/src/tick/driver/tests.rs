//! A driver with an API server that has one Canary and obeys.

use std::sync::{
    Mutex, OnceLock,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    Router, body::Bytes, http::Method, http::StatusCode, http::Uri, http::header::CONTENT_TYPE,
    response::IntoResponse,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

use super::*;
use crate::{cluster::schema::Kept, kinds::CANARY, run::telemetry::Format};

/// A timeout that is longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// The server's reaction to a write.
#[derive(Clone, Copy)]
enum Does {
    Obeys,
    /// Obeys under Flagger's CRDs, which drop unknown fields.
    Drops,
    Fails,
    /// Never answers.
    Hangs,
}

/// Serves one invalid Canary, for which the driver saves and sends a notice at once. `does` decides about each write,
/// with its method and path. Returns the address.
async fn serve(does: impl Fn(&Method, &str) -> Does + Clone + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let canary = Arc::new(Mutex::new(canary()));
    let router = Router::new().fallback(async move |method: Method, uri: Uri, body: Bytes| {
        if uri.query().is_some_and(|query| query.contains("watch=true")) {
            return std::future::pending().await;
        }
        let path = uri.path();
        if method == Method::GET {
            let canary = canary.lock().unwrap().clone();
            let items = if path.ends_with("/canaries") { vec![canary.clone()] } else { Vec::new() };
            let list = json!({"metadata": {"resourceVersion": "1"}, "items": items});
            return written(if path.ends_with("/web") { &canary } else { &list });
        }
        match does(&method, path) {
            how @ (Does::Obeys | Does::Drops) => {
                let body: Value = serde_json::from_slice(&body).unwrap();
                if !path.ends_with("/status") {
                    return written(&body);
                }
                let mut canary = canary.lock().unwrap();
                canary["status"] = body[2]["value"].clone();
                if matches!(how, Does::Drops) {
                    canary["status"].as_object_mut().unwrap().remove("serin");
                }
                let version: u64 = canary["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
                canary["metadata"]["resourceVersion"] = (version + 1).to_string().into();
                written(&canary)
            }
            Does::Fails => (StatusCode::INTERNAL_SERVER_ERROR, "{}").into_response(),
            Does::Hangs => std::future::pending().await,
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn written(object: &Value) -> axum::response::Response {
    ([(CONTENT_TYPE, "application/json")], object.to_string()).into_response()
}

fn canary() -> Value {
    json!({
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": "web", "namespace": "shop", "uid": "1", "resourceVersion": "1", "generation": 1,
            "finalizers": ["finalizer.flagger.app"]},
        "spec": {
            "provider": "none",
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "service": {"port": 80},
            "analysis": {"interval": "1m", "threshold": 1, "iterations": 1},
        },
    })
}

/// Drives the Canary; the sender stops it.
fn driven(context: &Arc<Context>) -> (watch::Sender<bool>, tokio::task::JoinHandle<()>) {
    let (stop, stopped) = watch::channel(false);
    let driver = drive(context.clone(), Key::new(CANARY, "shop", "web"), "1".into(), stopped);
    (stop, tokio::spawn(driver))
}

#[tokio::test]
async fn a_driver_stops_while_the_status_cannot_be_saved() {
    let (writes, mut seen) = mpsc::unbounded_channel();
    let url = serve(move |_, path| {
        writes.send(path.to_owned()).ok();
        Does::Fails
    });
    let (stop, driver) = driven(&Context::at(&url.await));
    let tried = timeout(LONG, seen.recv()).await.expect("it saves").unwrap();
    assert!(tried.ends_with("/canaries/web/status"), "{tried}");
    stop.send(true).unwrap();
    timeout(LONG, driver).await.expect("it stops").unwrap();
}

#[tokio::test]
async fn a_driver_stops_while_a_notice_cannot_be_sent() {
    let (writes, mut seen) = mpsc::unbounded_channel();
    let url = serve(move |method, path| {
        if method != Method::POST {
            return Does::Obeys;
        }
        writes.send(path.to_owned()).ok();
        Does::Hangs
    });
    let (stop, driver) = driven(&Context::at(&url.await));
    let tried = timeout(LONG, seen.recv()).await.expect("it sends").unwrap();
    assert!(tried.ends_with("/namespaces/shop/events"), "{tried}");
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    stop.send(true).unwrap();
    timeout(LONG, driver).await.expect("it stops").unwrap();
    assert!(begun.elapsed() < LAST_WORDS * 2, "it does not wait for an answer: {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_failed_save_is_not_counted() {
    let (writes, mut seen) = mpsc::unbounded_channel();
    let context = Arc::new(OnceLock::<Arc<Context>>::new());
    let (shared, tries) = (context.clone(), Arc::new(AtomicU32::new(0)));
    let url = serve(move |method, _| {
        let is_shown =
            shared.get().is_some_and(|it| it.telemetry.text(Format::Text).contains("\nserin_canary_phase{"));
        writes.send((method.clone(), is_shown)).ok();
        if tries.fetch_add(1, Ordering::Relaxed) == 0 { Does::Fails } else { Does::Obeys }
    })
    .await;
    let context = context.get_or_init(|| Context::at(&url));
    let (_stop, _driver) = driven(context);
    let mut next = async || timeout(LONG, seen.recv()).await.expect("it continues").unwrap();
    assert_eq!(
        [next().await, next().await, next().await],
        [(Method::PATCH, false), (Method::PATCH, false), (Method::POST, true)],
        "fails, saves, tells"
    );
}

#[tokio::test]
async fn a_save_that_was_not_kept_is_the_last_write() {
    let (writes, mut seen) = mpsc::unbounded_channel();
    let url = serve(move |_, path| {
        writes.send(path.to_owned()).ok();
        Does::Drops
    });
    let context = Context::at(&url.await);
    let mut kept = context.cluster.schema.follow();
    let (stop, driver) = driven(&context);
    timeout(LONG, kept.wait_for(|kept| matches!(kept, Kept::Cut(_)))).await.expect("it is noticed").unwrap();
    stop.send(true).unwrap();
    timeout(LONG, driver).await.expect("it stops").unwrap();
    let mut written = Vec::new();
    while let Ok(path) = seen.try_recv() {
        written.push(path);
    }
    assert_eq!(written, ["/apis/flagger.app/v1beta1/namespaces/shop/canaries/web/status"]);
}
