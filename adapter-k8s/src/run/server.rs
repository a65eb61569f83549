//! What probes and Prometheus ask: `/metrics`, `/healthz`, `/readyz`.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use tokio::{net::TcpListener, sync::watch};

use crate::{run::connections::Bounded, tick::context::Context};

/// Whether the controller can do its work.
#[derive(Debug, Default)]
pub struct Readiness(AtomicBool);

impl Readiness {
    /// It can, or it cannot.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Relaxed);
    }
}

#[derive(Clone)]
struct Shared {
    context: Arc<Context>,
    readiness: Arc<Readiness>,
}

/// Answers until a stop.
pub async fn serve(
    listener: TcpListener,
    context: Arc<Context>,
    readiness: Arc<Readiness>,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "OK\n" }))
        .route("/readyz", get(ready))
        .with_state(Shared { context, readiness });
    let stopped = async move {
        stop.wait_for(|stop| *stop).await.ok();
    };
    axum::serve(Bounded::new(listener), router).with_graceful_shutdown(stopped).await
}

async fn metrics(State(shared): State<Shared>) -> impl IntoResponse {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, OPEN_METRICS)], shared.context.telemetry.text(&shared.context.cluster.unreadable()))
}

async fn ready(State(shared): State<Shared>) -> impl IntoResponse {
    if shared.readiness.0.load(Ordering::Relaxed) {
        (StatusCode::OK, "OK\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready: see the log\n")
    }
}
