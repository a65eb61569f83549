use serde_json::{Value, json};
use serin_core::command::Routes;

use super::{Case, plain};
use crate::router::apisix::APISIX_ROUTE;

fn case(rules: Value) -> Case {
    let mut case = Case::new("apisix", "{}", "{stepWeight: 20}");
    let metadata = json!({"labels": {"team": "a"}, "annotations": {
        "note": "b", "kubectl.kubernetes.io/last-applied-configuration": "{}"}});
    let spec = json!({"ingressClassName": "apisix", "http": rules, "stream": [{"name": "tcp"}]});
    case.add(APISIX_ROUTE, "way", json!({"metadata": metadata, "spec": spec}));
    case
}

fn rule(name: &str, services: &[&str]) -> Value {
    let backend =
        |name: &&str| json!({"serviceName": name, "servicePort": 80, "resolveGranularity": "service"});
    let paths = json!([format!("/{name}/*")]);
    let backends: Vec<Value> = services.iter().map(backend).collect();
    json!({"name": name, "match": {"hosts": ["app.example.com"], "paths": paths}, "backends": backends,
           "plugins": [{"name": "cors", "enable": true}]})
}

#[test]
fn a_copy_of_the_route_divides_by_weight() {
    let rules =
        json!([rule("app", &["app"]), rule("other", &["other"]), rule("both", &["other", "another"])]);
    insta::assert_snapshot!(case(rules).shown(&plain(Routes::split(20))));
}

#[test]
fn the_copy_goes_before_the_original() {
    let mut first = rule("app", &["app"]);
    first["priority"] = 10_000.into();
    let copy =
        case(json!([first, rule("more", &["app"])])).render(&plain(Routes::PRIMARY)).unwrap().remove(0);
    let priorities = ["0", "1"].map(|at| copy.number(&format!("/spec/http/{at}/priority")));
    assert_eq!(priorities, [Some(10_001), Some(10_000)]);
}

#[test]
fn what_is_missing_is_named() {
    let none = Case::new("apisix", "{}", "{stepWeight: 20}");
    let refusals = [
        none.why_not(&plain(Routes::PRIMARY)),
        case(json!([rule("other", &["other"])])).why_not(&plain(Routes::PRIMARY)),
        case(json!([rule("two", &["app", "other"])])).why_not(&plain(Routes::PRIMARY)),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r"
    spec.routeRef.name: there is no ApisixRoute way.test
    ApisixRoute way: has no backend app to release
    ApisixRoute way: the rule two sends requests to app and others; one backend can be divided
    ");
}
