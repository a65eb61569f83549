//! The answers of a scenario's world over HTTP: a Prometheus, hooks and receivers of alerts on one address of loopback.
//!
//! A real controller gets from this what the simulator gives to its driver, so that one scenario file runs in both.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use serin_core::spec::Bounds;
use serin_simulator::scenario::{HookAnswer, HookOutcome, MetricAnswer, Scenario};
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};

/// A scripted world that answers for as long as the runtime that it was started in runs.
#[derive(Clone)]
pub(crate) struct Scripted {
    address: String,
    script: Arc<Mutex<Script>>,
}

/// A question or a message, and its answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Call {
    /// A metric.
    Metric {
        /// Its name.
        name: String,
        /// Its answer.
        answer: MetricAnswer,
    },
    /// One attempt at a hook.
    Hook {
        /// Its name.
        name: String,
        /// The header `Idempotency-Key`.
        key: Option<String>,
        /// The request body.
        sent: Value,
        /// The result.
        outcome: HookOutcome,
    },
    /// An alert.
    Alert {
        /// The AlertProvider.
        receiver: String,
        /// The request body.
        sent: Value,
    },
}

struct Script {
    metrics: BTreeMap<String, Answers<MetricAnswer>>,
    hooks: BTreeMap<String, Answers<HookAnswer>>,
    /// The answer of metrics that are not scripted.
    healthy: BTreeMap<String, MetricAnswer>,
    /// The metric that uses each template.
    templates: BTreeMap<String, String>,
    calls: Vec<Call>,
}

/// Taken one per call; the last one repeats.
struct Answers<T> {
    all: Vec<T>,
    taken: usize,
}

impl<T: Clone> Answers<T> {
    fn of(scripts: &BTreeMap<String, Vec<T>>) -> impl Iterator<Item = (String, Self)> {
        scripts.iter().map(|(name, all)| (name.clone(), Self { all: all.clone(), taken: 0 }))
    }

    fn take(&mut self) -> Option<T> {
        let answer = self.all.get(self.taken).or(self.all.last()).cloned();
        self.taken += 1;
        answer
    }
}

impl Scripted {
    /// Answers for the world of a scenario at its beginning. Metrics are identified by name: all of one name share a
    /// script.
    pub(crate) async fn start(scenario: &Scenario) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let metrics = scenario.canary.metrics();
        let healthy = metrics.iter().map(|metric| (metric.name.to_string(), healthy(metric.bounds)));
        let script = Script {
            metrics: Answers::of(&scenario.setting.metrics).collect(),
            hooks: Answers::of(&scenario.setting.hooks).collect(),
            healthy: healthy.collect(),
            templates: templates(&scenario.manifest),
            calls: Vec::new(),
        };
        let scripted = Self { address, script: Arc::new(Mutex::new(script)) };
        tokio::spawn(scripted.clone().accept(listener));
        scripted
    }

    /// Uses these answers from now on, from their first; others stay.
    pub(crate) fn change(
        &self,
        metrics: &BTreeMap<String, Vec<MetricAnswer>>,
        hooks: &BTreeMap<String, Vec<HookAnswer>>,
    ) {
        let mut script = self.lock();
        script.metrics.extend(Answers::of(metrics));
        script.hooks.extend(Answers::of(hooks));
    }

    /// All questions and messages so far, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// A Canary, MetricTemplate or AlertProvider whose questions and messages are sent here.
    pub(crate) fn rewired(&self, object: &Value) -> Value {
        let mut object = object.clone();
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let spec = &mut object["spec"];
        match kind.as_str() {
            "Canary" => self.rewire_canary(spec),
            "MetricTemplate" => {
                let address = format!("{}/template/{name}", self.address);
                spec["provider"] = json!({"type": "prometheus", "address": address});
            }
            "AlertProvider" => {
                spec["address"] = format!("{}/alert/{name}", self.address).into();
                drop(spec.as_object_mut().and_then(|spec| spec.remove("secretRef")));
            }
            _ => {}
        }
        object
    }

    fn rewire_canary(&self, spec: &mut Value) {
        spec["metricsServer"] = self.address.as_str().into();
        for analysis in ["analysis", "canaryAnalysis"] {
            for hook in items(spec, analysis, "webhooks") {
                let name = hook["name"].as_str().unwrap_or_default();
                hook["url"] = format!("{}/hook/{name}", self.address).into();
            }
            for metric in items(spec, analysis, "metrics") {
                if let Some(query) = metric["query"].as_str() {
                    // PromQL ignores the text after a `#`.
                    metric["query"] = format!("{query}\n{MARK}{}", metric["name"].as_str().unwrap()).into();
                }
            }
        }
    }

    async fn accept(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(self.clone().serve(stream));
        }
    }

    async fn serve(self, stream: TcpStream) {
        let answer = service_fn(|request| {
            let scripted = self.clone();
            async move { scripted.answer(request).await }
        });
        // If the connection breaks, the client gets no more; the script may require that.
        drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Gone> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Gone)?.to_bytes();
        let path: Vec<&str> = head.uri.path().trim_matches('/').split('/').collect();
        match path.as_slice() {
            ["api", "v1", "query"] => Ok(self.metric(None, head.uri.query(), &body)),
            ["template", name, "api", "v1", "query"] => Ok(self.metric(Some(name), head.uri.query(), &body)),
            ["hook", name] => {
                let key = head.headers.get("Idempotency-Key").and_then(|key| key.to_str().ok());
                self.hook(name, key, read(&body)).await
            }
            ["alert", receiver] => {
                let call = Call::Alert { receiver: (*receiver).into(), sent: read(&body) };
                self.lock().calls.push(call);
                Ok(Response::default())
            }
            _ => Ok(response(StatusCode::NOT_FOUND, String::new())),
        }
    }

    fn metric(&self, template: Option<&str>, query: Option<&str>, body: &[u8]) -> Response<Full<Bytes>> {
        let fields = [query.unwrap_or_default().as_bytes(), body];
        let mut fields = fields.into_iter().flat_map(form_urlencoded::parse);
        let query =
            fields.find(|(name, _)| name == "query").map_or_else(String::new, |(_, query)| query.into());
        if query == "vector(1)" {
            return vector(Some("1".into()));
        }
        let mut script = self.lock();
        let name =
            template.map_or_else(|| recognised(&query).to_owned(), |template| script.asked_by(template));
        let scripted = script.metrics.get_mut(&name).and_then(Answers::take);
        let answer = scripted.or_else(|| script.healthy.get(&name).cloned()).unwrap_or(MetricAnswer::None);
        script.calls.push(Call::Metric { name, answer: answer.clone() });
        match answer {
            MetricAnswer::Value(value) if value.is_infinite() => {
                vector(Some(if value > 0.0 { "+Inf" } else { "-Inf" }.into()))
            }
            MetricAnswer::Value(value) => vector(Some(value.to_string())),
            MetricAnswer::None => vector(None),
            MetricAnswer::Error(error) => {
                let body = json!({"status": "error", "errorType": "unavailable", "error": error});
                response(StatusCode::SERVICE_UNAVAILABLE, body.to_string())
            }
        }
    }

    async fn hook(&self, name: &str, key: Option<&str>, sent: Value) -> Result<Response<Full<Bytes>>, Gone> {
        let answer = {
            let mut script = self.lock();
            let answer = script.hooks.get_mut(name).and_then(Answers::take);
            let answer = answer.unwrap_or_else(|| HookOutcome::Status(200).into());
            let call =
                Call::Hook { name: name.into(), key: key.map(Into::into), sent, outcome: answer.outcome };
            script.calls.push(call);
            answer
        };
        if let Some(after) = answer.after {
            time::sleep(after).await;
        }
        match answer.outcome {
            HookOutcome::Status(status) => {
                let status = StatusCode::from_u16(status).unwrap();
                Ok(response(status, answer.body.unwrap_or_default()))
            }
            // The client gives up first.
            HookOutcome::Timeout => std::future::pending().await,
            HookOutcome::Refused => Err(Gone),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    fn asked_by(&self, template: &str) -> String {
        self.templates.get(template).map_or(template, String::as_str).to_owned()
    }
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct Gone;

/// Determines which metric sends an inline query.
const MARK: &str = "# metric: ";

/// The metric that a query belongs to: the one it names, or else one of the two built-in ones.
fn recognised(query: &str) -> &str {
    match query.rsplit_once(MARK) {
        Some((_, name)) => name.trim(),
        None if query.contains("histogram_quantile") || query.contains("_sum") => "request-duration",
        None => "request-success-rate",
    }
}

/// A value that passes, as in the simulator.
fn healthy(Bounds { min, max }: Bounds) -> MetricAnswer {
    let is_within = min.is_none_or(|min| 100.0 >= min) && max.is_none_or(|max| 100.0 <= max);
    MetricAnswer::Value(if is_within { 100.0 } else { min.or(max).unwrap_or(0.0) })
}

/// The metric that uses each template.
fn templates(manifest: &Value) -> BTreeMap<String, String> {
    let metrics = manifest["spec"]["analysis"]["metrics"].as_array();
    let pair = |metric: &Value| {
        let template = metric["templateRef"]["name"].as_str()?;
        Some((template.to_owned(), metric["name"].as_str()?.to_owned()))
    };
    metrics.into_iter().flatten().filter_map(pair).collect()
}

fn items<'a>(spec: &'a mut Value, analysis: &str, list: &str) -> impl Iterator<Item = &'a mut Value> {
    let list = spec.pointer_mut(&format!("/{analysis}/{list}"));
    list.and_then(Value::as_array_mut).into_iter().flatten()
}

fn vector(value: Option<String>) -> Response<Full<Bytes>> {
    let samples: Vec<Value> =
        value.into_iter().map(|value| json!({"metric": {}, "value": [1_767_225_600, value]})).collect();
    let data = json!({"resultType": "vector", "result": samples});
    response(StatusCode::OK, json!({"status": "success", "data": data}).to_string())
}

fn response(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response
}

/// The request body, as text if it is not JSON.
fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}
