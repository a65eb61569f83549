use serde_json::json;
use serin_core::command::Routes;

use super::{Case, matched, plain};
use crate::router::ingress::INGRESS;

fn case(analysis: &str) -> Case {
    let mut case = Case::new("nginx", "{}", analysis);
    let backend = |name: &str| json!({"service": {"name": name, "port": {"number": 80}}});
    let path = |path: &str, name: &str| json!({"path": path, "pathType": "Prefix", "backend": backend(name)});
    let paths = json!({"paths": [path("/", "app"), path("/other", "other")]});
    let annotations = json!({
        "nginx.ingress.kubernetes.io/rewrite-target": "/",
        "nginx.ingress.kubernetes.io/canary-weight-total": "1000",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    });
    case.add(
        INGRESS,
        "front",
        json!({
            "metadata": {"labels": {"app": "front", "app.kubernetes.io/managed-by": "Helm"}, "annotations": annotations},
            "spec": {"ingressClassName": "nginx", "rules": [
                {"host": "app.example.com", "http": paths}, {"host": "empty.example.com"}]},
        }),
    );
    case
}

#[test]
fn a_copy_of_the_ingress_takes_a_share() {
    insta::assert_snapshot!(case("{stepWeight: 20}").shown(&plain(Routes::split(20))));
}

#[test]
fn a_copy_of_the_ingress_takes_matched_requests() {
    let annotations = |analysis: &str| {
        let objects = case(analysis).render(&matched(100)).unwrap();
        let texts: Vec<String> = objects[0]
            .annotations()
            .filter_map(|(key, value)| {
                Some(format!("{}: {value}", key.strip_prefix("nginx.ingress.kubernetes.io/canary")?))
            })
            .collect();
        texts.join("\n")
    };
    let exact = "{iterations: 2, match: [{headers: {x-canary: {exact: insider}}}, {cookies: {beta: {exact: always}}}]}";
    insta::assert_snapshot!(annotations(exact), @r"
    : true
    -by-cookie: beta
    -by-header: x-canary
    -by-header-value: insider
    -weight: 0
    ");
    let pattern =
        "{iterations: 2, match: [{headers: {x-canary: {prefix: in.}}}, {headers: {cookie: {exact: beta}}}]}";
    insta::assert_snapshot!(annotations(pattern), @r"
    : true
    -by-cookie: beta
    -by-header: x-canary
    -by-header-pattern: ^in\..*$
    -weight: 0
    ");
}

#[test]
fn testers_are_on_the_canary_at_every_weight() {
    let mut case = case("{stepWeight: 20, match: [{headers: {x-test: {exact: always}}}]}");
    let shown = [0, 20, 100, 0].map(|canary| {
        let split = plain(Routes::split(canary));
        let copy = case.write(&split).remove(0);
        assert_eq!(case.read(), Some(split.routes));
        let get =
            |name| copy.annotation(&format!("nginx.ingress.kubernetes.io/canary-{name}")).unwrap_or("none");
        [get("weight"), get("by-header"), get("by-header-value")].join(" ")
    });
    assert_eq!(shown, ["0 none none", "20 x-test always", "100 x-test always", "0 none none"]);
}

#[test]
fn what_is_missing_is_named() {
    let none = Case::new("nginx", "{}", "{stepWeight: 20}");
    let mut strange = Case::new("nginx", "{}", "{stepWeight: 20}");
    strange.add(INGRESS, "front", json!({"spec": {"rules": []}}));
    let refusals = [
        none.why_not(&plain(Routes::PRIMARY)),
        strange.why_not(&plain(Routes::PRIMARY)),
        case("{stepWeight: 20}").why_not(&matched(100)),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r"
    spec.ingressRef.name: there is no Ingress front.test
    Ingress front: has no backend service app to release
    analysis.match: is needed while only matched requests are divided
    ");
}

#[test]
fn an_ingress_that_was_switched_off_is_no_route() {
    let mut case = case("{stepWeight: 20}");
    let mut copy = case.write(&plain(Routes::split(20))).remove(0);
    copy.set_annotation("nginx.ingress.kubernetes.io/canary", "false");
    case.store(vec![copy]);
    assert_eq!(case.read(), None);
}
