//! Sends the requests of a line of hey.

use std::{fs, time::Duration};

use reqwest::{
    Client, Method, Request,
    header::{ACCEPT_ENCODING, HOST, HeaderName, HeaderValue},
    redirect::Policy,
};
use serin_hey::{Body, End, Hey};
use serin_k8s::{clock, http::cause};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

use super::{
    GeneratorError,
    count::{Answer, Count},
};

/// Workers of one line: each holds a connection, and a machine has ports for no more.
const MOST_WORKERS: u32 = 20_000;

/// Requests that are ready to be sent.
pub(super) struct Requests {
    client: Client,
    request: Request,
    workers: u32,
    /// All of them; unlimited if it is left out.
    count: Option<u32>,
    rate: Option<f64>,
}

impl Requests {
    pub(super) fn new(hey: &Hey) -> Result<Self, GeneratorError> {
        if hey.is_http2 {
            return Err(GeneratorError::Unsupported("-h2"));
        }
        if hey.prints_requests {
            return Err(GeneratorError::Unsupported("-o csv"));
        }
        if hey.workers > MOST_WORKERS {
            return Err(GeneratorError::Unsupported("-c above 20000"));
        }
        let client = client(hey).map_err(|error| GeneratorError::Request(cause(error)))?;
        let request = request(&client, hey).map_err(GeneratorError::Request)?;
        let count = match hey.end {
            End::Requests(count) => Some(count),
            End::After(_) => None,
        };
        Ok(Self { client, request, workers: hey.workers, count, rate: hey.rate })
    }

    /// Sends all of them, or until a stop; those under way are waited for.
    pub(super) async fn send(self, stop: watch::Receiver<bool>) -> Count {
        let start = clock::monotonic();
        let mut workers = JoinSet::new();
        for number in 0..self.workers {
            let worker = Worker {
                client: self.client.clone(),
                request: self.request.try_clone(),
                // The first ones send what does not divide evenly.
                left: self.count.map(|count| count / self.workers + u32::from(number < count % self.workers)),
                ticks: self.rate.map(ticks),
                stop: stop.clone(),
                count: Count::of_one(self.workers),
            };
            workers.spawn(worker.work());
        }
        let mut count = Count::default();
        while let Some(counted) = workers.join_next().await {
            // Workers are not aborted and do not panic.
            count.merge(counted.unwrap_or_default());
        }
        count.total = start.elapsed();
        count
    }
}

/// Sends one request after the other.
struct Worker {
    client: Client,
    /// There is one: the body of a request is in memory, so that it can be cloned.
    request: Option<Request>,
    left: Option<u32>,
    ticks: Option<Interval>,
    stop: watch::Receiver<bool>,
    count: Count,
}

impl Worker {
    async fn work(mut self) -> Count {
        while self.left != Some(0) && self.is_due().await {
            let Some(request) = self.request.as_ref().and_then(Request::try_clone) else { break };
            self.count.add(answer(&self.client, request).await);
            self.left = self.left.map(|left| left - 1);
        }
        self.count
    }

    /// Waits for the next request's time; false if there is a stop before.
    async fn is_due(&mut self) -> bool {
        if *self.stop.borrow() {
            return false;
        }
        let Some(ticks) = &mut self.ticks else { return true };
        tokio::select! {
            _ = ticks.tick() => true,
            _ = self.stop.wait_for(|stop| *stop) => false,
        }
    }
}

/// As hey's ticks: the first after a period, and none is made up for.
fn ticks(rate: f64) -> Interval {
    let period = Duration::from_secs_f64((1.0 / rate).clamp(1e-6, 1e9));
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

async fn answer(client: &Client, request: Request) -> Result<Answer, String> {
    let start = clock::monotonic();
    let mut response = client.execute(request).await.map_err(cause)?;
    let wait = start.elapsed();
    let status = response.status().as_u16();
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await.map_err(cause)? {
        bytes += chunk.len() as u64;
    }
    Ok(Answer { status, wait, read: start.elapsed() - wait, bytes })
}

fn client(hey: &Hey) -> Result<Client, reqwest::Error> {
    // A second call finds one installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let redirects = if hey.follows_redirects { Policy::limited(10) } else { Policy::none() };
    let mut client = Client::builder()
        .redirect(redirects)
        .no_proxy()
        // A load test sends no secrets that a certificate would protect: hey does not verify them, either.
        .tls_danger_accept_invalid_certs(true)
        .pool_max_idle_per_host(if hey.keeps_connections { usize::MAX } else { 0 });
    if let Some(timeout) = hey.timeout {
        client = client.timeout(timeout);
    }
    if let Some(proxy) = &hey.proxy {
        client = client.proxy(reqwest::Proxy::all(proxy)?);
    }
    client.build()
}

fn request(client: &Client, hey: &Hey) -> Result<Request, String> {
    let method = Method::from_bytes(hey.method.as_bytes()).map_err(|_| format!("-m {}", hey.method))?;
    let body = match &hey.body {
        Body::Text(text) => text.clone().into_bytes(),
        Body::File(path) => fs::read(path).map_err(|error| format!("-D {path}: {error}"))?,
    };
    let mut request = client.request(method, &hey.url);
    if hey.accepts_compression {
        request = request.header(ACCEPT_ENCODING, "gzip");
    }
    for (name, value) in &hey.headers {
        let invalid = || format!("-H {name}: not a valid header");
        let parsed = HeaderName::try_from(name).map_err(|_| invalid())?;
        // A header of the line takes the place of ours.
        let value = HeaderValue::from_str(value).map_err(|_| invalid())?;
        let headers = std::iter::once((parsed, value)).collect();
        request = request.headers(headers);
    }
    if let Some(host) = &hey.host {
        request = request.header(HOST, host);
    }
    if let Some((user, password)) = &hey.credentials {
        request = request.basic_auth(user, Some(password));
    }
    if !body.is_empty() {
        request = request.body(body);
    }
    request.build().map_err(cause)
}
