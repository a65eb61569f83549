//! Datadog's query API, version 1.

use serde::Deserialize;
use serde_json::Value;
use serin_core::{question::MetricResult, revision::Text, spec::MetricSystem, time::Timestamp};

use super::{
    Exchange, Provider, Source, asking,
    reading::{accepted, all_series, json, newest, number, refused},
};
use crate::http::{Reply, Request, secret::Secret};

/// Asks `<address>/api/v1/query` for the points of the last ten intervals.
pub(super) struct Datadog;

impl Provider for Datadog {
    fn begin(
        &self,
        source: &Source,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Exchange<MetricResult>, Text> {
        let mut url = asking::url(source, "/api/v1/query")?;
        let seconds = |moment: Timestamp| (moment.as_millis() / 1000).to_string();
        url.query_pairs_mut()
            .append_pair("query", source.query.trim())
            .append_pair("from", &seconds(asking::window_start(source, now)))
            .append_pair("to", &seconds(now));
        Ok(Exchange::once(signed(source, secret, url), read))
    }

    fn check(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Exchange<()>, Text> {
        let url = asking::url(source, "/api/v1/validate")?;
        Ok(Exchange::once(signed(source, secret, url), |reply| accepted(reply, complaint)))
    }
}

fn signed(source: &Source, secret: &Secret, url: reqwest::Url) -> Request {
    let key = |name: &str| secret.at(name).unwrap_or_default().to_owned();
    let keys =
        [("DD-API-KEY", key("datadog_api_key")), ("DD-APPLICATION-KEY", key("datadog_application_key"))];
    asking::get(source, url, &keys)
}

#[derive(Deserialize)]
struct Body {
    /// A query that cannot be evaluated is answered with 200 and this.
    error: Option<String>,
    series: Option<Vec<Series>>,
}

#[derive(Deserialize)]
struct Series {
    /// Tags, as in `host:a,env:prod`.
    #[serde(default)]
    scope: String,
    #[serde(default)]
    expression: String,
    #[serde(default)]
    pointlist: Vec<Vec<Value>>,
}

/// The newest point with a value of each series, by its tags. Flagger takes the oldest point of the first series.
fn read(reply: &Reply) -> Result<MetricResult, Text> {
    let body: Body = json(reply, MetricSystem::Datadog, complaint)?;
    if let Some(error) = body.error.filter(|error| !error.is_empty()) {
        return Err(refused(reply, &error).into());
    }
    let series = body.series.ok_or_else(|| Text::from("the answer has no series"))?;
    let values = series.into_iter().map(|series| {
        // A point is a pair of time and value.
        let points = series.pointlist.iter().map(|point| point.get(1).map_or(Ok(None), number));
        // Of several queries each has a series with the same tags.
        let name = format!("{} {}", series.scope, series.expression);
        Ok((name, newest(points)?))
    });
    all_series(values)
}

/// Refusals have a list of texts, or one.
fn complaint(body: &Value) -> Option<String> {
    let texts = body.get("errors").and_then(Value::as_array).into_iter().flatten();
    let texts: Vec<&str> = texts.chain(body.get("error")).filter_map(Value::as_str).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{
        reading::Reading,
        testing::{self, asked, checked, passes, secret, source, without_secret},
    };
    use super::*;

    const KEYS: &[(&str, &str)] = &[("datadog_api_key", "a-key"), ("datadog_application_key", "app-key")];

    #[test]
    fn snap_requests() {
        let source = source(MetricSystem::Datadog, "avg:shop.errors{service:web}.as_rate()\n");
        insta::assert_snapshot!(asked(&source, &secret(KEYS)), @r"
        GET https://metrics.test/base/api/v1/query?query=avg%3Ashop.errors%7Bservice%3Aweb%7D.as_rate%28%29&from=1769860200&to=1769860800
        DD-API-KEY: a-key
        DD-APPLICATION-KEY: app-key

        (within 5s, stays)
        ");
        let elsewhere = without_secret(MetricSystem::Datadog, None);
        insta::assert_snapshot!(checked(&elsewhere, &secret(KEYS)), @r"
        GET https://api.datadoghq.com/api/v1/validate
        DD-API-KEY: a-key
        DD-APPLICATION-KEY: app-key

        (within 5s, stays)
        ");
    }

    fn read(status: u16, body: &Value) -> Result<Reading, String> {
        testing::read(MetricSystem::Datadog, status, &body.to_string())
    }

    fn series(scope: &str, values: &[Value]) -> Value {
        let points: Vec<Value> =
            values.iter().zip(1_769_860_200_u64..).map(|(value, at)| json!([at * 1000, value])).collect();
        json!({"metric": "shop.errors", "scope": scope, "expression": "avg:shop.errors{*}", "interval": 20,
               "length": points.len(), "pointlist": points})
    }

    fn of(series: &[Value]) -> Result<Reading, String> {
        read(200, &json!({"status": "ok", "res_type": "time_series", "error": "", "series": series}))
    }

    #[test]
    fn the_newest_value_of_each_series_counts() {
        let (null, a, b) =
            (Value::Null, series("host:a", &[json!(1), json!(2.5)]), series("host:b", &[json!(3)]));
        assert_eq!(of(&[series("*", &[json!(0.5), json!(0.25), null.clone()])]), Ok(Some(0.25)));
        let several = json!({"series": [a, b]}).to_string();
        let both = testing::series(&[("host:a avg:shop.errors{*}", 2.5), ("host:b avg:shop.errors{*}", 3.0)]);
        assert_eq!(testing::read_all(MetricSystem::Datadog, 200, &several), Ok(both));
        assert_eq!(of(&[a, series("host:b", &[null])]), Ok(Some(2.5)));
    }

    #[test]
    fn without_series_or_points_there_is_no_value() {
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&[series("*", &[])]), Ok(None));
        assert_eq!(of(&[json!({"scope": "*", "pointlist": [[1], []]})]), Ok(None));
    }

    #[test]
    fn what_datadog_refuses_is_an_error_in_its_words() {
        let error = |status, body| read(status, &body).unwrap_err();
        assert_eq!(
            [
                error(200, json!({"status": "error", "error": "cannot parse\nthe query", "series": []})),
                error(403, json!({"errors": ["Forbidden", "no scope timeseries_query"]})),
                error(400, json!({"status": "error", "error": "no from"})),
                error(502, json!({})),
                error(200, json!({"status": "ok"})),
                error(200, json!({"series": [{"pointlist": [[1, "many"]]}]})),
                error(200, json!([])),
            ],
            [
                "200: cannot parse the query",
                "403: Forbidden; no scope timeseries_query",
                "400: no from",
                "502 Bad Gateway: {}",
                "the answer has no series",
                "a value in the answer is not a number",
                "the answer is not Datadog's JSON",
            ]
        );
    }

    #[test]
    fn keys_are_valid_when_datadog_says_so() {
        assert_eq!(passes(MetricSystem::Datadog, 200, r#"{"valid": true}"#), Ok(()));
        let refused = passes(MetricSystem::Datadog, 403, r#"{"errors": ["Forbidden"]}"#);
        assert_eq!(refused, Err("403: Forbidden".into()));
    }
}
