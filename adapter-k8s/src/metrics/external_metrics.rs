//! The external metrics API of Kubernetes: of the cluster itself, or at an address that answers like it.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use serin_core::{question::MetricResult, revision::Text, spec::MetricSystem, time::Timestamp};

use super::{
    Exchange, Need, Provider, Source, asking,
    quantity::quantity,
    reading::{NO_NUMBER, accepted, all_series, by_labels, json, message_of},
};
use crate::{cluster::ApiRequest, http::secret::Secret, object::Kind};

/// Lists the values of one metric in a namespace.
pub(super) struct ExternalMetrics;

/// Any metric: each has a name of its own in the API.
pub(crate) const METRIC: Kind =
    Kind::of(&Kind::names("external.metrics.k8s.io", "v1beta1", "ExternalMetricValueList", "*"));

const API: &str = "/apis/external.metrics.k8s.io/v1beta1";
/// Flagger's namespace for a metric that names none.
const DEFAULT_NAMESPACE: &str = "default";

impl Provider for ExternalMetrics {
    fn begin(
        &self,
        source: &Source,
        secret: &Secret,
        _now: Timestamp,
    ) -> Result<Exchange<MetricResult>, Text> {
        let Asked { namespace, metric, selector } = Asked::read(&source.query)?;
        asking::check_namespace(source, namespace)?;
        let path = format!("{API}/namespaces/{namespace}/{metric}");
        Ok(Exchange::once(need(source, secret, &path, selector.as_deref())?, read))
    }

    fn check(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Exchange<()>, Text> {
        Ok(Exchange::once(need(source, secret, API, None)?, |reply| accepted(reply, message_of)))
    }
}

fn need(source: &Source, secret: &Secret, path: &str, selector: Option<&str>) -> Result<Need, Text> {
    let select = |url: &mut Url| {
        if let Some(selector) = selector {
            url.query_pairs_mut().append_pair("labelSelector", selector);
        }
    };
    if source.address.is_some() {
        let mut url = asking::url(source, path)?;
        select(&mut url);
        return Ok(asking::get(source, url, asking::bearer(secret).as_slice()).into());
    }
    if source.secret.is_some() {
        return Err("secretRef needs an address: the cluster is asked with the controller's rights".into());
    }
    // Only to write the query as a URL does.
    let mut url = Url::parse("http://cluster").map_err(|error| Text::from(error.to_string()))?;
    url.set_path(path);
    select(&mut url);
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Ok(ApiRequest::get(format!("{}{query}", url.path())).into())
}

/// What a query asks for.
struct Asked<'a> {
    namespace: &'a str,
    metric: &'a str,
    selector: Option<String>,
}

impl<'a> Asked<'a> {
    /// Reads `[<namespace>/]<metric>[?labelSelector=<selector>]`.
    fn read(query: &'a str) -> Result<Self, Text> {
        let wrong = || Text::from("the query has to be [<namespace>/]<metric>[?labelSelector=<selector>]");
        let (name, parameters) = query.trim().split_once('?').unwrap_or((query.trim(), ""));
        let (namespace, metric) = name.split_once('/').unwrap_or((DEFAULT_NAMESPACE, name));
        if !asking::is_name(namespace) || !asking::is_name(metric) {
            return Err(wrong());
        }
        let mut selector = None;
        // Only to read the parameters as a URL's.
        let url = Url::parse(&format!("http://cluster?{parameters}")).map_err(|_| wrong())?;
        for (name, value) in url.query_pairs() {
            if name != "labelSelector" || selector.is_some() {
                return Err(wrong());
            }
            selector = Some(value.into_owned());
        }
        Ok(Self { namespace, metric, selector })
    }
}

#[derive(Deserialize)]
struct List {
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(default)]
    metric_labels: BTreeMap<String, String>,
    value: Value,
}

/// The value of each series, by its labels. Flagger takes the first.
fn read(reply: &crate::http::Reply) -> Result<MetricResult, Text> {
    let list: List = json(reply, MetricSystem::ExternalMetrics, message_of)?;
    let values = list.items.into_iter().map(|item| {
        let value = match &item.value {
            Value::String(text) => Some(quantity(text).ok_or_else(|| Text::from(NO_NUMBER))?),
            Value::Null => None,
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                return Err(NO_NUMBER.into());
            }
        };
        Ok((by_labels(item.metric_labels), value))
    });
    all_series(values)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{
        reading::Reading,
        testing::{self, NOW, api_request, asked, checked, passes, secret, source, without_secret},
    };
    use super::*;

    #[test]
    fn snap_requests() {
        let source =
            source(MetricSystem::ExternalMetrics, "shop/queue_depth?labelSelector=app%3Dweb,tier!=x\n");
        insta::assert_snapshot!(asked(&source, &secret(&[("token", "t0p")])), @r"
        GET https://metrics.test/base/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue_depth?labelSelector=app%3Dweb%2Ctier%21%3Dx
        Authorization: Bearer t0p

        (within 5s, stays)
        ");
        insta::assert_snapshot!(checked(&source, &Secret::default()), @r"
        GET https://metrics.test/base/apis/external.metrics.k8s.io/v1beta1

        (within 5s, stays)
        ");
    }

    fn of_cluster(query: &str) -> Result<ApiRequest, String> {
        let source = Source { query: query.into(), ..without_secret(MetricSystem::ExternalMetrics, None) };
        let begun = ExternalMetrics.begin(&source, &Secret::default(), NOW);
        begun.map(|exchange| api_request(&exchange)).map_err(|why| why.to_string())
    }

    #[test]
    fn without_an_address_the_api_server_is_asked() {
        let path = |query| of_cluster(query).map(|request| request.path);
        let api = "/apis/external.metrics.k8s.io/v1beta1/namespaces";
        assert_eq!(path("queue_depth"), Ok(format!("{api}/default/queue_depth")));
        let selected = "shop/queue:depth?labelSelector=app%20in%20(a,b)";
        assert_eq!(path(selected), Ok(format!("{api}/shop/queue:depth?labelSelector=app+in+%28a%2Cb%29")));
        let both = source(MetricSystem::ExternalMetrics, "q");
        let refused = ExternalMetrics.begin(&Source { address: None, ..both }, &Secret::default(), NOW);
        let why = "secretRef needs an address: the cluster is asked with the controller's rights";
        assert_eq!(refused.map(drop), Err(why.into()));
    }

    #[test]
    fn a_query_leads_to_no_other_path() {
        let why = "the query has to be [<namespace>/]<metric>[?labelSelector=<selector>]";
        for query in [
            "",
            "a/b/c",
            "../secrets",
            "..",
            "a b",
            "a%2f..",
            "a?limit=1",
            "a?labelSelector=a&labelSelector=b",
            "a#b",
            "/a",
        ] {
            assert_eq!(of_cluster(query), Err(why.into()), "{query}");
        }
    }

    #[test]
    fn other_namespaces_are_refused_where_references_to_them_are() {
        let asked = |query: &str| {
            let within = Some("shop".into());
            let source =
                Source { query: query.into(), within, ..without_secret(MetricSystem::ExternalMetrics, None) };
            ExternalMetrics.begin(&source, &Secret::default(), NOW).map(drop)
        };
        assert_eq!(asked("shop/queue"), Ok(()));
        let why = "the query names the namespace default; only shop is allowed (-no-cross-namespace-refs)";
        assert_eq!(asked("queue"), Err(why.into()));
    }

    fn read(items: &Value) -> Result<Reading, String> {
        testing::read(MetricSystem::ExternalMetrics, 200, &json!({"items": items}).to_string())
    }

    #[test]
    fn the_value_of_each_series_is_a_quantity() {
        let item = |app: &str, value: Value| json!({"metricName": "q", "metricLabels": {"app": app}, "value": value});
        assert_eq!(read(&json!([])), Ok(None));
        assert_eq!(read(&json!([item("a", json!("97300m"))])), Ok(Some(97.3)));
        let several = json!({"items": [item("b", json!("2")), item("a", json!("1"))]}).to_string();
        let both = testing::series(&[(r#"{app="a"}"#, 1.0), (r#"{app="b"}"#, 2.0)]);
        assert_eq!(testing::read_all(MetricSystem::ExternalMetrics, 200, &several), Ok(both));
        assert_eq!(
            read(&json!([item("a", json!("many"))])),
            Err("a value in the answer is not a number".into())
        );
    }

    #[test]
    fn what_the_api_server_refuses_is_an_error_in_its_words() {
        let status =
            json!({"kind": "Status", "message": "the server could not find\nthe metric q", "code": 404});
        let refused = testing::read(MetricSystem::ExternalMetrics, 404, &status.to_string());
        assert_eq!(refused, Err("404: the server could not find the metric q".into()));
        assert_eq!(passes(MetricSystem::ExternalMetrics, 200, "{}"), Ok(()));
        let absent = passes(MetricSystem::ExternalMetrics, 404, "404 page not found");
        assert_eq!(absent, Err("404 Not Found: 404 page not found".into()));
    }
}
