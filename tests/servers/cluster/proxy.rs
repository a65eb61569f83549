//! A proxy between a controller and the API server: it records writes, holds back a write or its answer, and delays
//! watches.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{Stream, StreamExt as _, stream};
use http::{
    Method, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
    request::Parts,
};
use http_body_util::{BodyExt as _, BodyStream, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Bytes, Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use crate::{identity::User, stage::Stage};

/// A connection to the API server that lives as long as the runtime in which it was started.
#[derive(Clone)]
pub(crate) struct Proxy {
    client: Client,
    kubeconfig: PathBuf,
    state: Arc<Mutex<State>>,
    gate: watch::Sender<Gate>,
}

/// A write that was seen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Write {
    /// The verb that it needs.
    pub(crate) verb: &'static str,
    /// The plural of its kind, with the part that is written, such as `canaries/status`.
    pub(crate) kind: String,
    /// The object.
    pub(crate) name: String,
    /// The request body.
    pub(crate) sent: Value,
}

/// What is held back of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The API server does not get it.
    Request,
    /// The controller does not get the answer.
    Answer,
}

type Choice = Box<dyn FnMut(&Write) -> Option<Keep> + Send>;

struct State {
    written: Vec<Write>,
    keeps: Choice,
    delay: Option<(Duration, &'static [&'static str])>,
    hidden: Option<&'static str>,
}

/// Whether requests pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Gate {
    closed: bool,
    /// Requests of an earlier era end without an answer.
    era: u64,
}

impl Proxy {
    /// Lets everything pass, in the name of the controller's account.
    pub(crate) async fn start(stage: &Stage) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let kubeconfig = stage.plane.kubeconfig(User::Controller).with_file_name(&stage.namespace);
        fs::write(&kubeconfig, kubeconfig_of(&address).to_string()).unwrap();
        let state = State { written: Vec::new(), keeps: Box::new(|_| None), delay: None, hidden: None };
        let proxy = Self {
            client: stage.plane.client(User::Controller).await,
            kubeconfig,
            state: Arc::new(Mutex::new(state)),
            gate: watch::Sender::default(),
        };
        tokio::spawn(proxy.clone().accept(listener));
        proxy
    }

    /// The kubeconfig that leads here.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// From now on this function decides what is held back. Once something is, nothing passes any more.
    pub(crate) fn keep(&self, keeps: impl FnMut(&Write) -> Option<Keep> + Send + 'static) {
        self.lock().keeps = Box::new(keeps);
    }

    /// From now on watches of these kinds report everything with this delay.
    pub(crate) fn delay(&self, by: Duration, kinds: &'static [&'static str]) {
        self.lock().delay = Some((by, kinds));
    }

    /// From now on paths with this ending do not exist.
    pub(crate) fn hide(&self, end: &'static str) {
        self.lock().hidden = Some(end);
    }

    /// Waits until something is held back.
    pub(crate) async fn caught(&self) {
        self.gate.subscribe().wait_for(|gate| gate.closed).await.unwrap();
    }

    /// What was held back continues.
    pub(crate) fn open(&self) {
        self.gate.send_modify(|gate| gate.closed = false);
    }

    /// What was held back is dropped, and so is everything that waits.
    pub(crate) fn open_to_another(&self) {
        self.gate.send_modify(|gate| *gate = Gate { closed: false, era: gate.era + 1 });
    }

    /// All writes so far, including those that did not arrive.
    pub(crate) fn written(&self) -> Vec<Write> {
        self.lock().written.clone()
    }

    async fn accept(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            // Each controller opens its own connections.
            let era = self.gate.borrow().era;
            tokio::spawn(self.clone().serve(stream, era));
        }
    }

    async fn serve(self, stream: TcpStream, era: u64) {
        let answer = service_fn(|request| {
            let proxy = self.clone();
            async move { proxy.pass(request, era).await }
        });
        // Controllers are killed in the middle of a request.
        drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
    }

    async fn pass(&self, request: Request<Incoming>, era: u64) -> Result<Response<Answer>, Lost> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Lost)?.to_bytes();
        self.passes(era).await?;
        if self.lock().hidden.is_some_and(|end| head.uri.path().ends_with(end)) {
            return Ok(not_found());
        }
        let kept = Write::of(&head, &body).and_then(|write| self.note(write));
        if kept == Some(Keep::Request) {
            self.close();
            self.passes(era).await?;
        }
        let delay = self.delay_of(&head);
        let answer = self.client.send(forwarded(head, body)).await.map_err(|_| Lost)?;
        let (mut head, body) = answer.into_parts();
        head.headers.remove(CONTENT_LENGTH);
        head.headers.remove(TRANSFER_ENCODING);
        if kept == Some(Keep::Answer) {
            let all = body.collect().await.map_err(|_| Lost)?.to_bytes();
            self.close();
            self.passes(era).await?;
            return Ok(Response::from_parts(head, whole(all)));
        }
        let body = match delay {
            Some(by) => StreamBody::new(delayed(body, by)).boxed_unsync(),
            None => body.boxed_unsync(),
        };
        Ok(Response::from_parts(head, body))
    }

    /// Waits until requests of this era pass, if they ever do.
    async fn passes(&self, era: u64) -> Result<(), Lost> {
        let mut gate = self.gate.subscribe();
        let gate = gate.wait_for(|gate| !gate.closed || gate.era != era).await.map_err(|_| Lost)?;
        if gate.era == era { Ok(()) } else { Err(Lost) }
    }

    fn close(&self) {
        self.gate.send_modify(|gate| gate.closed = true);
    }

    fn note(&self, write: Write) -> Option<Keep> {
        let mut state = self.lock();
        let kept = (state.keeps)(&write);
        state.written.push(write);
        kept
    }

    fn delay_of(&self, head: &Parts) -> Option<Duration> {
        let (by, kinds) = self.lock().delay?;
        let watches =
            head.uri.query().is_some_and(|query| query.split('&').any(|it| it.starts_with("watch=")));
        let plural = head.uri.path().rsplit('/').next().unwrap_or_default();
        (watches && kinds.contains(&plural)).then_some(by)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Answer = UnsyncBoxBody<Bytes, kube::Error>;

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct Lost;

impl Write {
    /// `None`: nothing is written.
    fn of(head: &Parts, body: &[u8]) -> Option<Self> {
        let verb = match head.method {
            Method::POST => "create",
            Method::PATCH => "patch",
            Method::PUT => "update",
            Method::DELETE => "delete",
            _ => return None,
        };
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        // /apis/group/version/namespaces/namespace/plural/name/part
        let mut path = head.uri.path().split('/').skip_while(|part| *part != "namespaces").skip(2);
        let plural = path.next().unwrap_or_default();
        let name = path.next().or(sent["metadata"]["name"].as_str()).unwrap_or_default().to_owned();
        let kind = path.next().map_or(plural.to_owned(), |part| format!("{plural}/{part}"));
        Some(Self { verb, kind, name, sent })
    }

    /// The state that is saved.
    pub(crate) fn saves(&self) -> Option<&Value> {
        let parts = self.sent.as_array().filter(|_| self.kind == "canaries/status")?;
        parts.iter().find(|part| part["path"] == "/status").map(|part| &part["value"])
    }
}

/// The API server's answer if there is no such object.
fn not_found() -> Response<Answer> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "not found",
        "reason": "NotFound", "code": 404,
    });
    let mut answer = Response::new(whole(status.to_string().into()));
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

fn whole(body: Bytes) -> Answer {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

/// The same request to the API server itself.
fn forwarded(mut head: Parts, body: Bytes) -> Request<Body> {
    for name in [AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING] {
        head.headers.remove(name);
    }
    head.uri = head.uri.path_and_query().unwrap().as_str().parse().unwrap();
    Request::from_parts(head, Body::from(body))
}

/// Each part arrives with this delay, in the same order.
fn delayed(body: Body, by: Duration) -> impl Stream<Item = Result<Frame<Bytes>, kube::Error>> {
    let (told, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut parts = BodyStream::new(body);
        while let Some(part) = parts.next().await {
            if told.send((Instant::now() + by, part)).is_err() {
                break;
            }
        }
    });
    stream::unfold(heard, async |mut heard| {
        let (at, part) = heard.recv().await?;
        sleep_until(at).await;
        Some((part, heard))
    })
}

fn kubeconfig_of(address: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": address}}],
        "users": [{"name": "test", "user": {"token": "unused"}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    })
}
