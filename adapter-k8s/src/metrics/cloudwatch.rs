//! CloudWatch: its action `GetMetricData`, in JSON.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use serin_core::{question::MetricResult, revision::Text, spec::MetricSystem, time::Timestamp};

use super::{
    Exchange, Next, Provider, Source, asking,
    aws::Signer,
    reading::{Reading, accepted, all_series, json, newest, number, refused},
};
use crate::http::{Request, secret::Secret};

/// Asks for the points of the last ten intervals, page by page.
pub(super) struct CloudWatch;

/// Points of each series in an answer: Flagger's figure.
const MOST_POINTS: u32 = 20;
const ACTION: &str = "GraniteServiceVersion20100801.GetMetricData";

impl Provider for CloudWatch {
    fn begin(
        &self,
        source: &Source,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Exchange<MetricResult>, Text> {
        let asked = Asked::of(source, secret, now)?;
        let first = asked.page(None)?;
        Ok(page(asked, first, BTreeMap::new()))
    }

    /// Only the query itself is known to be answered.
    fn check(&self, source: &Source, secret: &Secret, now: Timestamp) -> Result<Exchange<()>, Text> {
        let first = Asked::of(source, secret, now)?.page(None)?;
        Ok(Exchange::once(first, |reply| accepted(reply, complaint)))
    }
}

/// What is asked, and by whom.
struct Asked {
    source: Source,
    secret: Secret,
    now: Timestamp,
    url: Url,
    region: String,
    queries: Value,
}

impl Asked {
    fn of(source: &Source, secret: &Secret, now: Timestamp) -> Result<Self, Text> {
        let queries: Value = serde_json::from_str(&source.query).unwrap_or_default();
        if queries.as_array().is_none_or(Vec::is_empty) {
            return Err("the query has to be a list of MetricDataQuery in JSON".into());
        }
        let region = source.region.clone().unwrap_or_default();
        if region.is_empty()
            || !region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        {
            return Err("the region has to be one of AWS, such as eu-west-1".into());
        }
        let url = match source.address {
            Some(_) => asking::url(source, "/")?,
            None => {
                let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
                let url = Url::parse(&format!("https://monitoring.{region}.{suffix}/"));
                url.map_err(|error| Text::from(error.to_string()))?
            }
        };
        Ok(Self { source: source.clone(), secret: secret.clone(), now, url, region, queries })
    }

    /// The request for the first page, or for the one with this token.
    fn page(&self, token: Option<&str>) -> Result<Request, Text> {
        let seconds = |moment: Timestamp| moment.as_millis() / 1000;
        let mut asked = json!({
            "MetricDataQueries": self.queries,
            "StartTime": seconds(asking::window_start(&self.source, self.now)),
            "EndTime": seconds(self.now),
            "MaxDatapoints": MOST_POINTS,
            "ScanBy": "TimestampDescending",
        });
        if let (Some(token), Value::Object(fields)) = (token, &mut asked) {
            fields.insert("NextToken".into(), token.into());
        }
        let body = asked.to_string();
        let own =
            [("Content-Type", "application/x-amz-json-1.0".to_owned()), ("X-Amz-Target", ACTION.to_owned())];
        let signer = Signer::new(&self.secret, &self.region, "monitoring");
        let signed = signer.headers("POST", self.url.as_str(), &own, &body, self.now)?;
        let signed = signed.iter().map(|(name, value)| (&**name, value.clone()));
        let own: Vec<(&str, String)> = own.iter().cloned().chain(signed).collect();
        Ok(asking::post(&self.source, self.url.clone(), &own, body))
    }
}

/// Series by their labels and ids, each with the newest value so far.
type Series = BTreeMap<(String, String), Reading>;

/// A page, and those after it.
fn page(asked: Asked, request: Request, mut series: Series) -> Exchange<MetricResult> {
    Exchange::new(request, move |reply| {
        let body: Body = json(reply, MetricSystem::CloudWatch, complaint)?;
        for result in body.metric_data_results {
            if let "InternalError" | "Forbidden" = &*result.status_code {
                let said = result.messages.iter().map(|message| message.value.as_str());
                let said: Vec<&str> = std::iter::once(&*result.status_code).chain(said).collect();
                return Err(refused(reply, &said.join(": ")).into());
            }
            // The newest point comes first, on the first page that has one.
            let value = newest(result.values.iter().rev().map(number))?;
            let known = series.entry((result.label, result.id)).or_default();
            *known = known.or(value);
        }
        match body.next_token.filter(|token| !token.is_empty()) {
            Some(token) => {
                let next = asked.page(Some(&token))?;
                Ok(Next::Need(page(asked, next, series)))
            }
            None => {
                let named =
                    series.into_iter().map(|((label, id), value)| Ok((format!("{label} ({id})"), value)));
                all_series(named).map(Next::Done)
            }
        }
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    metric_data_results: Vec<DataResult>,
    next_token: Option<String>,
}

/// One series.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DataResult {
    id: String,
    label: String,
    status_code: String,
    values: Vec<Value>,
    messages: Vec<Message>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Message {
    value: String,
}

/// The kind of a refusal and its message, of which either can be missing.
fn complaint(body: &Value) -> Option<String> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let kind = text("__type").map(|kind| kind.rsplit_once('#').map_or(kind, |(_, kind)| kind));
    let said: Vec<&str> = kind.into_iter().chain(text("message").or_else(|| text("Message"))).collect();
    (!said.is_empty()).then(|| said.join(": "))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        self, NOW, asked, every_key, passes, reply, request, secret, source, without_secret,
    };
    use super::*;

    const KEYS: &[(&str, &str)] =
        &[("aws_access_key_id", "AKIDEXAMPLE"), ("aws_secret_access_key", "secret")];
    const QUERY: &str = r#"[{"Id": "errors", "Expression": "100 * failed / all"}]"#;

    #[test]
    fn snap_requests() {
        let elsewhere = Source { query: QUERY.into(), ..without_secret(MetricSystem::CloudWatch, None) };
        insta::assert_snapshot!(asked(&elsewhere, &secret(KEYS)));
        let temporary = [KEYS, &[("aws_session_token", "t0k")]].concat();
        let source = source(MetricSystem::CloudWatch, QUERY);
        let sent = request(&CloudWatch.begin(&source, &secret(&temporary), NOW).unwrap());
        assert_eq!(sent.url, "https://metrics.test/base/");
        assert_eq!(sent.header_value("X-Amz-Security-Token"), Some("t0k"));
        let china = Source { region: Some("cn-north-1".into()), ..elsewhere };
        let sent = request(&CloudWatch.begin(&china, &secret(KEYS), NOW).unwrap());
        assert_eq!(sent.url, "https://monitoring.cn-north-1.amazonaws.com.cn/");
    }

    #[test]
    fn what_cannot_be_asked_says_why() {
        let why = |query: &str, region: &str| {
            let source = Source { region: Some(region.into()), ..source(MetricSystem::CloudWatch, query) };
            CloudWatch.begin(&source, &secret(KEYS), NOW).map(drop).unwrap_err().to_string()
        };
        let list = "the query has to be a list of MetricDataQuery in JSON";
        assert_eq!([why("up", "eu-west-1"), why("[]", "eu-west-1"), why("{}", "eu-west-1")], [list; 3]);
        let region = "the region has to be one of AWS, such as eu-west-1";
        assert_eq!([why(QUERY, ""), why(QUERY, "x.evil.example/")], [region; 2]);
    }

    fn read(body: &Value) -> Result<Reading, String> {
        testing::read(MetricSystem::CloudWatch, 200, &body.to_string())
    }

    fn result(label: &str, values: &[f64]) -> Value {
        json!({"Id": "m", "Label": label, "StatusCode": "Complete", "Timestamps": [], "Values": values})
    }

    #[test]
    fn the_newest_value_of_each_series_counts() {
        let of = |results: &[Value]| read(&json!({"MetricDataResults": results, "Messages": []}));
        assert_eq!(of(&[result("a", &[2.5, 1.0])]), Ok(Some(2.5)));
        let several = json!({"MetricDataResults": [result("b", &[3.0]), result("a", &[1.0])]}).to_string();
        let both = testing::series(&[("a (m)", 1.0), ("b (m)", 3.0)]);
        assert_eq!(testing::read_all(MetricSystem::CloudWatch, 200, &several), Ok(both));
        assert_eq!(of(&[result("b", &[]), result("a", &[1.0])]), Ok(Some(1.0)));
        assert_eq!([of(&[]), of(&[result("a", &[])])], [Ok(None), Ok(None)]);
    }

    #[test]
    fn pages_are_turned_and_the_first_value_of_a_series_stays() {
        let begun = CloudWatch.begin(&source(MetricSystem::CloudWatch, QUERY), &every_key(), NOW).unwrap();
        let next = |exchange: Exchange<MetricResult>, body: Value| {
            exchange.next(&reply(200, &body.to_string())).unwrap()
        };
        let first = json!({"MetricDataResults": [result("a", &[2.0])], "NextToken": "p2"});
        let Next::Need(second) = next(begun, first) else { panic!("there is another page") };
        let sent: Value = serde_json::from_str(&request(&second).body).unwrap();
        assert_eq!((&sent["NextToken"], &sent["MaxDatapoints"]), (&json!("p2"), &json!(20)));
        let last = json!({"MetricDataResults": [result("a", &[1.0])]});
        let Next::Done(value) = next(second, last) else { panic!("there is no other page") };
        assert_eq!(value, MetricResult::Value(2.0));
    }

    #[test]
    fn what_aws_refuses_is_an_error_in_its_words() {
        let error = |status, body: Value| {
            testing::read(MetricSystem::CloudWatch, status, &body.to_string()).unwrap_err()
        };
        let forbidden =
            json!({"Id": "m", "StatusCode": "Forbidden", "Messages": [{"Code": "x", "Value": "not yours"}]});
        assert_eq!(
            [
                error(
                    400,
                    json!({"__type": "com.amazon.coral#ThrottlingException", "message": "Rate\nexceeded"})
                ),
                error(400, json!({"__type": "UnrecognizedClientException"})),
                error(403, json!({"Message": "signature expired"})),
                error(200, json!({"MetricDataResults": [forbidden]})),
                error(200, json!({"MetricDataResults": [{"Values": ["many"]}]})),
                error(200, json!({})),
            ],
            [
                "400: ThrottlingException: Rate exceeded",
                "400: UnrecognizedClientException",
                "403: signature expired",
                "200: Forbidden: not yours",
                "a value in the answer is not a number",
                "the answer is not CloudWatch's JSON",
            ]
        );
        assert_eq!(passes(MetricSystem::CloudWatch, 200, "{}"), Ok(()));
        assert_eq!(passes(MetricSystem::CloudWatch, 400, ""), Err("400 Bad Request".into()));
    }
}
