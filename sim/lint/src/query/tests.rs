//! Queries and their findings.

use std::path::Path;

use serde_json::{Value, json};

use super::*;

fn canary(kind: &str) -> Value {
    json!({
        "metadata": {"name": "shop", "namespace": "prod"},
        "spec": {"targetRef": {"kind": kind, "name": "shop"}, "service": {"name": "front"}},
    })
}

fn told_of(kind: &str, text: &str) -> Vec<(&'static str, Option<usize>)> {
    let metric = json!({"interval": "1m", "templateVariables": {"path": "/cart"}});
    let uses = vec![Use::of(&canary(kind), &metric)];
    let told = check(
        &Query { field: "query".into(), text, system: Some(MetricSystem::Prometheus), uses },
        &Budget::default(),
    );
    told.into_iter().map(|told| (told.code.name(), told.offset)).collect()
}

fn codes(text: &str) -> Vec<&'static str> {
    told_of("Deployment", text).into_iter().map(|(code, _)| code).collect()
}

const FINE: [&str; 0] = [];

#[test]
fn a_syntax_error_is_reported_with_its_place_in_the_template() {
    for (text, code, at) in [
        ("sum(a{b=\"{{ target }\"})", "query-template-invalid", "}\"})"),
        ("sum(a{b=\"{{ trget }}\"})", "query-unknown-variable", "trget }}"),
        ("sum(a{b=\"{{ target }}\", c=\"{{ .Target }}\"})", "query-unknown-variable", "{{ .Target }}"),
        ("sum(a{b=\"{{ variables.pth }}\"})", "query-unknown-variable", "{{ variables.pth }}"),
        ("sum(a{b=\"{{ target }}\")", "query-invalid", ")"),
        ("sum(a{b=\"{{ target }}\"} / 2", "query-invalid", "(a{"),
        ("sum(rate(a{b=\"{{ target }}\"}[{{ interval }} 5]))", "query-invalid", "5]))"),
        ("sum(rte(a{b=\"{{ target }}\"}[{{ interval }}]))", "query-invalid", "rte("),
    ] {
        assert_eq!(told_of("Deployment", text), [(code, text.rfind(at))], "{text}");
    }
}

#[test]
fn every_unknown_name_is_reported() {
    let text = "sum(a{b=\"{{ x }}\", c=\"{{ targt }}\", d=\"{{ variables.pth }}\"})";
    let unknown = |part: &str| ("query-unknown-variable", text.find(part));
    assert_eq!(told_of("Deployment", text), [unknown("x }}"), unknown("targt"), unknown("{{ variables")]);
}

#[test]
fn no_more_is_parsed_than_the_budget_allows() {
    let (budget, metric) = (Budget::default(), json!({}));
    let text = format!("sum(a{{app=\"shop\"}}{} b)", "+1".repeat(190));
    let look = |_| {
        let uses = vec![Use::of(&canary("Deployment"), &metric)];
        let told = check(
            &Query { field: "query".into(), text: &text, system: Some(MetricSystem::Prometheus), uses },
            &budget,
        );
        told.into_iter().map(|told| told.code.name()).collect::<Vec<_>>()
    };
    let told: Vec<_> = (0..200).map(look).collect();
    assert_eq!(told.first(), Some(&vec!["query-invalid"]));
    assert_eq!(told.last(), Some(&vec!["query-not-checked"]));
}

#[test]
fn only_errors_have_no_series_as_long_as_nothing_fails() {
    let all = r#" / sum(rate(requests{app="shop"}[1m]))"#;
    for counted in
        [r#"status=~"5..""#, r#"code="404""#, r#"response_code=~"^(4|5).*""#, r#"classification="failure""#]
    {
        let query = format!(r#"sum(rate(requests{{app="shop",{counted}}}[1m]))"#);
        assert_eq!(codes(&(query.clone() + all)), ["query-no-series"], "{counted}");
        assert_eq!(codes(&format!("({query} or on() vector(0)) {all}")), FINE, "{counted}");
    }
    for counted in [r#"status!~"5..""#, r#"code=~"2..""#, r#"path="/a/5""#] {
        let query = format!(r#"100 - sum(rate(requests{{app="shop",{counted}}}[1m])){all}"#);
        assert_eq!(codes(&query), FINE, "{counted}");
    }
    let query =
        r#"sum(rate(requests{app="shop",path="a/b"}[1m])) / sum(rate(other{app="shop",status="500"}[1m]))"#;
    assert_eq!(codes(query), ["query-no-series"]);
}

#[test]
fn counters_of_failures_may_begin_late() {
    assert_eq!(codes(r#"sum(rate(shop_errors_total{app="shop"}[1m]))"#), ["query-maybe-no-series"]);
    assert_eq!(codes(r#"sum(rate(shop_errors_total{app="shop"}[1m])) or vector(0)"#), FINE);
}

#[test]
fn windows_are_those_of_the_metric_and_contain_two_samples() {
    assert_eq!(codes(r#"sum(rate(a{app="shop"}[5m]))"#), ["query-fixed-window"]);
    assert_eq!(codes(r#"sum(rate(a{app="shop"}[20s]))"#), ["query-fixed-window", "window-too-short"]);
    assert_eq!(codes(r#"sum(max_over_time(a{app="shop"}[20s]))"#), ["query-fixed-window"]);
    assert_eq!(codes(r#"sum(rate(a{app="shop"}[{{ interval }}]))"#), FINE);
}

#[test]
fn a_metric_that_is_not_aggregated_has_several_series() {
    for query in [
        r#"rate(a{app="shop"}[1m])"#,
        r#"100 - rate(a{app="shop",code!="500"}[1m]) / rate(a{app="shop"}[1m]) * 100"#,
        r#"sum by (pod) (rate(a{app="shop"}[1m]))"#,
    ] {
        assert_eq!(codes(query), ["query-several-series"], "{query}");
    }
}

#[test]
fn a_query_that_also_counts_the_primary_is_reported() {
    for query in [
        r#"sum(rate(a[1m]))"#,
        r#"sum(rate(a{namespace="prod",code!~"5.."}[1m]))"#,
        r#"sum(rate(a{destination_workload=~"shop.*"}[1m]))"#,
        r#"sum(rate(a{destination_workload=~"shop|shop-primary"}[1m]))"#,
        r#"sum(rate(a{destination_service_name="front"}[1m]))"#,
        r#"sum(rate(a{destination_service="front.prod.svc.cluster.local"}[1m]))"#,
        r#"sum(rate(a{service="{{ service }}"}[1m]))"#,
        r#"sum(rate(nginx_ingress_controller_requests{namespace="prod",ingress="{{ ingress }}"}[1m]))"#,
    ] {
        assert_eq!(codes(query), ["query-measures-both"], "{query}");
    }
    for query in [
        r#"sum(rate(a{destination_workload="shop"}[1m]))"#,
        r#"sum(rate(a{pod=~"shop-[0-9a-z]+(-[0-9a-z]+)"}[1m]))"#,
        r#"sum(rate(a{pod=~"shop-[0-9a-z]+-[0-9a-z]+"}[1m]))"#,
        r#"sum(rate(a{pod=~"shop.*",pod!~".*primary.*"}[1m]))"#,
        r#"sum(rate(a{service="front-canary"}[1m]))"#,
        r#"sum(rate(a{envoy_cluster_name=~"prod_front-canary_.+"}[1m]))"#,
        r#"sum(rate(a{ingress="{{ ingress }}",canary!=""}[1m]))"#,
        r#"sum(rate(a{job="{{ target }}-canary"}[1m]))"#,
        r#"sum(rate(a{team="basket"}[1m]))"#,
        r#"shop:requests:rate1m"#,
        r#"sum(rate(a{app="shop"}[1m])) / sum(rate(a{app="shop-primary"}[1m]))"#,
        "vector(1)",
    ] {
        assert_eq!(codes(query), FINE, "{query}");
    }
    let daemon = r#"sum(rate(a{pod=~"shop-[0-9a-z]+(-[0-9a-z]+)?"}[1m]))"#;
    assert_eq!(told_of("DaemonSet", daemon), [("query-measures-both", None)]);
    assert_eq!(told_of("Deployment", daemon), []);
}

#[test]
fn a_query_for_pods_named_canary_matches_nothing() {
    for query in [
        r#"sum(rate(a{destination_workload="{{ target }}-canary"}[1m]))"#,
        r#"sum(rate(a{pod=~"shop-canary-.*"}[1m]))"#,
        r#"sum(rate(a{version="canary"}[1m]))"#,
        r#"sum(rate(a{deployment="shop-canary"}[1m]))"#,
    ] {
        assert_eq!(codes(query), ["query-matches-nothing"], "{query}");
    }
}

#[test]
fn a_query_for_another_system_is_only_filled_in() {
    let text = "avg:errors{service:{{ target }}} / {{ namespcae }}";
    let uses = || vec![Use::of(&canary("Deployment"), &json!({}))];
    let codes = |text| {
        let query = Query { field: "query".into(), text, system: Some(MetricSystem::Datadog), uses: uses() };
        let told = check(&query, &Budget::default());
        told.into_iter().map(|told| told.code.name()).collect::<Vec<_>>()
    };
    assert_eq!(codes(text), ["query-unknown-variable"]);
    assert_eq!(codes("avg:errors{service:{{ target }}} / 2"), FINE);
    assert_eq!(codes("avg:errors{service:{{ target }}} by {host}"), ["query-several-series"]);
}

/// Every query of the controller itself, for every router, from the controller's own snapshots.
#[test]
fn the_queries_of_the_controller_have_no_findings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../adapter-k8s/src/metrics/snapshots");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines().filter(|line| line.contains('{') && line.contains("  ")) {
            let begins =
                ["sum(", "histogram_quantile(", "100 - "].iter().filter_map(|word| line.find(word)).min();
            let query = line[begins.unwrap()..].split("  (times").next().unwrap();
            let fine = codes(query).into_iter().filter(|code| *code != "query-fixed-window");
            assert_eq!(fine.collect::<Vec<_>>(), FINE, "{query}");
            count += 1;
        }
    }
    assert!(count > 40, "only {count} queries");
}
