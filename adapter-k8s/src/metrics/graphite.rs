//! Graphite's render API.

use std::borrow::Cow;

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use serin_core::{question::MetricResult, revision::Text, spec::MetricSystem, time::Timestamp};

use super::{
    Exchange, Provider, Source, asking,
    reading::{all_series, json, newest, number},
};
use crate::http::{Reply, Request, secret::Secret};

/// Asks `<address>/render`. The query is the query string of that request, as in `target=a.b&from=-1min`.
pub(super) struct Graphite;

/// Answered without series, wherever the system answers at all.
const PROBE: &str = "target=test";

impl Provider for Graphite {
    fn begin(
        &self,
        source: &Source,
        secret: &Secret,
        _now: Timestamp,
    ) -> Result<Exchange<MetricResult>, Text> {
        Ok(Exchange::once(request(source, secret, &source.query)?, read))
    }

    fn check(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Exchange<()>, Text> {
        Ok(Exchange::once(request(source, secret, PROBE)?, |reply| read(reply).map(drop)))
    }
}

fn request(source: &Source, secret: &Secret, query: &str) -> Result<Request, Text> {
    let mut url = asking::url(source, "/render")?;
    let parameters = parameters(&url, query);
    url.query_pairs_mut().extend_pairs(parameters).append_pair("format", "json");
    Ok(asking::get(source, url, asking::basic(secret).as_slice()))
}

/// The parameters of a query that may be written over several lines; one that says in which format to answer is dropped.
fn parameters(url: &Url, query: &str) -> Vec<(String, String)> {
    let one_line = |text: Cow<'_, str>| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut written = url.clone();
    written.set_query(Some(&one_line(query.into())));
    let parameters = written.query_pairs().map(|(name, value)| (one_line(name), one_line(value)));
    parameters.filter(|(name, _)| !name.is_empty() && name != "format").collect()
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    target: String,
    /// Value and time.
    datapoints: Vec<(Value, Value)>,
}

/// The newest point with a value of each target, by its name. Flagger takes the targets as they come.
fn read(reply: &Reply) -> Result<MetricResult, Text> {
    let targets: Vec<Series> = json(reply, MetricSystem::Graphite, |_| None)?;
    let values = targets.into_iter().map(|series| {
        let points = series.datapoints.iter().map(|(value, _)| number(value));
        Ok((series.target, newest(points)?))
    });
    all_series(values)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{
        reading::Reading,
        testing::{self, asked, checked, passes, secret, source, without_secret},
    };
    use super::*;

    #[test]
    fn snap_requests() {
        let query =
            "\n  target=sum(\n    shop.*.errors, 'a b'\n  )&target=50%25+x\n  &from=-1min&format=csv\n";
        let source = Source { insecure: true, ..source(MetricSystem::Graphite, query) };
        insta::assert_snapshot!(asked(&source, &secret(&[("username", "me"), ("password", "pass")])), @r"
        GET https://metrics.test/base/render?target=sum%28+shop.*.errors%2C+%27a+b%27+%29&target=50%25+x&from=-1min&format=json
        Authorization: Basic bWU6cGFzcw==

        (within 5s, stays, insecure)
        ");
        let open = without_secret(MetricSystem::Graphite, Some("http://graphite.test"));
        insta::assert_snapshot!(checked(&open, &Secret::default()), @r"
        GET http://graphite.test/render?target=test&format=json

        (within 5s, stays)
        ");
    }

    #[test]
    fn a_query_cannot_leave_the_query_string() {
        let url = Url::parse("http://graphite.test/render").unwrap();
        let names = |query: &str| parameters(&url, query);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(names("target=a#b&from=-1h"), [pair("target", "a#b"), pair("from", "-1h")]);
        assert_eq!(names("&&=x& \n"), []);
    }

    fn read(status: u16, body: &Value) -> Result<Reading, String> {
        testing::read(MetricSystem::Graphite, status, &body.to_string())
    }

    #[test]
    fn the_newest_value_of_each_target_counts() {
        let a =
            json!({"target": "a", "tags": {"name": "a"}, "datapoints": [[1, 100], [2.5, 160], [null, 220]]});
        let b = json!({"target": "b", "datapoints": [[3, 100]]});
        let none = json!({"target": "c", "datapoints": [[null, 100]]});
        assert_eq!(read(200, &json!([a])), Ok(Some(2.5)));
        let several = testing::read_all(MetricSystem::Graphite, 200, &json!([b, a]).to_string());
        assert_eq!(several, Ok(testing::series(&[("a", 2.5), ("b", 3.0)])));
        assert_eq!(read(200, &json!([a, none])), Ok(Some(2.5)));
    }

    #[test]
    fn without_targets_or_points_there_is_no_value() {
        assert_eq!(read(200, &json!([])), Ok(None));
        assert_eq!(read(200, &json!([{"target": "a", "datapoints": [[null, 1], [null, 2]]}])), Ok(None));
    }

    #[test]
    fn what_is_no_answer_is_an_error_that_says_so() {
        let page = testing::read(MetricSystem::Graphite, 400, "<h1>Missing\nparameter</h1>");
        let number = read(200, &json!([{"target": "a", "datapoints": [["1", 2]]}]));
        assert_eq!(
            [page, number, read(200, &json!({"error": "x"}))],
            [
                Err("400 Bad Request: <h1>Missing parameter</h1>".into()),
                Err("a value in the answer is not a number".into()),
                Err("the answer is not Graphite's JSON".into()),
            ]
        );
    }

    #[test]
    fn a_graphite_without_the_series_test_answers() {
        assert_eq!(passes(MetricSystem::Graphite, 200, "[]"), Ok(()));
        let refused = passes(MetricSystem::Graphite, 401, "");
        assert_eq!(refused, Err("401 Unauthorized".into()));
    }
}
