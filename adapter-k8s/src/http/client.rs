//! The client.

use std::{
    collections::BTreeMap,
    error::Error as _,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Certificate, Client, ClientBuilder, Method, Proxy, Response, header::HeaderMap, redirect};
use tokio::time::{Instant, timeout_at};

use super::{HttpError, MOST_READ, Reply, Request};

/// Sends requests. One for the whole process: it keeps connections open.
#[derive(Default)]
pub struct Http {
    /// Trusted besides the system's.
    roots: Vec<Certificate>,
    clients: Mutex<Clients>,
}

/// Clients by what they are for, and when each was last used.
#[derive(Default)]
struct Clients {
    of: BTreeMap<Way, (u64, Client)>,
    uses: u64,
}

/// What needs a client of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    insecure: bool,
    proxy: Option<String>,
}

/// Proxies are named in AlertProviders: beyond so many the client goes that was not used for longest.
const MOST_CLIENTS: usize = 16;
const MOST_REDIRECTS: usize = 10;

impl Http {
    /// A client that trusts what the system trusts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A client that trusts these certificates as well.
    #[must_use]
    pub fn trusting(roots: Vec<Certificate>) -> Self {
        Self { roots, ..Self::default() }
    }

    /// Sends a request and waits for the answer, for as long as it says.
    ///
    /// A body that is not whole in time, or longer than wanted, is answered as far as it came.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn send(&self, request: &Request) -> Result<Reply, HttpError> {
        let fails = |why: String, is_temporary| HttpError { place: request.place(), why, is_temporary };
        let client = self.client(request).map_err(|error| fails(cause(error), false))?;
        let deadline = Instant::now() + request.timeout;
        let sending = prepared(&client, request).map_err(|why| fails(why, false))?.send();
        match timeout_at(deadline, sending).await {
            Err(_) => Err(fails(format!("no answer within {:?}", request.timeout), true)),
            Ok(Err(error)) => {
                let is_temporary = (error.is_connect() || error.is_request()) && !is_refused_by_us(&error);
                Err(fails(cause(error), is_temporary))
            }
            Ok(Ok(response)) => Ok(read(response, request, deadline).await),
        }
    }

    fn client(&self, request: &Request) -> Result<Client, reqwest::Error> {
        let way = Way {
            insecure: request.insecure,
            proxy: request.proxy.as_ref().map(|proxy| proxy.reveal().into()),
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.used(&way) {
            return Ok(client);
        }
        let client = self.built(&way)?;
        clients.keep(way, client.clone());
        Ok(client)
    }

    fn built(&self, way: &Way) -> Result<Client, reqwest::Error> {
        // Who comes second finds one installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let proxy = way.proxy.as_deref().map(Proxy::all).transpose()?;
        let builder = || -> ClientBuilder {
            let builder = Client::builder()
                .user_agent(concat!("serin/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::custom(follow))
                .tls_danger_accept_invalid_certs(way.insecure);
            match proxy.clone() {
                Some(proxy) => builder.proxy(proxy),
                None => builder,
            }
        };
        let built = builder().tls_certs_merge(self.roots.clone()).build();
        // A system that trusts nobody: plain HTTP still works, and TLS says whom it does not trust.
        built.or_else(|_| builder().tls_certs_only(self.roots.clone()).build())
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
        // A proxy's address may hold a password.
        f.write_str("Http")
    }
}

/// Follows a redirect as Go does, but never from TLS to plain text.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let from = attempt.previous().last().map_or("", |url| url.scheme());
    let to = attempt.url().scheme();
    let is_safe = from == to || (from, to) == ("http", "https");
    if is_safe && attempt.previous().len() <= MOST_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

fn prepared(client: &Client, request: &Request) -> Result<reqwest::RequestBuilder, String> {
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| format!("`{}` is no HTTP method", request.method))?;
    let url = reqwest::Url::parse(&request.url).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("the address must begin with http:// or https://".into());
    }
    let mut builder = client.request(method, url).body(request.body.clone());
    for (name, value) in &request.headers {
        builder = builder.header(name, value.reveal());
    }
    Ok(builder)
}

async fn read(mut response: Response, request: &Request, deadline: Instant) -> Reply {
    let most = request.most.min(MOST_READ);
    let mut reply = Reply {
        status: response.status().as_u16(),
        retry_after: retry_after(response.headers()),
        body: Vec::new(),
        cut: None,
    };
    while reply.cut.is_none() {
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
            Err(_) => reply.cut = Some(format!("the answer did not end within {:?}", request.timeout)),
        }
    }
    // Dropping the response closes a connection that still has more to say.
    reply
}

/// Seconds, or a date: the time from the answer's own date to it, so that no clock is asked.
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

/// Whether TLS does not trust the other side, or the request makes no sense: no try goes better.
fn is_refused_by_us(error: &reqwest::Error) -> bool {
    if error.is_builder() {
        return true;
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        cause = match error.downcast_ref::<std::io::Error>() {
            // Its `source` would be that of the error it wraps.
            Some(error) => error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    false
}

/// The innermost reason, without the address.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    super::one_line(&innermost.to_string(), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_that_was_not_used_for_longest_goes() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut clients = Clients::default();
        let way = |place: usize| Way { insecure: false, proxy: Some(format!("http://{place:03}")) };
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
