//! A webhook: any server that answers with a number in JSON.

use serde_json::Value;
use serin_core::{question::MetricResult, revision::Text, spec::WebhookMethod, time::Timestamp};

use super::{
    Exchange, Provider, Source, asking,
    json_path::JsonPath,
    reading::{Reading, accepted, first_text, number},
};
use crate::http::{Reply, Request, secret::Secret};

/// Sends the query to the address itself.
pub(super) struct Webhook;

/// The longest answer that is read, in bytes: as values it takes many times its length.
const MOST: usize = 64 * 1024;
/// What a server may answer that has no value.
const NO_CONTENT: u16 = 204;

impl Provider for Webhook {
    fn begin(
        &self,
        source: &Source,
        secret: &Secret,
        _now: Timestamp,
    ) -> Result<Exchange<MetricResult>, Text> {
        let path = JsonPath::parse(&source.webhook.json_path)?;
        Ok(Exchange::once(request(source, secret)?, move |reply| read(reply, &path).map(MetricResult::from)))
    }

    /// Only the query itself is known to be answered. There may be no value yet.
    fn check(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Exchange<()>, Text> {
        JsonPath::parse(&source.webhook.json_path)?;
        Ok(Exchange::once(request(source, secret)?, |reply| answer(reply).map(drop)))
    }
}

fn request(source: &Source, secret: &Secret) -> Result<Request, Text> {
    let (mut url, query) = (asking::address(source)?, source.query.trim());
    url.set_fragment(None);
    let authorization = asking::bearer_or_basic(secret);
    let request = match source.webhook.method {
        WebhookMethod::Get => {
            let own = url.query().filter(|own| !own.is_empty()).map(|own| format!("{own}&"));
            url.set_query(Some(&format!("{}{query}", own.unwrap_or_default())));
            asking::get(source, url, authorization.as_slice())
        }
        WebhookMethod::Post => {
            let json = ("Content-Type", "application/json".to_owned());
            let own: Vec<_> = authorization.into_iter().chain([json]).collect();
            asking::post(source, url, &own, query.into())
        }
    };
    Ok(Request { most: MOST, ..request })
}

/// The answer; `None` if the server says that it has none.
fn answer(reply: &Reply) -> Result<Option<Value>, Text> {
    accepted(reply, complaint)?;
    if reply.status == NO_CONTENT {
        return Ok(None);
    }
    serde_json::from_slice(&reply.body).map(Some).map_err(|_| "the answer is no JSON".into())
}

fn read(reply: &Reply, path: &JsonPath) -> Result<Reading, Text> {
    let Some(answer) = answer(reply)? else { return Ok(None) };
    match path.find(&answer).as_slice() {
        [] => Ok(None),
        [value] => number(value),
        several => Err(format!("the answer has {} values; it has to have one", several.len()).into()),
    }
}

fn complaint(body: &Value) -> Option<String> {
    first_text(body, &["error", "message"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serin_core::spec::{MetricSystem, WebhookCall};

    use super::super::testing::{self, NOW, asked, checked, passes, reply, secret, source, without_secret};
    use super::*;

    fn at(path: &str) -> Source {
        let webhook = WebhookCall { json_path: path.into(), ..WebhookCall::default() };
        Source { webhook, ..source(MetricSystem::Webhook, "{\"kpi\": \"orders\"}\n") }
    }

    #[test]
    fn snap_requests() {
        insta::assert_snapshot!(asked(&at("$.value"), &secret(&[("token", "t0p")])), @r#"
        POST https://metrics.test/base/
        Authorization: Bearer t0p
        Content-Type: application/json
        {"kpi": "orders"}
        (within 5s, stays)
        "#);
        let webhook = WebhookCall { method: WebhookMethod::Get, ..WebhookCall::default() };
        let elsewhere = "https://kpi.test/orders?team=shop#top";
        let source = Source { webhook, ..without_secret(MetricSystem::Webhook, Some(elsewhere)) };
        let query = "kpi=orders&app=a b".to_owned();
        insta::assert_snapshot!(checked(&Source { query, ..source }, &Secret::default()), @r"
        GET https://kpi.test/orders?team=shop&kpi=orders&app=a%20b

        (within 5s, stays)
        ");
    }

    fn found(path: &str, body: &Value) -> Result<Reading, String> {
        let path = JsonPath::parse(path).unwrap();
        read(&reply(200, &body.to_string()), &path).map_err(|why| why.to_string())
    }

    #[test]
    fn the_number_at_the_path_is_the_value() {
        assert_eq!(found("$.value", &json!({"value": 2.5})), Ok(Some(2.5)));
        assert_eq!(found("$", &json!(7)), Ok(Some(7.0)));
        let rows = json!({"rows": [{"kpi": "returns", "n": 1}, {"kpi": "orders", "n": 40}]});
        assert_eq!(found("$.rows[?@.kpi == 'orders'].n", &rows), Ok(Some(40.0)));
        assert_eq!(found("$.rows[*].n", &rows), Err("the answer has 2 values; it has to have one".into()));
    }

    #[test]
    fn without_a_number_there_is_no_value() {
        assert_eq!(found("$.value", &json!({"values": 1})), Ok(None));
        assert_eq!(found("$.value", &json!({"value": null})), Ok(None));
        assert_eq!(testing::read(MetricSystem::Webhook, 204, ""), Ok(None));
        assert_eq!(passes(MetricSystem::Webhook, 204, ""), Ok(()));
        assert_eq!(passes(MetricSystem::Webhook, 200, "{}"), Ok(()));
    }

    #[test]
    fn what_a_webhook_refuses_is_an_error_in_its_words() {
        let error = |status, body: Value| {
            testing::read(MetricSystem::Webhook, status, &body.to_string()).unwrap_err()
        };
        assert_eq!(
            [
                error(400, json!({"error": "no such\nkpi"})),
                error(404, json!({"message": "not here"})),
                error(500, json!({})),
                error(200, json!({"value": "2.5"})),
                testing::read(MetricSystem::Webhook, 200, "<html>").unwrap_err(),
            ],
            [
                "400: no such kpi",
                "404: not here",
                "500 Internal Server Error: {}",
                "a value in the answer is not a number",
                "the answer is no JSON",
            ]
        );
    }

    #[test]
    fn a_path_that_cannot_be_used_is_an_error_before_anything_is_sent() {
        let why = Err("jsonPath `$[`: is no JSONPath".into());
        assert_eq!(Webhook.begin(&at("$["), &Secret::default(), NOW).map(drop), why);
        assert_eq!(Webhook.check(&at("$["), &Secret::default(), NOW).map(drop), why);
    }
}
