//! What the tests of all metric systems use.

use serin_core::{
    question::{MetricResult, Sample},
    spec::MetricSystem,
    time::{Timestamp, parse_duration},
};

use super::{Exchange, Need, Next, Source, Systems, of, reading::Reading};
use crate::{
    cluster::ApiRequest,
    http::{
        Http, Reply, Request,
        secret::{Hidden, Secret},
    },
    tick::context::Context,
};

/// 2026-01-31T12:00:00Z.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_769_860_800_000);

/// A query over 1 minute, at `https://metrics.test/base/`, with a Secret `keys`.
pub(super) fn source(system: MetricSystem, query: &str) -> Source {
    Source {
        system,
        query: query.into(),
        interval: parse_duration("1m").unwrap(),
        region: Some("eu-west-1".into()),
        secret: Some(("ops".into(), "keys".into())),
        ..Source::prometheus("https://metrics.test/base/")
    }
}

pub(super) fn secret(keys: &[(&str, &str)]) -> Secret {
    Secret::new(keys.iter().map(|(key, value)| ((*key).into(), (*value).into())))
}

/// The first request for a value.
pub(super) fn asked(source: &Source, secret: &Secret) -> String {
    shown(&request(&of(source.system).unwrap().begin(source, secret, NOW).unwrap()))
}

/// The first request of a health check.
pub(super) fn checked(source: &Source, secret: &Secret) -> String {
    shown(&request(&of(source.system).unwrap().check(source, secret, NOW).unwrap()))
}

pub(super) fn request<T: 'static>(exchange: &Exchange<T>) -> Request {
    match exchange.need() {
        Need::Http(request) => request.clone(),
        Need::Api(request) => panic!("{request}"),
    }
}

/// What an exchange asks the API server first.
pub(super) fn api_request<T: 'static>(exchange: &Exchange<T>) -> ApiRequest {
    match exchange.need() {
        Need::Http(request) => panic!("{request:?}"),
        Need::Api(request) => request.clone(),
    }
}

/// Systems outside the cluster, and a cluster that nobody answers for.
pub(super) fn systems() -> Systems {
    systems_at("http://127.0.0.1:1")
}

/// Systems outside the cluster, and the cluster with this address.
pub(super) fn systems_at(url: &str) -> Systems {
    Systems { http: Http::new(), cluster: Context::at(url).cluster.clone() }
}

/// All of a request, credentials included.
pub(super) fn shown(request: &Request) -> String {
    let Request { method, url, headers, body, timeout, insecure, stays, .. } = request;
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {}\n", value.reveal())).collect();
    let insecure = if *insecure { ", insecure" } else { "" };
    let stays = if *stays { ", stays" } else { "" };
    format!("{method} {url}\n{headers}{body}\n(within {timeout:?}{stays}{insecure})")
}

pub(super) fn reply(status: u16, body: &str) -> Reply {
    Reply { status, retry_after: None, body: body.into(), cut: None }
}

/// What the reply to the first request means, which has one series at most.
pub(super) fn read(system: MetricSystem, status: u16, body: &str) -> Result<Reading, String> {
    read_all(system, status, body).map(|result| match result {
        MetricResult::Value(value) => Some(value),
        MetricResult::NoData => None,
        MetricResult::Spread(_) | MetricResult::Error(_) => panic!("{result:?}"),
    })
}

/// What several series mean.
pub(super) fn series(all: &[(&str, f64)]) -> MetricResult {
    all.iter().map(|(series, value)| Sample { series: (*series).into(), value: *value }).collect()
}

/// What the reply to the first request means.
pub(super) fn read_all(system: MetricSystem, status: u16, body: &str) -> Result<MetricResult, String> {
    let exchange = of(system).unwrap().begin(&source(system, query(system)), &every_key(), NOW).unwrap();
    ended(exchange.next(&reply(status, body)))
}

/// Whether a health check passes with this reply to its first request.
pub(super) fn passes(system: MetricSystem, status: u16, body: &str) -> Result<(), String> {
    let exchange = of(system).unwrap().check(&source(system, query(system)), &every_key(), NOW).unwrap();
    ended(exchange.next(&reply(status, body)))
}

fn ended<T>(next: Result<Next<T>, serin_core::revision::Text>) -> Result<T, String> {
    match next {
        Ok(Next::Done(result)) => Ok(result),
        Ok(Next::Need(_)) => Err("needs more".into()),
        Err(why) => Err(why.to_string()),
    }
}

/// A Secret that fits every system.
pub(super) fn every_key() -> Secret {
    let keys = MetricSystem::ALL.into_iter().flat_map(|system| system.descriptor().keys.all());
    // Account ids are numbers.
    Secret::new(keys.zip(47_110_815..).map(|(key, value)| (key.into(), value.to_string())))
}

/// A query that a system can be asked.
pub(super) fn query(system: MetricSystem) -> &'static str {
    if system == MetricSystem::CloudWatch {
        r#"[{"Id": "q", "Expression": "q"}]"#
    } else if system == MetricSystem::Keptn {
        "keptnmetric/shop/q"
    } else {
        "q"
    }
}

/// A source without a Secret of its own.
pub(super) fn without_secret(system: MetricSystem, address: Option<&str>) -> Source {
    Source { secret: None, address: address.map(Hidden::new), ..source(system, query(system)) }
}
