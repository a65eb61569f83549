//! An exchange with a metric system, without I/O: what is needed next, and what each reply means.
//!
//! A system that is asked once is an [`Exchange::once`]. One that fetches a token first, polls or turns pages continues
//! with [`Next::Need`]; what it has to remember until the next reply is in its closure. Nothing here sends:
//! [`super::ask`] carries an exchange out.

use std::time::Duration;

use serin_core::revision::Text;

use crate::{
    cluster::ApiRequest,
    http::{Reply, Request},
};

/// How much of what a system says of an error is shown, in bytes.
pub(super) const MOST_SAID: usize = 300;

/// Something that has to be fetched before an exchange continues.
#[derive(Clone, Debug, PartialEq)]
pub enum Need {
    /// The reply to a request.
    Http(Request),
    /// The reply of the API server.
    Api(ApiRequest),
}

impl From<Request> for Need {
    fn from(request: Request) -> Self {
        Self::Http(request)
    }
}

impl From<ApiRequest> for Need {
    fn from(request: ApiRequest) -> Self {
        Self::Api(request)
    }
}

/// What a reply means.
type Then<T> = Box<dyn FnOnce(&Reply) -> Result<Next<T>, Text> + Send>;

/// An exchange that waits for what it needs, and ends with a `T`.
pub struct Exchange<T> {
    need: Need,
    /// How long it waits first.
    wait: Duration,
    then: Then<T>,
}

/// What follows from a reply.
pub enum Next<T> {
    /// The exchange continues.
    Need(Exchange<T>),
    /// It has ended.
    Done(T),
}

impl<T: 'static> Exchange<T> {
    /// Sends a request; its reply says how the exchange continues.
    pub fn new(
        request: impl Into<Need>,
        then: impl FnOnce(&Reply) -> Result<Next<T>, Text> + Send + 'static,
    ) -> Self {
        Self { need: request.into(), wait: Duration::ZERO, then: Box::new(then) }
    }

    /// The same after some time: what is asked for is not ready at once.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// Sends one request, whose reply ends the exchange.
    pub fn once(
        request: impl Into<Need>,
        read: impl FnOnce(&Reply) -> Result<T, Text> + Send + 'static,
    ) -> Self {
        Self::new(request, |reply| read(reply).map(Next::Done))
    }

    /// What it waits for.
    #[must_use]
    pub fn need(&self) -> &Need {
        &self.need
    }

    /// How long it waits before that is fetched.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// Continues with the reply to what was needed. A system reads only whole replies, and none that says to slow down.
    ///
    /// # Errors
    /// The system refuses, or its answer cannot be understood.
    pub fn next(self, reply: &Reply) -> Result<Next<T>, Text> {
        if reply.status == 429 {
            let wait = reply.retry_after.map(|wait| format!(" (to be asked again after {wait:?})"));
            return Err(
                format!("asked too often{}: {}", wait.unwrap_or_default(), reply.refusal(MOST_SAID)).into()
            );
        }
        if let Some(cut) = &reply.cut {
            return Err(cut.as_str().into());
        }
        (self.then)(reply)
    }
}

#[cfg(test)]
mod tests {
    use serin_core::{question::MetricResult, spec::MetricSystem};

    use super::{
        super::{
            Source, ask, carry_out,
            testing::{NOW, secret, systems, without_secret},
        },
        *,
    };
    use crate::http::{
        secret::Secret,
        tests::{reply as served, server},
    };

    /// Fetches `/token`, then asks with it until the answer is not `wait`.
    fn polled(address: &str) -> Exchange<MetricResult> {
        let long = Duration::from_secs(60);
        let (fetch, url) = (Request::get(format!("{address}/token"), long), format!("{address}/value"));
        fn poll(request: Request) -> Exchange<MetricResult> {
            Exchange::new(request.clone(), move |reply| match reply.said(100).as_str() {
                "wait" => Ok(Next::Need(poll(request))),
                value => Ok(Next::Done(MetricResult::from(value.parse().ok()))),
            })
        }
        Exchange::new(fetch, move |reply| {
            Ok(Next::Need(poll(Request::get(url, long).header("X-Token", reply.said(100)))))
        })
    }

    #[tokio::test]
    async fn an_exchange_may_fetch_a_token_and_poll() {
        let answers = ["t0p", "wait", "wait", "2.5"].map(|body| served("200 OK", "", body));
        let (url, serving) = server(answers.into()).await;
        let result = carry_out(&systems(), polled(&url), &Secret::default()).await;
        assert_eq!(result, Ok(MetricResult::Value(2.5)));
        let heard = serving.await.unwrap();
        let firsts: Vec<&str> = heard.iter().filter_map(|request| request.lines().next()).collect();
        assert_eq!(
            firsts,
            ["GET /token HTTP/1.1"].into_iter().chain(["GET /value HTTP/1.1"; 3]).collect::<Vec<_>>()
        );
        assert!(heard[1..].iter().all(|request| request.contains("x-token: t0p\r\n")));
    }

    #[tokio::test]
    async fn an_exchange_without_an_end_is_given_up() {
        let (url, serving) = server(vec![served("200 OK", "", "wait"); 8]).await;
        let result = carry_out(&systems(), polled(&url), &Secret::default()).await;
        assert_eq!(result, Err("no result after 8 requests".into()));
        assert_eq!(serving.await.unwrap().len(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn an_exchange_waits_before_it_asks_again() {
        let begun = tokio::time::Instant::now();
        let exchange = Exchange::once(Request::get("no url", Duration::from_secs(60)), |_| Ok(()));
        let waited = exchange.after(Duration::from_secs(4));
        assert!(carry_out(&systems(), waited, &Secret::default()).await.is_err());
        assert_eq!(begun.elapsed().as_secs(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn an_exchange_that_takes_too_long_is_given_up() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let exchange = Exchange::once(Request::get(url, Duration::from_secs(600)), |_| Ok(()));
        let result = carry_out(&systems(), exchange, &Secret::default()).await;
        assert_eq!(result, Err("no result within 60s".into()));
    }

    #[tokio::test(start_paused = true)]
    async fn each_system_of_a_check_has_a_deadline_of_its_own() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let (systems, begun) = (systems(), tokio::time::Instant::now());
        let asked =
            [MetricSystem::Prometheus, MetricSystem::Graphite, MetricSystem::InfluxDb].map(|system| {
                let (systems, source) = (systems.clone(), without_secret(system, Some(&url)));
                async move {
                    let answer = ask(&systems, &source, &Secret::default(), NOW).await;
                    assert!(matches!(answer, MetricResult::Error(_)), "{system}: {answer:?}");
                    begun.elapsed().as_secs()
                }
            });
        assert_eq!(futures::future::join_all(asked).await, [5, 5, 15]);
    }

    #[tokio::test]
    async fn a_refusal_that_repeats_the_credentials_is_shown_without_them() {
        let (url, _serving) = server(vec![served("403 Forbidden", "", "no user me with pass-word")]).await;
        let source = Source {
            secret: Some(("ops".into(), "keys".into())),
            ..without_secret(MetricSystem::Graphite, Some(&url))
        };
        let secret = secret(&[("username", "me"), ("password", "pass-word")]);
        let answer = ask(&systems(), &source, &secret, NOW).await;
        let why = format!("{url}/render: 403 Forbidden: no user me with ***");
        assert_eq!(answer, MetricResult::Error(why.into()));
    }
}
