//! The client.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{
    Certificate, Client, ClientBuilder, Method, Proxy, Response, Url, header::HeaderMap, redirect,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};

use super::{
    HttpError, MOST_READ, Reply, Request,
    errors::{cause, is_refused_by_us},
    hop::Hop,
    reach::{Guard, Reach, Resolver},
    turns::{Sender, Turns},
};

/// Sends requests. All clones share connections and limits.
#[derive(Clone, Default)]
pub struct Http {
    shared: Arc<Shared>,
    /// The sender.
    sender: Sender,
}

struct Shared {
    /// Certificates that are trusted in addition to the system's.
    roots: Vec<Certificate>,
    reach: Arc<Reach>,
    clients: Mutex<Clients>,
    turns: Arc<Turns>,
    /// Space for long answers, in KiB.
    room: Semaphore,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            reach: Arc::default(),
            clients: Mutex::default(),
            turns: Arc::default(),
            room: Semaphore::new(ROOM_KIB),
        }
    }
}

/// Clients by purpose, and when each was last used.
#[derive(Default)]
struct Clients {
    of: BTreeMap<Way, (u64, Client)>,
    uses: u64,
}

/// The settings that need a separate client.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    insecure: bool,
    proxy: Option<String>,
    guard: Guard,
}

/// AlertProviders name proxies. If there are more clients than this, the one that was not used for the longest time is
/// dropped.
const MOST_CLIENTS: usize = 16;
const MOST_REDIRECTS: usize = 10;
/// How long to wait for a turn.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How many idle connections to one host are kept, and for how long.
const MOST_IDLE: usize = 4;
const IDLE: Duration = Duration::from_secs(20);
/// The space for all answers that are longer than [`SHORT`] together.
const ROOM_KIB: usize = 32 * 1024;
/// How much of an answer is read without reserving space.
const SHORT: usize = 16 * 1024;

impl Http {
    /// A client that trusts the system's certificates.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A client that also trusts these certificates.
    #[must_use]
    pub fn trusting(roots: Vec<Certificate>) -> Self {
        Self { shared: Arc::new(Shared { roots, ..Shared::default() }), ..Self::default() }
    }

    /// A client that calls only addresses within this reach.
    #[must_use]
    pub fn within(reach: Reach) -> Self {
        Self { shared: Arc::new(Shared { reach: Arc::new(reach), ..Shared::default() }), ..Self::default() }
    }

    /// The same client, for the requests of one Canary.
    #[must_use]
    pub fn sent_by(&self, sender: Sender) -> Self {
        Self { shared: self.shared.clone(), sender }
    }

    /// Sends a request and waits for the answer, up to its timeout.
    ///
    /// If the body is incomplete at the timeout, or longer than wanted, its first part is returned.
    ///
    /// # Errors
    /// There was no answer, or the request may not be sent.
    pub async fn send(&self, request: &Request) -> Result<Reply, HttpError> {
        let fails = |why: String, is_temporary| HttpError { place: request.place(), why, is_temporary };
        let turn = timeout(LONGEST_WAIT, self.shared.turns.take(&self.sender)).await;
        let late = || fails(format!("too many requests were under way for {LONGEST_WAIT:?}"), true);
        let _turn = turn.map_err(|_| late())?;
        let deadline = Instant::now() + request.timeout;
        let mut hop = Hop::first(request).map_err(|why| fails(why, false))?;
        for _ in 0..=MOST_REDIRECTS {
            let response = self.sent(request, &hop, deadline).await?;
            match hop.after(&response, request).map_err(|why| fails(why, false))? {
                Some(next) => hop = next,
                None => return Ok(self.read(response, request, deadline).await),
            }
        }
        Err(fails(format!("more than {MOST_REDIRECTS} redirects"), false))
    }

    /// Sends one request, without following a redirect.
    async fn sent(&self, request: &Request, hop: &Hop, deadline: Instant) -> Result<Response, HttpError> {
        let fails = |why: String, is_temporary| HttpError { place: request.place(), why, is_temporary };
        let client = self.client(request, &hop.url).await.map_err(|why| fails(why, false))?;
        let sending = prepared(&client, hop).map_err(|why| fails(why, false))?.send();
        match timeout_at(deadline, sending).await {
            Err(_) => Err(fails(format!("no answer within {:?}", request.timeout), true)),
            Ok(Err(error)) => {
                let is_temporary = (error.is_connect() || error.is_request()) && !is_refused_by_us(&error);
                Err(fails(cause(error), is_temporary))
            }
            Ok(Ok(response)) => Ok(response),
        }
    }

    async fn client(&self, request: &Request, url: &Url) -> Result<Client, String> {
        let reach = &self.shared.reach;
        let proxy = request.proxy.as_ref().map(|proxy| proxy.reveal().to_owned());
        let mut guard = reach.guard(url).await.map_err(|refused| refused.to_string())?;
        if let Some(proxy) = proxy.as_ref().and_then(|proxy| Url::parse(proxy).ok()) {
            // The proxy resolves the name, so that only an address in the URL itself can be checked.
            guard = reach.guard(&proxy).await.map_err(|refused| format!("its proxy: {refused}"))?;
        }
        let way = Way { insecure: request.insecure, proxy, guard };
        let mut clients = self.shared.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.used(&way) {
            return Ok(client);
        }
        let client = self.built(&way).map_err(cause)?;
        clients.keep(way, client.clone());
        Ok(client)
    }

    fn built(&self, way: &Way) -> Result<Client, reqwest::Error> {
        // If another thread was faster, its provider is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let proxy = way.proxy.as_deref().map(Proxy::all).transpose()?;
        let roots = &self.shared.roots;
        let builder = || -> ClientBuilder {
            let builder = Client::builder()
                .user_agent(concat!("serin/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::none())
                .pool_max_idle_per_host(MOST_IDLE)
                .pool_idle_timeout(IDLE)
                .dns_resolver(Arc::new(Resolver { reach: self.shared.reach.clone(), guard: way.guard }))
                .tls_danger_accept_invalid_certs(way.insecure);
            match proxy.clone() {
                Some(proxy) => builder.proxy(proxy),
                None => builder,
            }
        };
        let built = builder().tls_certs_merge(roots.clone()).build();
        // If the system has no trusted certificates, plain HTTP still works, and TLS errors name the certificate.
        built.or_else(|_| builder().tls_certs_only(roots.clone()).build())
    }

    async fn read(&self, mut response: Response, request: &Request, deadline: Instant) -> Reply {
        let most = request.most.min(MOST_READ);
        let mut reply = Reply {
            status: response.status().as_u16(),
            retry_after: retry_after(response.headers()),
            body: Vec::new(),
            cut: None,
        };
        let late = || Some(format!("the answer did not end within {:?}", request.timeout));
        let mut room = None;
        while reply.cut.is_none() {
            if reply.body.len() > SHORT && room.is_none() {
                let wanted = self.shared.room.acquire_many((most / 1024) as u32);
                match timeout_at(deadline, wanted).await {
                    Ok(taken) => room = Some(taken),
                    Err(_) => reply.cut = late(),
                }
                continue;
            }
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(None)) => break,
                Ok(Ok(Some(chunk))) => {
                    let room = most - reply.body.len();
                    if chunk.len() > room {
                        reply.cut = Some(format!("the answer is longer than {most} bytes"));
                    }
                    reply.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                }
                Ok(Err(error)) => reply.cut = Some(cause(error)),
                Err(_) => reply.cut = late(),
            }
        }
        // Dropping the response closes a connection that would send more.
        reply
    }
}

impl Clients {
    fn used(&mut self, way: &Way) -> Option<Client> {
        self.uses += 1;
        let (last, client) = self.of.get_mut(way)?;
        *last = self.uses;
        Some(client.clone())
    }

    fn keep(&mut self, way: Way, client: Client) {
        if self.of.len() >= MOST_CLIENTS {
            let least = self.of.iter().min_by_key(|(_, (last, _))| *last).map(|(way, _)| way.clone());
            self.of.remove(&least.unwrap_or_else(|| way.clone()));
        }
        self.of.insert(way, (self.uses, client));
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's address can contain a password.
        f.write_str("Http")
    }
}

fn prepared(client: &Client, hop: &Hop) -> Result<reqwest::RequestBuilder, String> {
    let method = Method::from_bytes(hop.method.as_bytes())
        .map_err(|_| format!("`{}` is not an HTTP method", hop.method))?;
    let mut builder = client.request(method, hop.url.clone()).body(hop.body.clone());
    for (name, value) in &hop.headers {
        builder = builder.header(name, value.reveal());
    }
    Ok(builder)
}

/// Seconds, or a date: the time from the answer's own date to it, so that no clock is read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let after = text("retry-after")?;
    if let Ok(seconds) = after.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let seconds = date(after)?.as_second() - date(text("date")?)?.as_second();
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_client_is_dropped() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut clients = Clients::default();
        let way = |place: usize| Way {
            insecure: false,
            proxy: Some(format!("http://{place:03}")),
            guard: Guard::LinkLocal,
        };
        for place in 0..MOST_CLIENTS {
            assert!(clients.used(&way(place)).is_none());
            clients.keep(way(place), Client::new());
        }
        assert!(clients.used(&way(0)).is_some());
        assert!(clients.used(&way(99)).is_none());
        clients.keep(way(99), Client::new());
        let left: Vec<bool> =
            [0, 1, 2, MOST_CLIENTS - 1, 99].map(|it| clients.used(&way(it)).is_some()).into();
        assert_eq!(left, [true, false, true, true, true]);
    }
}
