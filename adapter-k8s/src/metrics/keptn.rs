//! Keptn: its metrics, and its analyses, which are objects of the cluster.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::json;
use serin_core::{revision::Text, spec::MetricSystem, time::Timestamp};

use super::{
    Exchange, Next, Provider, Source, asking,
    reading::{Reading, accepted, json, message_of, refused, written},
};
use crate::{
    cluster::ApiRequest,
    http::{Reply, secret::Secret},
    object::Kind,
};

/// Reads a KeptnMetric, or has an Analysis made.
pub(super) struct Keptn;

/// A value that Keptn fetches itself.
pub(crate) const METRIC: Kind =
    Kind::of(&Kind::names("metrics.keptn.sh", "v1beta1", "KeptnMetric", "keptnmetrics"));
/// A judgement that Keptn makes once.
pub(crate) const ANALYSIS: Kind =
    Kind::of(&Kind::names("metrics.keptn.sh", "v1beta1", "Analysis", "analyses"));

const API: &str = "/apis/metrics.keptn.sh/v1beta1";
/// The window of an analysis that names none: Flagger's.
const DEFAULT_WINDOW: &str = "1m";
/// How long an analysis is waited for before each look at it: ten seconds together, as in Flagger.
const WAITS: &[Duration] =
    &[Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(3), Duration::from_secs(4)];

impl Provider for Keptn {
    fn begin(&self, source: &Source, _secret: &Secret, _now: Timestamp) -> Result<Exchange<Reading>, Text> {
        match Asked::read(&source.query)? {
            Asked::Metric { namespace, name } => {
                asking::check_namespace(source, &namespace)?;
                let path = format!("{API}/namespaces/{namespace}/{}/{name}", METRIC.plural);
                Ok(Exchange::once(ApiRequest::get(path), read))
            }
            Asked::Analysis { namespace, definition, window, arguments } => {
                asking::check_namespace(source, &namespace)?;
                let path = format!("{API}/namespaces/{namespace}/{}", ANALYSIS.plural);
                let analysis = json!({
                    "apiVersion": ANALYSIS.api_version(),
                    "kind": ANALYSIS.kind,
                    "metadata": {"generateName": format!("{definition}-"), "namespace": namespace},
                    "spec": {
                        "analysisDefinition": {"name": definition},
                        "timeframe": {"recent": window},
                        "args": arguments,
                    },
                });
                let created = ApiRequest::create(&*path, analysis);
                Ok(Exchange::new(created, move |reply| {
                    let Object { metadata: Made { name } } = json(reply, MetricSystem::Keptn, message_of)?;
                    if !asking::is_name(&name) {
                        return Err("the analysis has no name that can be in a path".into());
                    }
                    Ok(Next::Need(judged(format!("{path}/{name}"), WAITS)))
                }))
            }
        }
    }

    fn check(&self, _source: &Source, _secret: &Secret, _now: Timestamp) -> Result<Exchange<()>, Text> {
        Ok(Exchange::once(ApiRequest::get(API), |reply| accepted(reply, message_of)))
    }
}

/// Looks at an analysis until it is completed, and then deletes it.
fn judged(path: String, waits: &'static [Duration]) -> Exchange<Reading> {
    let (wait, more) = waits.split_first().map_or((Duration::ZERO, waits), |(wait, more)| (*wait, more));
    let look = ApiRequest::get(&*path);
    let exchange = Exchange::new(look, move |reply| {
        let outcome = match verdict(reply) {
            Ok(None) if !more.is_empty() => return Ok(Next::Need(judged(path, more))),
            Ok(None) => Err("the analysis was not completed in time".into()),
            outcome => outcome,
        };
        Ok(Next::Need(Exchange::new(ApiRequest::delete(&*path), move |_| outcome.map(Next::Done))))
    });
    exchange.after(wait)
}

/// What a query asks for.
#[derive(Debug, PartialEq)]
enum Asked {
    Metric { namespace: String, name: String },
    Analysis { namespace: String, definition: String, window: String, arguments: BTreeMap<String, String> },
}

impl Asked {
    /// Reads `keptnmetric/<namespace>/<name>` or `analysis/<namespace>/<definition>[/<window>[/<name>=<value>;…]]`.
    fn read(query: &str) -> Result<Self, Text> {
        let wrong = || {
            Text::from(
                "the query has to be keptnmetric/<namespace>/<name> or \
                 analysis/<namespace>/<definition>[/<window>[/<name>=<value>;…]]",
            )
        };
        let query = query.trim().to_ascii_lowercase();
        let parts: Vec<&str> = query.splitn(5, '/').collect();
        let &[kind, namespace, name, ref rest @ ..] = parts.as_slice() else { return Err(wrong()) };
        if !asking::is_name(namespace) || !asking::is_name(name) {
            return Err(wrong());
        }
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        match (kind, rest) {
            ("keptnmetric" | "keptnmetrics", _) => Ok(Self::Metric { namespace, name }),
            ("analysis" | "analyses", rest) => {
                let window = rest.first().filter(|window| !window.is_empty());
                let window = window.copied().unwrap_or(DEFAULT_WINDOW).to_owned();
                let pairs = rest.get(1).into_iter().flat_map(|pairs| pairs.split(';'));
                let pairs = pairs.filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('='));
                let pair = |pair: Option<(&str, &str)>| pair.map(|(name, value)| (name.into(), value.into()));
                let arguments = pairs.map(pair).collect::<Option<_>>().ok_or_else(wrong)?;
                Ok(Self::Analysis { namespace, definition: name, window, arguments })
            }
            _ => Err(wrong()),
        }
    }
}

/// An object, as far as it is read.
#[derive(Deserialize)]
struct Object<M> {
    metadata: M,
}

/// What an object is called that the API server has named.
#[derive(Deserialize)]
struct Made {
    name: String,
}

#[derive(Deserialize)]
struct Metric {
    #[serde(default)]
    status: MetricStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MetricStatus {
    value: String,
    err_msg: String,
}

fn read(reply: &Reply) -> Result<Reading, Text> {
    let Metric { status } = json(reply, MetricSystem::Keptn, message_of)?;
    if !status.err_msg.is_empty() {
        return Err(refused(reply, &status.err_msg).into());
    }
    if status.value.is_empty() { Ok(None) } else { written(&status.value) }
}

#[derive(Deserialize)]
struct Analysis {
    #[serde(default)]
    status: AnalysisStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AnalysisStatus {
    state: String,
    pass: bool,
}

/// 1 if an analysis has passed, 0 if it has not; `None` if it is not completed.
fn verdict(reply: &Reply) -> Result<Reading, Text> {
    let Analysis { status } = json(reply, MetricSystem::Keptn, message_of)?;
    Ok((status.state == "Completed").then(|| f64::from(u8::from(status.pass))))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::Value;

    use super::super::{
        Need, ask,
        testing::{self, NOW, api_request, passes, reply, systems_at, without_secret},
    };
    use super::*;
    use crate::http::tests::{reply as served, server};
    use serin_core::question::MetricResult;

    fn source(query: &str) -> Source {
        Source { query: query.into(), ..without_secret(MetricSystem::Keptn, None) }
    }

    fn begun(query: &str) -> Exchange<Reading> {
        Keptn.begin(&source(query), &Secret::default(), NOW).unwrap()
    }

    #[test]
    fn a_metric_is_read_where_keptn_keeps_it() {
        for query in ["keptnmetric/shop/errors", "KeptnMetrics/shop/errors/5m/app=web\n"] {
            let path = "/apis/metrics.keptn.sh/v1beta1/namespaces/shop/keptnmetrics/errors";
            assert_eq!(api_request(&begun(query)), ApiRequest::get(path));
        }
        let of =
            |status: Value| testing::read(MetricSystem::Keptn, 200, &json!({"status": status}).to_string());
        assert_eq!(of(json!({"value": "2.5"})), Ok(Some(2.5)));
        assert_eq!([of(json!({})), of(json!({"value": ""}))], [Ok(None), Ok(None)]);
        assert_eq!(of(json!({"value": "many"})), Err("a value in the answer is not a number".into()));
        assert_eq!(of(json!({"value": "1", "errMsg": "no\nprovider"})), Err("200: no provider".into()));
        let absent =
            testing::read(MetricSystem::Keptn, 404, r#"{"message": "keptnmetrics \"errors\" not found"}"#);
        assert_eq!(absent, Err("404: keptnmetrics \"errors\" not found".into()));
    }

    #[test]
    fn a_query_says_what_it_has_to_be() {
        let why = "the query has to be keptnmetric/<namespace>/<name> or \
                   analysis/<namespace>/<definition>[/<window>[/<name>=<value>;…]]";
        for query in [
            "",
            "keptnmetric",
            "keptnmetric/shop",
            "metric/shop/a",
            "keptnmetric/../a",
            "analysis/shop/a/1m/b",
            "analysis//a",
        ] {
            assert_eq!(Asked::read(query), Err(why.into()), "{query}");
        }
    }

    /// What an exchange needs after a reply, or how it ends.
    fn after(
        exchange: Exchange<Reading>,
        status: u16,
        body: &Value,
    ) -> Result<Result<Exchange<Reading>, Reading>, Text> {
        exchange.next(&reply(status, &body.to_string())).map(|next| match next {
            Next::Need(exchange) => Ok(exchange),
            Next::Done(reading) => Err(reading),
        })
    }

    fn looked(exchange: Exchange<Reading>, body: &Value) -> Exchange<Reading> {
        after(exchange, 200, body).unwrap().unwrap_or_else(|reading| panic!("{reading:?}"))
    }

    #[test]
    fn an_analysis_is_created_looked_at_until_it_is_completed_and_deleted() {
        let created = begun("analysis/shop/release/5m/app=web;stage=prod");
        let api = "/apis/metrics.keptn.sh/v1beta1/namespaces/shop/analyses";
        let asked = api_request(&created);
        assert_eq!((&asked.method, &*asked.path), (&Method::POST, api));
        let spec = json!({
            "analysisDefinition": {"name": "release"},
            "timeframe": {"recent": "5m"},
            "args": {"app": "web", "stage": "prod"},
        });
        assert_eq!(asked.body.unwrap()["spec"], spec);
        let look = looked(created, &json!({"metadata": {"name": "release-x1"}}));
        let path = format!("{api}/release-x1");
        assert_eq!((api_request(&look), look.wait().as_secs()), (ApiRequest::get(&*path), 1));
        let look = looked(look, &json!({"status": {"state": "Progressing"}}));
        assert_eq!((api_request(&look), look.wait().as_secs()), (ApiRequest::get(&*path), 2));
        let delete = looked(look, &json!({"status": {"state": "Completed", "pass": true}}));
        assert_eq!(*delete.need(), Need::Api(ApiRequest::delete(&*path)));
        assert_eq!(after(delete, 200, &json!({})).unwrap().err(), Some(Some(1.0)));
    }

    #[test]
    fn an_analysis_that_ends_badly_or_not_at_all_is_deleted_as_well() {
        let last = |body: Value, status: u16| {
            let look = judged("/apis/x".into(), &WAITS[3..]);
            let delete = after(look, status, &body).unwrap().unwrap_or_else(|reading| panic!("{reading:?}"));
            assert_eq!(*delete.need(), Need::Api(ApiRequest::delete("/apis/x")));
            after(delete, 404, &json!({})).map(|next| next.err().flatten()).map_err(|why| why.to_string())
        };
        assert_eq!(last(json!({"status": {"state": "Completed"}}), 200), Ok(Some(0.0)));
        assert_eq!(
            last(json!({"status": {"state": "Pending"}}), 200),
            Err("the analysis was not completed in time".into())
        );
        assert_eq!(last(json!({"message": "gone"}), 500), Err("500: gone".into()));
    }

    #[tokio::test]
    async fn a_metric_is_read_at_the_api_server() {
        let (url, serving) = server(vec![served("200 OK", "", r#"{"status": {"value": "2.5"}}"#)]).await;
        let answer =
            ask(&systems_at(&url), &source("keptnmetric/shop/errors"), &Secret::default(), NOW).await;
        assert_eq!(answer, MetricResult::value(2.5));
        let path = "/apis/metrics.keptn.sh/v1beta1/namespaces/shop/keptnmetrics/errors";
        assert!(serving.await.unwrap()[0].starts_with(&format!("GET {path} HTTP/1.1\r\n")));
    }

    #[test]
    fn keptn_answers_where_its_api_is_served() {
        assert_eq!(passes(MetricSystem::Keptn, 200, "{}"), Ok(()));
        assert_eq!(
            passes(MetricSystem::Keptn, 404, "404 page not found"),
            Err("404 Not Found: 404 page not found".into())
        );
    }
}
