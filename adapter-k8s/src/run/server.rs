//! The endpoints for probes and Prometheus: `/metrics`, `/healthz`, `/readyz`.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Router,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
    },
    response::IntoResponse,
    routing::get,
};
use serin_core::revision::Text;
use tokio::{net::TcpListener, sync::watch};

use crate::{
    run::{
        connections::{Bounded, Bounds},
        telemetry::Format,
    },
    tick::context::Context,
};

/// Whether the controller can do its work.
#[derive(Debug)]
pub struct Readiness(Mutex<Result<(), Text>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Mutex::new(Err("it starts".into())))
    }
}

impl Readiness {
    /// It can, or it cannot, with the reason.
    pub fn set(&self, ready: Result<(), Text>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ready;
    }

    fn now(&self) -> Result<(), Text> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
    axum::serve(Bounded::new(listener, Bounds::default()), router).with_graceful_shutdown(stopped).await
}

async fn metrics(State(shared): State<Shared>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let format = Format::accepted(accept);
    let Context { cluster, telemetry, .. } = &*shared.context;
    telemetry.watches(cluster.watched());
    telemetry.unreadable(&cluster.unreadable());
    ([(CONTENT_TYPE, format.media_type())], telemetry.text(format))
}

async fn ready(State(shared): State<Shared>) -> impl IntoResponse {
    match shared.readiness.now() {
        Ok(()) => (StatusCode::OK, "OK\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
    }
}
