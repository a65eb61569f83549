//! Dynatrace's metrics API, version 2.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use serin_core::{question::MetricResult, revision::Text, spec::MetricSystem, time::Timestamp};

use super::{
    Exchange, Provider, Source, asking,
    reading::{accepted, all_series, by_labels, json, newest, number},
};
use crate::http::{Reply, Request, secret::Secret};

/// Asks `<address>/api/v2/metrics/query` for one value over the last ten intervals.
pub(super) struct Dynatrace;

impl Provider for Dynatrace {
    fn begin(
        &self,
        source: &Source,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Exchange<MetricResult>, Text> {
        let mut url = asking::url(source, "/api/v2/metrics/query")?;
        url.query_pairs_mut()
            .append_pair("metricSelector", source.query.trim())
            .append_pair("resolution", "Inf")
            .append_pair("from", &asking::window_start(source, now).as_millis().to_string())
            .append_pair("to", &now.as_millis().to_string());
        Ok(Exchange::once(signed(source, secret, url), read))
    }

    fn check(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Exchange<()>, Text> {
        let mut url = asking::url(source, "/api/v2/metrics")?;
        url.query_pairs_mut().append_pair("pageSize", "1");
        Ok(Exchange::once(signed(source, secret, url), |reply| accepted(reply, complaint)))
    }
}

fn signed(source: &Source, secret: &Secret, url: Url) -> Request {
    let token = secret.at("dynatrace_token").unwrap_or_default();
    asking::get(source, url, &[("Authorization", format!("Api-Token {token}"))])
}

#[derive(Deserialize)]
struct Body {
    result: Vec<Metric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    #[serde(default)]
    metric_id: String,
    data: Vec<Series>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    #[serde(default)]
    dimension_map: BTreeMap<String, String>,
    values: Vec<Value>,
}

/// The newest value of each series, by its metric and dimensions. Flagger takes the last series of the first metric.
fn read(reply: &Reply) -> Result<MetricResult, Text> {
    let body: Body = json(reply, MetricSystem::Dynatrace, complaint)?;
    let values = body.result.iter().flat_map(|metric| {
        metric.data.iter().map(|series| {
            let name = format!("{}{}", metric.metric_id, by_labels(&series.dimension_map));
            Ok((name, newest(series.values.iter().map(number))?))
        })
    });
    all_series(values)
}

/// A refusal has a message, and one for each wrong parameter.
fn complaint(body: &Value) -> Option<String> {
    let error = body.get("error")?;
    let wrong = error.get("constraintViolations").and_then(Value::as_array).into_iter().flatten();
    let messages = std::iter::once(error).chain(wrong).filter_map(|it| it.get("message")?.as_str());
    let messages: Vec<&str> = messages.collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{self, asked, checked, passes, secret, source};
    use super::*;

    #[test]
    fn snap_requests() {
        let query = "builtin:service.errors.total.rate:filter(eq(\"app\", \"web\"))\n";
        let (source, secret) =
            (source(MetricSystem::Dynatrace, query), secret(&[("dynatrace_token", "dt0c01.x")]));
        insta::assert_snapshot!(asked(&source, &secret), @r"
        GET https://metrics.test/base/api/v2/metrics/query?metricSelector=builtin%3Aservice.errors.total.rate%3Afilter%28eq%28%22app%22%2C+%22web%22%29%29&resolution=Inf&from=1769860200000&to=1769860800000
        Authorization: Api-Token dt0c01.x

        (within 5s, stays)
        ");
        insta::assert_snapshot!(checked(&source, &secret), @r"
        GET https://metrics.test/base/api/v2/metrics?pageSize=1
        Authorization: Api-Token dt0c01.x

        (within 5s, stays)
        ");
    }

    fn read(status: u16, body: &Value) -> Result<MetricResult, String> {
        testing::read_all(MetricSystem::Dynatrace, status, &body.to_string())
    }

    fn of(result: &[(&str, &[(&str, Value)])]) -> Result<MetricResult, String> {
        let metrics = result.iter().map(|(id, series)| {
            let data = series.iter().map(|(host, values)| {
                json!({"dimensions": [host], "dimensionMap": {"dt.entity.host": host}, "timestamps": [1],
                       "values": values})
            });
            json!({"metricId": id, "dataPointCountRatio": 0.1, "data": data.collect::<Vec<_>>()})
        });
        let result: Vec<Value> = metrics.collect();
        read(200, &json!({"totalCount": 1, "nextPageKey": null, "resolution": "Inf", "result": result}))
    }

    #[test]
    fn the_newest_value_of_each_series_counts() {
        let (a, b) = (("HOST-A", json!([1.5])), ("HOST-B", json!([2])));
        let one = |value| Ok(MetricResult::Value(value));
        assert_eq!(of(&[("m", std::slice::from_ref(&a))]), one(1.5));
        assert_eq!(of(&[("m", &[a.clone(), ("HOST-C", json!([null]))])]), one(1.5));
        assert_eq!(of(&[("m", &[("HOST-A", json!([1, 3, null]))])]), one(3.0));
        let series = testing::series(&[
            (r#"m{dt.entity.host="HOST-A"}"#, 1.5),
            (r#"n{dt.entity.host="HOST-B"}"#, 2.0),
        ]);
        assert_eq!(of(&[("n", &[b]), ("m", &[a])]), Ok(series));
    }

    #[test]
    fn without_series_or_values_there_is_no_value() {
        for result in [of(&[]), of(&[("m", &[])]), of(&[("m", &[("HOST-A", json!([]))])])] {
            assert_eq!(result, Ok(MetricResult::NoData));
        }
    }

    #[test]
    fn what_dynatrace_refuses_is_an_error_in_its_words() {
        let violations = json!([{"path": "metricSelector", "message": "no such metric"}]);
        let wrong = json!({"error": {"code": 400, "message": "Invalid request.",
                                     "constraintViolations": violations}});
        let forbidden = json!({"error": {"code": 403, "message": "Token lacks metrics.read"}});
        assert_eq!(
            [
                read(400, &wrong),
                read(403, &forbidden),
                read(500, &json!({"error": 1})),
                read(200, &json!({"result": [{"data": [{"values": ["1"]}]}]})),
                read(200, &json!({})),
            ],
            [
                "400: Invalid request.; no such metric",
                "403: Token lacks metrics.read",
                r#"500 Internal Server Error: {"error":1}"#,
                "a value in the answer is not a number",
                "the answer is not Dynatrace's JSON",
            ]
            .map(|why| Err(why.into()))
        );
    }

    #[test]
    fn a_token_is_valid_when_metrics_are_listed() {
        assert_eq!(passes(MetricSystem::Dynatrace, 200, r#"{"metrics": []}"#), Ok(()));
        let refused = passes(MetricSystem::Dynatrace, 401, r#"{"error": {"message": "Token is missing"}}"#);
        assert_eq!(refused, Err("401: Token is missing".into()));
    }
}
