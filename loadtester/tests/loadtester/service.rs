//! A service that is put under load: it counts requests, and the path says how it answers.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use reqwest::header::{HOST, HeaderMap};
use tokio::net::TcpListener;

/// A service that listens.
pub(crate) struct Service {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

/// What it has seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) requests: usize,
    pub(crate) connections: usize,
    pub(crate) last: Option<Last>,
}

/// The last request.
#[derive(Clone, Debug)]
pub(crate) struct Last {
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Last {
    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The `Host` header.
    pub(crate) fn host(&self) -> &str {
        self.header(HOST.as_str())
    }
}

impl Service {
    /// Starts one. `/status/503` is answered with that status, `/to/x` redirects to `/x`, anything else is `hello`.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Seen>>::default();
        let all = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                all.lock().unwrap().connections += 1;
                let all = all.clone();
                let answer = service_fn(move |request| answer(all.clone(), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
            }
        });
        Self { address, seen }
    }

    /// A URL of it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it has seen so far.
    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(
    seen: Arc<Mutex<Seen>>,
    request: Request<Incoming>,
) -> Result<Response<Full<&'static [u8]>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let path = head.uri.path().to_owned();
    {
        let mut seen = seen.lock().unwrap();
        seen.requests += 1;
        let line = format!("{} {}", head.method, head.uri);
        let body = String::from_utf8_lossy(&body).into_owned();
        seen.last = Some(Last { line, headers: head.headers, body });
    }
    let answer = Response::builder();
    let answer = match (path.strip_prefix("/status/"), path.strip_prefix("/to/")) {
        (Some(status), _) => answer.status(status.parse::<u16>().unwrap()),
        (_, Some(to)) => answer.status(302).header("Location", format!("/{to}")),
        (None, None) => answer,
    };
    Ok(answer.body(Full::new(&b"hello"[..])).unwrap())
}
