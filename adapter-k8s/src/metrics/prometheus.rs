//! Prometheus, and what answers like it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serin_core::{revision::Text, time::Timestamp};

use super::{
    Exchange, Provider, Source, asking,
    exchange::MOST_SAID,
    reading::{Reading, last_series, refused, written},
};
use crate::http::{Reply, Request, secret::Secret};

/// Asks `<address>/api/v1/query`.
pub(super) struct Prometheus;

/// A query that is answered with 1 wherever the system answers at all.
const PROBE: &str = "vector(1)";

impl Provider for Prometheus {
    fn begin(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Exchange<Reading>, Text> {
        Ok(Exchange::once(request(source, secret, source.query.trim())?, read))
    }

    fn check(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Exchange<()>, Text> {
        Ok(Exchange::once(request(source, secret, PROBE)?, |reply| match read(reply)? {
            Some(1.0) => Ok(()),
            Some(_) | None => Err(format!("`{PROBE}` is not answered with 1").into()),
        }))
    }
}

fn request(source: &Source, secret: &Secret, query: &str) -> Result<Request, Text> {
    let mut url = asking::url(source, "/api/v1/query")?;
    url.query_pairs_mut().append_pair("query", query);
    let bearer = secret.at("token").map(|token| ("Authorization", format!("Bearer {token}")));
    let authorization = bearer.or_else(|| asking::basic(secret));
    Ok(asking::get(source, url, authorization.as_slice()))
}

fn read(reply: &Reply) -> Result<Reading, Text> {
    let answer: Result<Body, _> = serde_json::from_slice(&reply.body);
    match answer {
        Ok(Body { error: Some(error), .. }) => Err(refused(reply, &error).into()),
        Ok(Body { data: Some(data), .. }) if reply.is_success() => value(&data),
        Err(_) if reply.is_success() => Err("the answer is not Prometheus's JSON".into()),
        Ok(_) | Err(_) => Err(reply.refusal(MOST_SAID).into()),
    }
}

#[derive(Deserialize)]
struct Body {
    data: Option<Data>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(default)]
    result_type: String,
    result: Value,
}

#[derive(Deserialize)]
struct Sample {
    metric: BTreeMap<String, String>,
    value: (Value, String),
}

/// Of several series, the last by its labels that has a value. Flagger takes the last as they come, in no order.
fn value(data: &Data) -> Result<Reading, Text> {
    match (data.result_type.as_str(), &data.result) {
        ("matrix", _) => Err("the query gives a range of values; it has to give one".into()),
        ("scalar", scalar) => {
            let (_, value): (Value, String) =
                Deserialize::deserialize(scalar).map_err(|_| Text::from("the answer is no scalar"))?;
            written(&value)
        }
        (_, result) => {
            let samples: Vec<Sample> = Deserialize::deserialize(result)
                .map_err(|_| Text::from("the answer has no value that is a number"))?;
            last_series(samples.into_iter().map(|sample| Ok((sample.metric, written(&sample.value.1)?))))
        }
    }
}
