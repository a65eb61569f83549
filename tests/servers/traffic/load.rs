//! Requests of users, and their results.

use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{app, gateway};

/// How many users send requests at the same time, each on a connection that is kept open.
const USERS: usize = 4;
/// How long each waits between an answer and the next request.
const PAUSE: Duration = Duration::from_millis(18);
/// The maximum rate of each.
const MOST: usize = 20_000;
/// The time between two polls of the gateway.
const LOOK: Duration = Duration::from_millis(50);
/// The timeout of an answer.
const ANSWER: Duration = Duration::from_secs(10);

/// A request that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// When it was sent.
    pub(crate) begun: Instant,
    /// When its answer arrived.
    pub(crate) ended: Instant,
    /// The workload that answered; empty if none did.
    pub(crate) workload: String,
    /// Its version.
    pub(crate) version: String,
    /// Why the user got no good answer, if so.
    pub(crate) failed: Option<String>,
}

/// The canary's weight, as the gateway reports it.
#[derive(Clone, Copy, Debug)]
struct Look {
    asked: Instant,
    answered: Instant,
    weight: Option<u64>,
}

/// A time in which the gateway had one weight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// The weight, in percent.
    pub(crate) weight: u64,
    /// The first moment at which it certainly had it.
    from: Instant,
    /// The last such moment.
    to: Instant,
}

/// Users who send requests until they are stopped; dropping this stops them.
pub(crate) struct Load {
    stop: Vec<Sender<()>>,
    users: Vec<JoinHandle<Vec<Request>>>,
    looks: JoinHandle<Vec<Look>>,
}

/// The result.
#[derive(Debug)]
pub(crate) struct Course {
    /// Every request, those of each user in order.
    pub(crate) requests: Vec<Request>,
    /// The weights in order, without consecutive repeats.
    pub(crate) spans: Vec<Span>,
}

/// Whether a host is served.
pub(crate) fn is_served(host: &str) -> bool {
    ask(&agent(), host).failed.is_none()
}

impl Load {
    /// Users of a host, and polls of the weight that the gateway gives the canary of a namespace.
    pub(crate) fn start(host: &str, namespace: &str, canary: &str) -> Self {
        let mut stop = Vec::new();
        let mut stopped = || {
            let (end, stopped) = mpsc::channel();
            stop.push(end);
            stopped
        };
        let users = (0..USERS).map(|_| {
            let (host, stopped) = (host.to_owned(), stopped());
            thread::spawn(move || {
                let agent = agent();
                every(PAUSE, &stopped, MOST, || ask(&agent, &host))
            })
        });
        let users = users.collect();
        let (namespace, canary, stopped) = (namespace.to_owned(), canary.to_owned(), stopped());
        let looks = thread::spawn(move || {
            let agent = agent();
            every(LOOK, &stopped, MOST, || look(&agent, &namespace, &canary))
        });
        Self { stop, users, looks }
    }

    /// Stops them.
    pub(crate) fn end(self) -> Course {
        drop(self.stop);
        let requests: Vec<Vec<Request>> = self.users.into_iter().map(|user| user.join().unwrap()).collect();
        assert!(requests.iter().all(|of_one| of_one.len() < MOST), "the load ended before the test did");
        Course { requests: requests.concat(), spans: spans(&self.looks.join().unwrap()) }
    }
}

impl Course {
    /// How many requests were sent in a second.
    pub(crate) fn rps(&self) -> f64 {
        let begun = self.requests.iter().map(|request| request.begun);
        let (first, last) = (begun.clone().min().unwrap(), begun.max().unwrap());
        self.requests.len() as f64 / last.duration_since(first).as_secs_f64()
    }

    /// The requests that were sent and answered within a span.
    pub(crate) fn within(&self, span: Span) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(move |request| request.begun >= span.from && request.ended <= span.to)
    }
}

/// Repeats an action, at most at this rate.
fn every<T>(pause: Duration, stopped: &Receiver<()>, most: usize, mut act: impl FnMut() -> T) -> Vec<T> {
    let mut all = Vec::new();
    while all.len() < most && stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        all.push(act());
    }
    all
}

fn ask(agent: &ureq::Agent, host: &str) -> Request {
    let begun = now();
    let answer = agent.get(format!("http://{}/", gateway::ADDRESS)).header("Host", host).call();
    let ended = now();
    let served = answer.and_then(|mut answer| {
        let text = answer.body_mut().read_to_string()?;
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let [workload, version] =
            [app::WORKLOAD, app::VERSION].map(|name| header(name).unwrap_or_default().to_owned());
        let failed = (answer.status() != 200).then(|| format!("{} {}", answer.status(), text.trim()));
        Ok((workload, version, failed))
    });
    let (workload, version, failed) =
        served.unwrap_or_else(|error| (String::new(), String::new(), Some(error.to_string())));
    Request { begun, ended, workload, version, failed }
}

fn look(agent: &ureq::Agent, namespace: &str, canary: &str) -> Look {
    let asked = now();
    let url = format!("http://{}/api/http/services?per_page=1000", gateway::TELEMETRY);
    let answer = agent.get(url).call().and_then(|mut answer| answer.body_mut().read_to_string());
    let answered = now();
    let services: Option<Value> = answer.ok().and_then(|answer| serde_json::from_str(&answer).ok());
    let weight = services.and_then(|services| gateway::weight(&services, namespace, canary));
    Look { asked, answered, weight }
}

fn spans(looks: &[Look]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for look in looks {
        let Some(weight) = look.weight else { continue };
        match spans.last_mut() {
            Some(span) if span.weight == weight => span.to = look.asked,
            _ => spans.push(Span { weight, from: look.answered, to: look.asked }),
        }
    }
    spans
}

fn agent() -> ureq::Agent {
    let agent = ureq::Agent::config_builder().timeout_global(Some(ANSWER)).proxy(None);
    agent.http_status_as_error(false).build().new_agent()
}

#[expect(clippy::disallowed_methods, reason = "a real server takes real time")]
fn now() -> Instant {
    Instant::now()
}
