use serde_json::json;
use serin_core::{
    provider::ROUTERS,
    spec::{MetricTemplate, SHIPPED_TEMPLATES, raw},
};

use super::*;
use crate::{
    http::{Request, secret::Secret},
    settings::Settings,
    tests::subject,
};

/// Every metric of a Canary, with a template for those that name one.
fn sources(provider: &str, kind: &str, metrics: &str, template: &str) -> Vec<Result<Source, Text>> {
    let (subject, rollout) = subject(&format!(
        "{{provider: '{provider}', targetRef: {{apiVersion: apps/v1, kind: {kind}, name: shop}}, \
         service: {{name: front, port: 80, meshName: mesh, gatewayRefs: [{{name: gw}}]}}, routeRef: {{name: shop}}, ingressRef: {{apiVersion: networking.k8s.io/v1, kind: Ingress, name: door-a}}, \
         analysis: {{interval: 1m, threshold: 1, iterations: 1, metrics: {metrics}}}}}"
    ));
    let head =
        "{apiVersion: flagger.app/v1beta1, kind: MetricTemplate, metadata: {name: t, namespace: ops}, spec: ";
    let template = serde_yaml::from_str::<raw::MetricTemplate>(&format!("{head}{template}}}"))
        .ok()
        .and_then(|raw| MetricTemplate::parse(&raw).ok());
    rollout.metrics().iter().map(|metric| Source::of(&subject, metric, template.as_ref())).collect()
}

fn queries(provider: &str, kind: &str, metrics: &str) -> Vec<String> {
    let sources = sources(provider, kind, metrics, "{}");
    sources
        .into_iter()
        .map(|source| source.unwrap())
        .map(|source| {
            if source.scale == 1.0 {
                source.query
            } else {
                format!("{}  (times {})", source.query, source.scale)
            }
        })
        .collect()
}

const BUILT_IN: &str = "[{name: request-success-rate}, {name: request-duration, interval: 30s}]";

#[test]
fn snap_built_in_queries_of_every_provider() {
    let mut told = String::new();
    for provider in ROUTERS.iter().map(|router| router.name) {
        for query in queries(provider, "Deployment", BUILT_IN) {
            told.push_str(&format!("{provider:18} {query}\n"));
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn snap_shipped_templates_of_four_providers() {
    let metrics: Vec<String> = SHIPPED_TEMPLATES.iter().map(|name| format!("{{name: {name}}}")).collect();
    let metrics = format!("[{}]", metrics.join(", "));
    let mut told = String::new();
    for provider in ["istio", "gatewayapi:v1", "kubernetes", "nginx"] {
        for (name, query) in SHIPPED_TEMPLATES.iter().zip(queries(provider, "Deployment", &metrics)) {
            told.push_str(&format!("{provider:13} {name:12} {query}\n"));
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_service_has_no_pods_and_a_daemon_set_has_its_own() {
    assert_eq!(queries("kubernetes", "Service", BUILT_IN), queries("istio", "Deployment", BUILT_IN));
    assert_eq!(
        queries("gatewayapi:v1", "Service", BUILT_IN),
        queries("gatewayapi:v1", "Deployment", BUILT_IN)
    );
    let daemons = &queries("gatewayapi:v1", "DaemonSet", BUILT_IN)[0];
    assert!(daemons.contains(r#"kubernetes_pod_name=~"shop-[0-9a-zA-Z]+","#), "{daemons}");
}

#[test]
fn a_query_of_ones_own_is_filled_in_and_asked_at_the_canarys_server() {
    let metrics = r#"[{name: a, query: "x{a='{{ name }}.{{ namespace }}', b='{{ ingress }}', c='{{ route }}'} # {{ service }}\n / y[{{ interval }}]"}]"#;
    let source = sources("istio", "Deployment", metrics, "{}").remove(0).unwrap();
    assert_eq!(source.query, "x{a='store.test', b='door-a', c='shop'} # front\n / y[1m]");
    assert_eq!(source.address.unwrap().reveal(), Settings::default().metrics_server);
}

#[test]
fn a_template_says_what_is_asked_and_where() {
    let metrics = "[{name: a, templateRef: {name: t, namespace: ops}, templateVariables: {path: /cart}}]";
    let template = "{provider: {type: prometheus, address: 'http://p:9090/x/', headers: {X-Scope: [a, b]}, \
                    insecureSkipVerify: true, secretRef: {name: s}}, query: 'up{a=\"{{ variables.path }}\"}'}";
    let source = sources("istio", "Deployment", metrics, template).remove(0).unwrap();
    let secret = Secret::new([("token".into(), "t0p".into())]);
    let request = request(&source, &secret).unwrap();
    assert_eq!(request.url, "http://p:9090/x/api/v1/query?query=up%7Ba%3D%22%2Fcart%22%7D");
    let headers: Vec<_> =
        request.headers.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
    assert_eq!(headers, [("X-Scope", "a"), ("X-Scope", "b"), ("Authorization", "Bearer t0p")]);
    assert!(request.insecure);
    assert_eq!(source.secret, Some(("ops".into(), "s".into())));
    assert_eq!(format!("{request:?} {secret:?}"), r#"GET http://p:9090/x/api/v1/query {"token": ***}"#);
}

/// The first request that a source is asked with.
fn request(source: &Source, secret: &Secret) -> Result<Request, Text> {
    let exchange = provider(source, secret)?.begin(source, secret, Timestamp::default())?;
    Ok(testing::request(&exchange))
}

#[test]
fn credentials_are_a_token_or_a_user_with_a_password() {
    let metrics = "[{name: a, templateRef: {name: t, namespace: ops}}]";
    let template = "{provider: {type: prometheus, address: 'http://p', headers: {Authorization: [old]}, \
                    secretRef: {name: s}}, query: up}";
    let source = sources("istio", "Deployment", metrics, template).remove(0).unwrap();
    let sent = |keys: &[(&str, &str)]| {
        let secret = Secret::new(keys.iter().map(|(key, value)| ((*key).into(), (*value).into())));
        request(&source, &secret).map(|request| {
            request.headers.iter().map(|(_, value)| value.reveal().to_owned()).collect::<Vec<_>>()
        })
    };
    assert_eq!(sent(&[("username", "me"), ("password", "pass")]), Ok(vec!["Basic bWU6cGFzcw==".into()]));
    let needs = "Secret s has to hold `token`, or `username` and `password`";
    assert_eq!(sent(&[("username", "me")]), Err(needs.into()));
}

#[test]
fn what_cannot_be_asked_says_why() {
    let metrics = "[{name: a, templateRef: {name: t, namespace: ops}}, {name: b, query: '{{ nmae }}'}]";
    let why = |template| {
        sources("istio", "Deployment", metrics, template)
            .into_iter()
            .map(|source| source.map(|source| source.query).map_err(|why| why.to_string()))
            .collect::<Vec<_>>()
    };
    let names = "ingress, interval, name, namespace, route, service, target, variables";
    let misspelt = Err(format!("query template, line 1: there is no `nmae`; there are {names}"));
    let missing = "MetricTemplate t.ops does not exist: create it, or correct the templateRef of the metric";
    assert_eq!(why("{}"), [Err(missing.into()), misspelt.clone()]);
    let template = "{provider: {type: prometheus, address: a}, query: '{{ variables.x }}'}";
    let missing = "MetricTemplate t.ops: query template, line 1: there is no `x`";
    assert_eq!(why(template), [Err(missing.into()), misspelt]);
}

fn read(status: u16, body: &serde_json::Value) -> Result<MetricResult, String> {
    testing::read_all(MetricSystem::Prometheus, status, &body.to_string())
}

fn vector(samples: &[(&str, &str)]) -> Result<MetricResult, String> {
    let result: Vec<_> =
        samples.iter().map(|(label, value)| json!({"metric": {"a": label}, "value": [1.5, value]})).collect();
    read(200, &json!({"status": "success", "data": {"resultType": "vector", "result": result}}))
}

#[test]
fn an_answer_is_a_value_or_none_or_several_by_their_labels() {
    let value = |value| Ok(MetricResult::Value(value));
    assert_eq!(vector(&[("x", "99.5")]), value(99.5));
    assert_eq!(vector(&[]), Ok(MetricResult::NoData));
    assert_eq!(vector(&[("x", "NaN")]), Ok(MetricResult::NoData));
    assert_eq!(vector(&[("x", "+Inf")]), value(f64::INFINITY));
    assert_eq!(vector(&[("x", "1"), ("y", "NaN")]), value(1.0));
    let both = Ok(testing::series(&[(r#"{a="x"}"#, 1.0), (r#"{a="y"}"#, 2.0)]));
    assert_eq!([vector(&[("y", "2"), ("x", "1")]), vector(&[("x", "1"), ("y", "2")])], [both.clone(), both]);
    let scalar = json!({"status": "success", "data": {"resultType": "scalar", "result": [1, "7"]}});
    assert_eq!(read(200, &scalar), value(7.0));
}

#[test]
fn a_series_is_named_as_prometheus_writes_it() {
    let up = json!({"metric": {"job": "a \"b\"\n", "__name__": "up", "zone": "x"}, "value": [1.5, "0"]});
    let down = json!({"metric": {"__name__": "up"}, "value": [1.5, "1"]});
    let body = json!({"data": {"resultType": "vector", "result": [up, down]}});
    let named = testing::series(&[("up{job=\"a \\\"b\\\"\\n\", zone=\"x\"}", 0.0), ("up{}", 1.0)]);
    assert_eq!(read(200, &body), Ok(named));
}

#[test]
fn what_is_no_answer_is_an_error_that_says_so() {
    let matrix = json!({"status": "success", "data": {"resultType": "matrix", "result": []}});
    let refused = json!({"status": "error", "errorType": "bad_data", "error": "parse error:\n unexpected }"});
    let page = testing::read_all(MetricSystem::Prometheus, 502, "<html>\nbad");
    assert_eq!(
        [read(200, &matrix), read(400, &refused), read(200, &json!("x")), vector(&[("x", "many")]), page,],
        [
            "the query gives a range of values; it has to give one",
            "400: parse error: unexpected }",
            "the answer is not Prometheus's JSON",
            "a value in the answer is not a number",
            "502 Bad Gateway: <html> bad",
        ]
        .map(|why| Err(why.into()))
    );
}

/// The MetricTemplates in the sections of the page on metrics about systems, each with the Secret that is shown beside it.
fn documented() -> Vec<(MetricTemplate, Secret)> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, sections) = page.split_once("\n## Metric systems\n").unwrap();
    let (sections, _) = sections.split_once("\n## ").unwrap();
    let blocks = sections.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let pairs = blocks.map(|block| {
        let (secret, template) = block.split_once("---\n").unwrap_or(("{}", block));
        let secret: serde_json::Value = serde_yaml::from_str(secret).unwrap();
        let template = MetricTemplate::parse(&serde_yaml::from_str(template).unwrap()).unwrap();
        assert_eq!(secret["metadata"]["name"].as_str(), template.secret.as_deref());
        let keys: std::collections::BTreeMap<String, String> =
            serde_json::from_value(secret["stringData"].clone()).unwrap_or_default();
        // What is left to be filled in is a number where one is needed.
        let filled =
            keys.into_iter().map(|(key, value)| (key, value.replace("<number of the account>", "4711")));
        (template, Secret::new(filled))
    });
    pairs.collect()
}

#[test]
fn the_documented_template_of_every_system_is_asked() {
    let (subject, rollout) = subject(
        "{targetRef: {apiVersion: apps/v1, kind: Deployment, name: web-app}, service: {port: 80}, \
         analysis: {interval: 1m, threshold: 1, iterations: 1, \
         metrics: [{name: a, templateRef: {name: t, namespace: ops}}]}}",
    );
    let asked: Vec<(MetricSystem, String)> = documented()
        .into_iter()
        .map(|(template, secret)| {
            let source = Source::of(&subject, &rollout.metrics()[0], Some(&template)).unwrap();
            let exchange = provider(&source, &secret).unwrap().begin(&source, &secret, Timestamp::default());
            let sent = match exchange.unwrap().need() {
                Need::Http(request) => format!("{} {}", request.url, request.body),
                Need::Api(request) => format!("{request:?}"),
            };
            (template.system, sent)
        })
        .collect();
    let mut systems: Vec<&str> = asked.iter().map(|(system, _)| system.name()).collect();
    systems.sort_unstable();
    let driven = MetricSystem::ALL.into_iter().filter(|system| system.is_driven());
    let others = driven.filter(|system| *system != MetricSystem::Prometheus).map(MetricSystem::name);
    assert_eq!(systems, others.collect::<Vec<_>>());
    for (system, sent) in asked {
        assert!(sent.contains("web-app"), "{system}: {sent}");
    }
}
