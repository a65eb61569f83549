//! The scripted answers of a scenario are the answers over HTTP.

use std::{collections::BTreeMap, path::Path};

use http_body_util::{BodyExt as _, Full};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use serin_simulator::scenario::{self, MetricAnswer};
use tokio::net::TcpStream;

use crate::{
    scripted::{Call, Scripted},
    stage::runtime,
};

const SCENARIO: &str = "
scenario: answers over HTTP
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {name: web, namespace: test}
  spec:
    provider: istio
    targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    service: {port: 80}
    analysis:
      stepWeight: 10
      metrics:
        - {name: request-success-rate, thresholdRange: {min: 99}}
        - {name: request-duration, thresholdRange: {max: 50}}
        - {name: errors, query: sum(errors), thresholdRange: {max: 1}}
        - {name: busy, templateRef: {name: cpu}, thresholdRange: {max: 1}}
      webhooks: [{name: gate, type: confirm-rollout, url: 'http://gate'}]
templates:
  - apiVersion: flagger.app/v1beta1
    kind: MetricTemplate
    metadata: {name: cpu, namespace: test}
    spec: {provider: {type: prometheus, address: 'http://p'}, query: cpu}
world:
  metrics: {errors: [0.5, none, {error: down}], busy: [+inf]}
  hooks: {gate: [{status: 403, body: not yet}, refused, 200]}
";

#[test]
fn scripted_answers_are_given_in_order_and_the_last_one_repeats() {
    runtime().block_on(async {
        let scenario = scenario::parse(SCENARIO, Path::new("answers.yaml")).unwrap();
        let scripted = Scripted::start(&scenario).await;
        let canary = scripted.rewired(&scenario.manifest);
        let template = json!({"kind": "MetricTemplate", "metadata": {"name": "cpu"}, "spec": {}});
        let template = scripted.rewired(&template);
        let prometheus = canary["spec"]["metricsServer"].as_str().unwrap();
        let errors = canary["spec"]["analysis"]["metrics"][2]["query"].as_str().unwrap();
        let gate = canary["spec"]["analysis"]["webhooks"][0]["url"].as_str().unwrap();
        let mut heard = Vec::new();
        for query in
            ["vector(1)", "sum(rate(a))", "histogram_quantile(0.99, b)", errors, errors, errors, errors]
        {
            heard.push(ask(prometheus, query).await);
        }
        heard.push(ask(template["spec"]["provider"]["address"].as_str().unwrap(), "cpu").await);
        for _ in 0..4 {
            heard.push(post(gate, &json!({"name": "web"})).await);
        }
        let changed = BTreeMap::from([("errors".into(), vec![MetricAnswer::Value(7.0)])]);
        scripted.change(&changed, &BTreeMap::new());
        heard.push(ask(prometheus, errors).await);
        insta::assert_snapshot!(heard.join("\n"));
        let hooks = scripted.calls().into_iter().filter(|call| matches!(call, Call::Hook { .. })).count();
        assert_eq!((scripted.calls().len(), hooks), (12, 4));
    });
}

async fn ask(server: &str, query: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("query", query).finish();
    let answer = send("GET", &format!("{server}/api/v1/query?{query}"), String::new()).await;
    let (status, body) = answer.unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    format!("{status} {}", body.pointer("/data/result").unwrap_or(&body))
}

async fn post(url: &str, body: &Value) -> String {
    let answer = send("POST", url, body.to_string()).await;
    answer.map_or("no answer".into(), |(status, body)| format!("{status} {body}"))
}

async fn send(method: &str, url: &str, body: String) -> Option<(u16, String)> {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let stream = TcpStream::connect(host).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::builder().method(method).uri(format!("/{path}")).header("Host", host);
    let answer = sender.send_request(request.body(Full::<Bytes>::from(body)).unwrap()).await.ok()?;
    let status = answer.status().as_u16();
    Some((status, String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().into()).unwrap()))
}
