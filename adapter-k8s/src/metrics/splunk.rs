//! Splunk Observability: SignalFlow programs, answered as a stream of events.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use serin_core::{question::MetricResult, revision::Text, time::Timestamp};

use super::{
    Exchange, Provider, Source, asking,
    reading::{Reading, accepted, all_series, by_labels, message_of, number, refused},
};
use crate::http::{Reply, secret::Secret};

/// Runs a program over the last ten intervals.
pub(super) struct Splunk;

impl Provider for Splunk {
    fn begin(
        &self,
        source: &Source,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Exchange<MetricResult>, Text> {
        let mut url = at(source, "stream", "/v2/signalflow/execute")?;
        // With an end, the stream ends; what comes late is not waited for.
        url.query_pairs_mut()
            .append_pair("start", &asking::window_start(source, now).as_millis().to_string())
            .append_pair("stop", &now.as_millis().to_string())
            .append_pair("immediate", "true");
        let own = [token(secret), ("Content-Type", "text/plain".to_owned())];
        let program = source.query.trim().to_owned();
        Ok(Exchange::once(asking::post(source, url, &own, program), read))
    }

    fn check(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Exchange<()>, Text> {
        let mut url = at(source, "api", "/v2/metric")?;
        url.query_pairs_mut().append_pair("limit", "1");
        let request = asking::get(source, url, &[token(secret)]);
        Ok(Exchange::once(request, |reply| accepted(reply, message_of)))
    }
}

fn token(secret: &Secret) -> (&'static str, String) {
    ("X-SF-Token", secret.at("sf_token_key").unwrap_or_default().to_owned())
}

/// The address of one of Splunk's two servers, of which the template names either.
fn at(source: &Source, server: &str, path: &str) -> Result<Url, Text> {
    let url = asking::url(source, path)?;
    // Flagger's users may have written the address of a web socket.
    let scheme = match url.scheme() {
        "ws" => "http",
        "wss" => "https",
        scheme => scheme,
    };
    let host = url.host_str().unwrap_or_default();
    let host = match host.split_once('.') {
        Some(("api" | "stream", realm)) => format!("{server}.{realm}"),
        Some(_) | None => host.to_owned(),
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let there = Url::parse(&format!("{scheme}://{host}{port}{}", url.path()));
    there.map_err(|error| Text::from(error.to_string()))
}

/// The newest value of each series, by its properties. Flagger refuses several series.
fn read(reply: &Reply) -> Result<MetricResult, Text> {
    accepted(reply, message_of)?;
    let text = std::str::from_utf8(&reply.body).map_err(|_| not_events())?;
    let mut series: BTreeMap<String, Series> = BTreeMap::new();
    let mut is_stream = false;
    for event in events(text) {
        is_stream |= !event.name.is_empty();
        match event.name {
            "metadata" => {
                let Metadata { ts_id, properties } = event.data()?;
                series.entry(ts_id).or_default().properties = properties;
            }
            "data" => {
                let Points { data } = event.data()?;
                for Point { ts_id, value } in data {
                    let known = series.entry(ts_id).or_default();
                    known.value = number(&value)?.or(known.value);
                }
            }
            "error" => {
                let said = message_of(&event.data()?);
                return Err(refused(reply, &said.unwrap_or_else(|| "the program failed".into())).into());
            }
            _ => {}
        }
    }
    if !is_stream {
        return Err(not_events());
    }
    all_series(series.into_iter().map(|(id, series)| Ok((series.name(id), series.value))))
}

fn not_events() -> Text {
    "the answer is no stream of events".into()
}

/// A series, as far as it is known.
#[derive(Default)]
struct Series {
    properties: serde_json::Map<String, Value>,
    value: Reading,
}

impl Series {
    /// Its properties without Splunk's own; its id if it has none.
    fn name(&self, id: String) -> String {
        let texts = self.properties.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        let mut own = texts.filter(|(name, _)| !name.starts_with("sf_")).peekable();
        if own.peek().is_some() { by_labels(own) } else { id }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    ts_id: String,
    #[serde(default)]
    properties: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
struct Points {
    data: Vec<Point>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Point {
    ts_id: String,
    value: Value,
}

/// A server-sent event: its name, and the lines of its data.
struct Event<'a> {
    name: &'a str,
    lines: Vec<&'a str>,
}

impl Event<'_> {
    fn data<T: serde::de::DeserializeOwned>(&self) -> Result<T, Text> {
        serde_json::from_str(&self.lines.join("\n")).map_err(|_| not_events())
    }
}

/// The events of a stream: empty lines are between them.
fn events(text: &str) -> impl Iterator<Item = Event<'_>> {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        lines.peek()?;
        let mut event = Event { name: "", lines: Vec::new() };
        for line in lines.by_ref().take_while(|line| !line.is_empty()) {
            match line.split_once(':').map(|(field, value)| (field, value.strip_prefix(' ').unwrap_or(value)))
            {
                Some(("event", name)) => event.name = name,
                Some(("data", data)) => event.lines.push(data),
                Some(_) | None => {}
            }
        }
        Some(event)
    })
}

#[cfg(test)]
mod tests {
    use serin_core::spec::MetricSystem;

    use super::super::testing::{self, asked, checked, passes, secret, source, without_secret};
    use super::*;

    const KEYS: &[(&str, &str)] = &[("sf_token_key", "t0p")];

    #[test]
    fn snap_requests() {
        let program = "data('errors', filter=filter('app', 'web')).sum().publish()\n";
        let source = Source {
            query: program.into(),
            ..without_secret(MetricSystem::Splunk, Some("https://api.us1.signalfx.com"))
        };
        insta::assert_snapshot!(asked(&source, &secret(KEYS)), @r"
        POST https://stream.us1.signalfx.com/v2/signalflow/execute?start=1769860200000&stop=1769860800000&immediate=true
        X-SF-Token: t0p
        Content-Type: text/plain
        data('errors', filter=filter('app', 'web')).sum().publish()
        (within 5s, stays)
        ");
        let socket = without_secret(MetricSystem::Splunk, Some("wss://stream.us1.signalfx.com"));
        insta::assert_snapshot!(checked(&socket, &secret(KEYS)), @r"
        GET https://api.us1.signalfx.com/v2/metric?limit=1
        X-SF-Token: t0p

        (within 5s, stays)
        ");
    }

    #[test]
    fn another_address_is_left_as_it_is() {
        let there = at(&source(MetricSystem::Splunk, "q"), "stream", "/v2/x").unwrap();
        assert_eq!(there.as_str(), "https://metrics.test/base/v2/x");
        let port = without_secret(MetricSystem::Splunk, Some("http://127.0.0.1:8080/"));
        assert_eq!(at(&port, "api", "/v2/x").unwrap().as_str(), "http://127.0.0.1:8080/v2/x");
    }

    fn read(body: &str) -> Result<Reading, String> {
        testing::read(MetricSystem::Splunk, 200, body)
    }

    const START: &str = "event: control-message\ndata: {\ndata:   \"event\" : \"STREAM_START\"\ndata: }\n\n";

    fn metadata(id: &str, app: &str) -> String {
        format!(
            "event: metadata\ndata: {{\"tsId\": \"{id}\", \"properties\": {{\"app\": \"{app}\", \"sf_type\": \"m\", \"n\": 1}}}}\n\n"
        )
    }

    fn points(values: &[(&str, &str)]) -> String {
        let points = values.iter().map(|(id, value)| format!("{{\"tsId\": \"{id}\", \"value\": {value}}}"));
        let points = points.collect::<Vec<_>>().join(", ");
        format!(
            "event: data\nid: data-1\ndata: {{\ndata:  \"data\": [{points}],\ndata:  \"logicalTimestampMs\": 1\ndata: }}\n\n"
        )
    }

    #[test]
    fn the_newest_value_of_each_series_counts() {
        let (a, b) = (metadata("z", "a"), metadata("y", "b"));
        let one =
            [START, &a, &points(&[("z", "1")]), &points(&[("z", "2.5")]), &points(&[("z", "null")])].concat();
        assert_eq!(read(&one), Ok(Some(2.5)));
        let several = [START, &b, &a, &points(&[("z", "1"), ("y", "2"), ("x", "3")])].concat();
        let by_name = testing::series(&[(r#"{app="a"}"#, 1.0), (r#"{app="b"}"#, 2.0), ("x", 3.0)]);
        assert_eq!(testing::read_all(MetricSystem::Splunk, 200, &several), Ok(by_name));
        assert_eq!(read(&[START, &a].concat()), Ok(None));
        assert_eq!(read(START), Ok(None));
    }

    #[test]
    fn what_splunk_refuses_is_an_error_in_its_words() {
        let failed =
            [START, "event: error\ndata: {\"error\": 400, \"message\": \"no\\nsuch function\"}\n\n"].concat();
        let refused = testing::read(MetricSystem::Splunk, 401, r#"{"code": 401, "message": "Unauthorized"}"#);
        assert_eq!(
            [
                read(&failed),
                refused,
                read("<html>"),
                read("event: data\ndata: {\n\n"),
                read(&points(&[("z", "\"x\"")]))
            ],
            [
                "200: no such function",
                "401: Unauthorized",
                "the answer is no stream of events",
                "the answer is no stream of events",
                "a value in the answer is not a number",
            ]
            .map(|why| Err(why.into()))
        );
        assert_eq!(passes(MetricSystem::Splunk, 200, "{}"), Ok(()));
    }
}
