//! Prometheus, and what answers like it.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use serin_core::{question::Answer, revision::Text, time::Timestamp};

use super::{Provider, Source};
use crate::http::{
    Reply, Request,
    secret::{Hidden, Secret},
};

/// Asks `<address>/api/v1/query`.
pub(super) struct Prometheus;

const TIMEOUT: Duration = Duration::from_secs(5);
/// How much of what went wrong is told.
const MOST_TOLD: usize = 300;

impl Provider for Prometheus {
    fn render(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Request, Text> {
        let address = source.address.as_ref().map(Hidden::reveal).unwrap_or_default();
        let mut url = Url::parse(address).map_err(|_| Text::from("the Prometheus address is no URL"))?;
        let path = format!("{}/api/v1/query", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.query_pairs_mut().clear().append_pair("query", source.query.trim());
        let mut request = Request::get(url, TIMEOUT);
        request.insecure = source.insecure;
        request.stays = true;
        let authorization = authorization(source, secret)?;
        for (name, values) in &source.headers {
            // The Secret's goes first, and alone.
            if authorization.is_none() || !name.eq_ignore_ascii_case("authorization") {
                for value in values {
                    request = request.header(name, value.reveal());
                }
            }
        }
        Ok(authorization.into_iter().fold(request, |request, value| request.header("Authorization", value)))
    }

    fn read(&self, reply: &Reply) -> Answer {
        if let Some(cut) = &reply.cut {
            return Answer::Error(cut.as_str().into());
        }
        let answer: Result<Body, _> = serde_json::from_slice(&reply.body);
        let refused = |why: String| Answer::Error(why.into());
        match answer {
            Ok(Body { error: Some(error), .. }) => {
                refused(format!("{}: {}", reply.status, crate::http::one_line(&error, MOST_TOLD)))
            }
            Ok(Body { data: Some(data), .. }) if reply.is_success() => {
                value(&data).unwrap_or_else(|why| refused(why.into()))
            }
            Err(_) if reply.is_success() => refused("the answer is not Prometheus's JSON".into()),
            Ok(_) | Err(_) => refused(reply.refusal(MOST_TOLD)),
        }
    }

    fn probe(&self) -> &'static str {
        "vector(1)"
    }
}

fn authorization(source: &Source, secret: &Secret) -> Result<Option<String>, Text> {
    let Some((_, name)) = &source.secret else { return Ok(None) };
    if let Some(token) = secret.at("token") {
        return Ok(Some(format!("Bearer {token}")));
    }
    match (secret.at("username"), secret.at("password")) {
        (Some(user), Some(password)) => {
            Ok(Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))))
        }
        _ => Err(format!("Secret {name} has to hold `token`, or `username` and `password`").into()),
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
fn value(data: &Data) -> Result<Answer, &'static str> {
    let samples = match (data.result_type.as_str(), &data.result) {
        ("matrix", _) => return Err("the query gives a range of values; it has to give one"),
        ("scalar", scalar) => {
            let (_, value): (Value, String) =
                Deserialize::deserialize(scalar).map_err(|_| "the answer is no scalar")?;
            vec![value]
        }
        (_, result) => {
            let mut samples: Vec<Sample> =
                Deserialize::deserialize(result).map_err(|_| "the answer has no value that is a number")?;
            samples.sort_by(|a, b| a.metric.cmp(&b.metric));
            samples.into_iter().map(|sample| sample.value.1).collect()
        }
    };
    let mut last = Answer::NoData;
    for sample in samples {
        let value: f64 = sample.parse().map_err(|_| "a value in the answer is no number")?;
        if !value.is_nan() {
            last = Answer::Value(value);
        }
    }
    Ok(last)
}
