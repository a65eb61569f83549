//! Prometheus, and what answers like it.

use std::{collections::BTreeMap, fmt, iter};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serin_core::{question::MetricResult, revision::Text, time::Timestamp};

use super::{
    Exchange, Provider, Source, asking,
    exchange::MOST_SAID,
    reading::{all_series, by_labels, refused, written},
};
use crate::http::{Reply, Request, secret::Secret};

/// Asks `<address>/api/v1/query`.
pub(super) struct Prometheus;

/// A query that is answered with 1 wherever the system answers at all.
const PROBE: &str = "vector(1)";

impl Provider for Prometheus {
    fn begin(
        &self,
        source: &Source,
        secret: &Secret,
        _now: Timestamp,
    ) -> Result<Exchange<MetricResult>, Text> {
        Ok(Exchange::once(request(source, secret, source.query.trim())?, read))
    }

    fn check(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Exchange<()>, Text> {
        Ok(Exchange::once(request(source, secret, PROBE)?, |reply| match read(reply)? {
            MetricResult::Value(1.0) => Ok(()),
            MetricResult::Value(_)
            | MetricResult::Spread(_)
            | MetricResult::NoData
            | MetricResult::Error(_) => Err(format!("`{PROBE}` is not answered with 1").into()),
        }))
    }
}

fn request(source: &Source, secret: &Secret, query: &str) -> Result<Request, Text> {
    let mut url = asking::url(source, "/api/v1/query")?;
    url.query_pairs_mut().append_pair("query", query);
    Ok(asking::get(source, url, asking::bearer_or_basic(secret).as_slice()))
}

fn read(reply: &Reply) -> Result<MetricResult, Text> {
    let head: Result<Head, _> = serde_json::from_slice(&reply.body);
    match head {
        Ok(Head { error: Some(error), .. }) => Err(refused(reply, &error).into()),
        Ok(Head { data: Some(data), .. }) if reply.is_success() => value(&data.result_type, &reply.body),
        Err(_) if reply.is_success() => Err("the answer is not Prometheus's JSON".into()),
        Ok(_) | Err(_) => Err(reply.refusal(MOST_SAID).into()),
    }
}

/// An answer without its result, which may be long, and of which only the type says what it is.
#[derive(Deserialize)]
struct Head {
    data: Option<HeadData>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeadData {
    #[serde(default)]
    result_type: String,
    #[serde(rename = "result")]
    _result: IgnoredAny,
}

/// The result of an answer.
#[derive(Deserialize)]
struct Body<T> {
    data: Data<T>,
}

#[derive(Deserialize)]
struct Data<T> {
    result: T,
}

#[derive(Deserialize)]
struct Sample {
    metric: BTreeMap<String, String>,
    value: (IgnoredAny, String),
}

impl Sample {
    /// As Prometheus writes it: the metric's name stands before the other labels.
    fn name(&self) -> String {
        let (names, labels): (Vec<_>, Vec<_>) =
            self.metric.iter().partition(|(label, _)| *label == "__name__");
        let name = names.first().map_or("", |(_, name)| name.as_str());
        format!("{name}{}", by_labels(labels))
    }
}

/// The value of each series, by its labels. Flagger takes the last as they come, in no order.
fn value(result_type: &str, body: &[u8]) -> Result<MetricResult, Text> {
    match result_type {
        "matrix" => Err("the query gives a range of values; it has to give one".into()),
        "scalar" => {
            let scalar: Body<(IgnoredAny, String)> =
                serde_json::from_slice(body).map_err(|_| Text::from("the answer is not a scalar"))?;
            written(&scalar.data.result.1).map(MetricResult::from)
        }
        _ => {
            let series: Body<Series> = serde_json::from_slice(body)
                .map_err(|_| Text::from("the answer has no value that is a number"))?;
            series.data.result.0
        }
    }
}

/// What comes of all series, which are read one after the other: kept, they take many times their length.
struct Series(Result<MetricResult, Text>);

impl<'de> Deserialize<'de> for Series {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(EachSeries)
    }
}

struct EachSeries;

impl<'de> Visitor<'de> for EachSeries {
    type Value = Series;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of series")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Series, A::Error> {
        let mut garbled = None;
        let samples = iter::from_fn(|| match from.next_element::<Sample>() {
            Ok(sample) => sample,
            Err(error) => {
                garbled = Some(error);
                None
            }
        });
        let result = all_series(samples.map(|sample| Ok((sample.name(), written(&sample.value.1)?))));
        if let Some(error) = garbled {
            return Err(error);
        }
        if result.is_err() {
            while from.next_element::<Sample>()?.is_some() {}
        }
        Ok(Series(result))
    }
}
