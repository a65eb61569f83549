//! New Relic's Insights query API.

use serde::Deserialize;
use serde_json::Value;
use serin_core::{question::MetricResult, revision::Text, spec::MetricSystem, time::Timestamp};

use super::{
    Exchange, Provider, Source, asking,
    reading::{Reading, accepted, all_series, first_text, json, number},
};
use crate::http::{Reply, Request, secret::Secret};

/// Asks `<address>/v1/accounts/<account>/query` with NRQL, to which the window is added.
pub(super) struct NewRelic;

impl Provider for NewRelic {
    fn begin(
        &self,
        source: &Source,
        secret: &Secret,
        _now: Timestamp,
    ) -> Result<Exchange<MetricResult>, Text> {
        // Flagger cuts the fraction off; a window of nothing has no value.
        let seconds = source.interval.as_secs().max(1);
        let query = format!("{} SINCE {seconds} seconds ago", source.query.trim());
        Ok(Exchange::once(request(source, secret, &query)?, read))
    }

    fn check(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Exchange<()>, Text> {
        let request = request(source, secret, "SELECT * FROM Metric LIMIT 1")?;
        Ok(Exchange::once(request, |reply| accepted(reply, complaint)))
    }
}

fn request(source: &Source, secret: &Secret, nrql: &str) -> Result<Request, Text> {
    let key = |name: &str| secret.at(name).unwrap_or_default();
    let account = key("newrelic_account_id");
    if account.is_empty() || account.contains(|c: char| !c.is_ascii_digit()) {
        return Err("newrelic_account_id in the Secret has to be a number".into());
    }
    let mut url = asking::url(source, &format!("/v1/accounts/{account}/query"))?;
    url.query_pairs_mut().append_pair("nrql", nrql);
    let own = [("X-Query-Key", key("newrelic_query_key").to_owned())];
    Ok(asking::get(source, url, &own))
}

#[derive(Deserialize)]
struct Body {
    /// One for each function of the SELECT.
    results: Option<Vec<Value>>,
    /// One for each group of a FACET.
    facets: Option<Vec<Facet>>,
}

#[derive(Deserialize)]
struct Facet {
    /// A text, or several for several attributes.
    name: Value,
    results: Vec<Value>,
}

/// The value, with FACET that of each group by its name.
fn read(reply: &Reply) -> Result<MetricResult, Text> {
    let body: Body = json(reply, MetricSystem::NewRelic, complaint)?;
    match (body.results, body.facets) {
        (_, Some(facets)) => {
            let groups = facets.into_iter().map(|facet| Ok((facet.name.to_string(), only(&facet.results)?)));
            all_series(groups)
        }
        (Some(results), None) => only(&results).map(MetricResult::from),
        (None, None) => Err("the answer has no results; leave TIMESERIES out of the query".into()),
    }
}

/// The value of a SELECT with one function.
fn only(results: &[Value]) -> Result<Reading, Text> {
    match results {
        [] => Ok(None),
        [result] => value(result),
        several => Err(several_values(several.len())),
    }
}

/// The value that is called `result`, as Flagger requires, or else the only one: it has the name of its function, and that of
/// `percentile` is one level further down.
fn value(result: &Value) -> Result<Reading, Text> {
    let Value::Object(fields) = result else { return number(result) };
    if let Some(result) = fields.get("result") {
        return number(result);
    }
    let fields: Vec<&Value> = fields.values().collect();
    match *fields.as_slice() {
        [] => Ok(None),
        [Value::Object(inner)] if inner.len() == 1 => inner.values().next().map_or(Ok(None), number),
        [Value::Object(inner)] => Err(several_values(inner.len())),
        [value] => number(value),
        _ => Err(several_values(fields.len())),
    }
}

fn several_values(count: usize) -> Text {
    format!("the query gives {count} values; it has to give one").into()
}

fn complaint(body: &Value) -> Option<String> {
    first_text(body, &["error", "error_message", "message"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{self, NOW, asked, checked, passes, secret, source, without_secret};
    use super::*;

    const KEYS: &[(&str, &str)] = &[("newrelic_account_id", "4711"), ("newrelic_query_key", "q-key")];

    #[test]
    fn snap_requests() {
        let source = source(MetricSystem::NewRelic, "SELECT average(duration) FROM Transaction\n");
        insta::assert_snapshot!(asked(&source, &secret(KEYS)), @r"
        GET https://metrics.test/base/v1/accounts/4711/query?nrql=SELECT+average%28duration%29+FROM+Transaction+SINCE+60+seconds+ago
        X-Query-Key: q-key

        (within 5s, stays)
        ");
        let elsewhere = without_secret(MetricSystem::NewRelic, None);
        insta::assert_snapshot!(checked(&elsewhere, &secret(KEYS)), @r"
        GET https://insights-api.newrelic.com/v1/accounts/4711/query?nrql=SELECT+*+FROM+Metric+LIMIT+1
        X-Query-Key: q-key

        (within 5s, stays)
        ");
    }

    #[test]
    fn an_account_is_a_number() {
        let source = source(MetricSystem::NewRelic, "q");
        let secret = secret(&[("newrelic_account_id", "1/../2"), ("newrelic_query_key", "k")]);
        let refused = NewRelic.begin(&source, &secret, NOW).map(drop);
        assert_eq!(refused, Err("newrelic_account_id in the Secret has to be a number".into()));
    }

    fn read(status: u16, body: &Value) -> Result<Reading, String> {
        testing::read(MetricSystem::NewRelic, status, &body.to_string())
    }

    #[test]
    fn the_only_value_counts_and_of_facets_each() {
        let of = |results: Value| read(200, &json!({"results": results, "metadata": {"guid": "x"}}));
        assert_eq!(of(json!([{"result": 2.5}])), Ok(Some(2.5)));
        assert_eq!(of(json!([{"average": 0.25}])), Ok(Some(0.25)));
        assert_eq!(of(json!([{"percentiles": {"99": 120}}])), Ok(Some(120.0)));
        assert_eq!(of(json!([{"result": 1, "count": 7}])), Ok(Some(1.0)));
        let facet = |name: Value, value: Value| json!({"name": name, "results": [{"count": value}]});
        let (a, b) = (facet(json!("a"), json!(1)), facet(json!("b"), json!(2)));
        let several = json!({"facets": [a, b]}).to_string();
        let both = testing::series(&[(r#""a""#, 1.0), (r#""b""#, 2.0)]);
        assert_eq!(testing::read_all(MetricSystem::NewRelic, 200, &several), Ok(both));
        let none = facet(json!(["c", "d"]), Value::Null);
        assert_eq!(read(200, &json!({"facets": [a, none], "totalResult": {}})), Ok(Some(1.0)));
    }

    #[test]
    fn an_empty_result_is_no_value() {
        for results in [json!([]), json!([{}]), json!([{"result": null}]), json!([{"average": null}])] {
            assert_eq!(read(200, &json!({"results": results})), Ok(None), "{results}");
        }
        assert_eq!(read(200, &json!({"facets": []})), Ok(None));
    }

    #[test]
    fn what_is_no_single_number_is_an_error_that_says_so() {
        let error = |status, body| read(status, &body).unwrap_err();
        assert_eq!(
            [
                error(200, json!({"results": [{"count": 1}, {"average": 2}]})),
                error(200, json!({"results": [{"percentiles": {"95": 1, "99": 2}}]})),
                error(200, json!({"results": [{"events": []}]})),
                error(200, json!({"timeSeries": []})),
                error(400, json!({"error": "NRQL Syntax Error: line 1"})),
                error(403, json!({"error_class": "Denied", "error_message": "bad key"})),
                error(200, json!(7)),
            ],
            [
                "the query gives 2 values; it has to give one",
                "the query gives 2 values; it has to give one",
                "a value in the answer is not a number",
                "the answer has no results; leave TIMESERIES out of the query",
                "400: NRQL Syntax Error: line 1",
                "403: bad key",
                "the answer is not New Relic's JSON",
            ]
        );
    }

    #[test]
    fn a_key_is_valid_when_a_query_is_answered() {
        assert_eq!(passes(MetricSystem::NewRelic, 200, r#"{"results": [{"events": []}]}"#), Ok(()));
        assert_eq!(passes(MetricSystem::NewRelic, 403, ""), Err("403 Forbidden".into()));
    }
}
