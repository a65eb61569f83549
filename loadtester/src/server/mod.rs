//! The API, by the paths and answers of Flagger's load tester, and the page.
//!
//! `/gate/…` and `/rollback/…` are gates, `/page` is [for people](page); every other path runs the task in the body.

mod page;
mod session;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, Request, State as Shared, connect_info::Connected},
    http::{
        HeaderMap, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get},
    serve::IncomingStream,
};
use serin_k8s::{
    clock,
    run::{connections::Bounded, telemetry::Format},
};

pub use self::session::{PageToken, PageTokenError};
use crate::{
    gate::{GateKind, GateName, Gates, State},
    hook::Hook,
    options::NamespaceRegexp,
    task::{
        Task,
        runner::{Finished, Runner, Started},
    },
    telemetry::Telemetry,
};

/// The longest body of a request, in bytes; an object of the cluster is no longer, either.
const MOST_BODY: usize = 1024 * 1024;

/// What requests are answered with.
pub struct Service {
    /// Runs the tasks.
    pub runner: Arc<Runner>,
    /// Keeps the gates.
    pub gates: Gates,
    /// Counts.
    pub telemetry: Arc<Telemetry>,
    /// Whose hooks are served.
    pub namespaces: NamespaceRegexp,
    /// For the page; without one there is none.
    pub page_token: Option<PageToken>,
}

/// The address that a request came from.
#[derive(Clone, Copy, Debug)]
pub struct Caller(SocketAddr);

impl Connected<IncomingStream<'_, Bounded>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A status and a text.
type Answer = (StatusCode, String);

/// Every path.
pub fn router(service: Arc<Service>) -> Router {
    let mut router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", any(|| async { "OK" }))
        .route("/gate/approve", any(|| async { "OK" }))
        .route("/gate/halt", any(|| async { forbidden() }));
    for kind in [GateKind::Gate, GateKind::Rollback] {
        let path = |verb: &str| format!("/{}/{verb}", kind.name());
        let changed_to =
            |state| any(move |service, caller, body| set_gate(service, caller, body, kind, state));
        router = router
            .route(&path("check"), any(move |service, body| check_gate(service, body, kind)))
            .route(&path("open"), changed_to(State::Open))
            .route(&path("close"), changed_to(State::Closed));
    }
    if service.page_token.is_some() {
        router = router.nest("/page", page::router());
    }
    router
        .fallback(run_task)
        .layer(from_fn_with_state(service.clone(), count_refusals))
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .with_state(service)
}

async fn metrics(Shared(service): Shared<Arc<Service>>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let format = Format::accepted(accept);
    ([(CONTENT_TYPE, format.media_type())], service.telemetry.text(format))
}

async fn check_gate(
    Shared(service): Shared<Arc<Service>>,
    body: Bytes,
    kind: GateKind,
) -> Result<Answer, Answer> {
    let (_, gate) = service.gate(&body, kind)?;
    let state = service.gates.check(&gate, clock::now()).await;
    service.telemetry.gate_checked(kind, state.as_ref().ok().copied());
    match state {
        Ok(State::Open) => Ok((StatusCode::OK, "Approved".into())),
        Ok(State::Closed) => Ok(forbidden()),
        Err(error) => Err(unavailable(&error)),
    }
}

async fn set_gate(
    Shared(service): Shared<Arc<Service>>,
    ConnectInfo(Caller(from)): ConnectInfo<Caller>,
    body: Bytes,
    kind: GateKind,
    state: State,
) -> Result<Answer, Answer> {
    let (hook, gate) = service.gate(&body, kind)?;
    let by = format!("a request from {}", from.ip().to_canonical());
    service.gates.set(&gate, state, &by, clock::now()).await.map_err(|error| unavailable(&error))?;
    tracing::info!(canary = hook.canary(), gate = kind.name(), state = state.name(), by, "gate set");
    Ok((StatusCode::ACCEPTED, String::new()))
}

async fn run_task(Shared(service): Shared<Arc<Service>>, body: Bytes) -> Result<Answer, Answer> {
    let hook = service.hook(&body)?;
    let task = Task::read(&hook.metadata).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    let is_waited_for = task.is_waited_for();
    let started = service.runner.start(&hook, task).map_err(|error| unavailable(&error))?;
    let pending = match started {
        Started::New(_) if !is_waited_for => return Ok((StatusCode::ACCEPTED, "started".into())),
        Started::Running(_) if !is_waited_for => return Ok((StatusCode::ACCEPTED, "runs already".into())),
        Started::New(pending) | Started::Running(pending) => pending,
    };
    let finished = pending.finished().await.ok_or_else(|| unavailable(&"the load tester stops"))?;
    let returns_output = hook.metadata.get("returnCmdOutput").is_some_and(|value| value == "true");
    Ok(result(&finished, returns_output))
}

/// The answer to a hook that waited for its task.
fn result(finished: &Finished, returns_output: bool) -> Answer {
    let Finished { task, ran, .. } = finished;
    if !ran.end.is_success() {
        let why = format!("command {} failed: {}: {}", task.command, ran.output, ran.end);
        return (StatusCode::INTERNAL_SERVER_ERROR, why);
    }
    (StatusCode::OK, if returns_output { ran.output.to_string() } else { String::new() })
}

/// Counts the requests that were refused, and says why in the log.
async fn count_refusals(Shared(service): Shared<Arc<Service>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let reason = match response.status() {
        StatusCode::BAD_REQUEST => "invalid",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        _ if response.extensions().get::<WrongToken>().is_some() => "page-token",
        _ => return response,
    };
    service.telemetry.refused(reason);
    tracing::warn!(path, status = response.status().as_u16(), "request refused");
    response
}

/// Marks the answer to a wrong token.
#[derive(Clone, Copy, Debug)]
struct WrongToken;

impl Service {
    /// The hook of a body, if its namespace is served.
    fn hook(&self, body: &[u8]) -> Result<Hook, Answer> {
        let hook = Hook::read(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
        if self.namespaces.is_match(&hook.namespace) {
            return Ok(hook);
        }
        self.telemetry.refused("namespace");
        Err(forbidden())
    }

    fn gate(&self, body: &[u8], kind: GateKind) -> Result<(Hook, GateName), Answer> {
        let hook = self.hook(body)?;
        let gate = GateName::of(kind, &hook).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
        Ok((hook, gate))
    }
}

fn forbidden() -> Answer {
    (StatusCode::FORBIDDEN, "Forbidden".into())
}

fn unavailable(why: &dyn std::fmt::Display) -> Answer {
    (StatusCode::SERVICE_UNAVAILABLE, why.to_string())
}
