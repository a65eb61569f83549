use serde_json::json;
use serin_core::command::Routes;

use super::{Case, matched, mirrored, plain};
use crate::router::nginx::INGRESS;

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
fn what_nginx_cannot_do_is_refused() {
    let refused = |analysis: &str| case(analysis).why_not(&matched(100));
    let header = |name: &str| format!("headers: {{{name}: {{exact: b}}}}");
    let (a, b) = (header("a"), header("b"));
    let none = Case::new("nginx", "{}", "{stepWeight: 20}");
    let mut strange = Case::new("nginx", "{}", "{stepWeight: 20}");
    strange.add(INGRESS, "front", json!({"spec": {"rules": []}}));
    let refusals = [
        refused(&format!("{{iterations: 2, match: [{{{a}}}, {{{b}}}]}}")),
        refused("{iterations: 2, match: [{headers: {a: {exact: b}, c: {exact: d}}}]}"),
        refused("{iterations: 2, match: [{cookies: {a: {exact: b}}}]}"),
        refused("{iterations: 2, match: [{queryParams: {a: {exact: b}}}]}"),
        case("{stepWeight: 20, match: [{headers: {a: {exact: b}}}]}").why_not(&matched(20)),
        case("{stepWeight: 20}").why_not(&mirrored(20)),
        none.why_not(&plain(Routes::PRIMARY)),
        strange.why_not(&plain(Routes::PRIMARY)),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r"
    analysis.match[1]: NGINX takes one header or one cookie in an item, and at most one of each in all
    analysis.match[0]: NGINX takes one header or one cookie in an item, and at most one of each in all
    analysis.match[0]: NGINX knows a cookie's value `always` alone: say `exact: always`
    analysis.match[0]: NGINX matches headers and cookies alone
    analysis.match: NGINX sends all matched requests or none: say `iterations` instead of steps
    analysis.mirror: NGINX cannot mirror requests
    spec.ingressRef.name: there is no Ingress front.test
    Ingress front: has no backend service app to release
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
