use serde_json::json;
use serin_core::{command::Routes, spec::UpstreamRef};

use super::{Case, matched, plain};
use crate::router::gloo::{ROUTE_TABLE, UPSTREAM};

#[test]
fn a_table_divides_by_weight() {
    let case = Case::new("gloo", "{apex: {labels: {team: a}}}", "{stepWeight: 20}");
    insta::assert_snapshot!(case.shown(&plain(Routes::split(20))));
}

#[test]
fn matched_requests_have_a_route_before_the_rest() {
    let analysis =
        "{iterations: 2, match: [{headers: {x-canary: {exact: insider}, x-app: {prefix: a.}, x-any: {}}},
        {cookies: {beta: {exact: always}}, queryParams: {beta: {exact: '1'}}}]}";
    let case = Case::new("gloo", "{}", analysis);
    let table = case.render(&matched(100)).unwrap().pop().unwrap();
    insta::assert_snapshot!(super::shown(&[table]));
}

#[test]
fn settings_come_from_the_upstream_that_is_named() {
    let mut case = Case::new("gloo", "{}", "{stepWeight: 20}");
    let named = UpstreamRef { name: "settings".into(), namespace: None };
    std::sync::Arc::make_mut(&mut case.subject.setup).routing.upstream = Some(named);
    assert_eq!(case.why_not(&plain(Routes::PRIMARY)), "spec.upstreamRef: there is no Upstream settings.test");
    let settings = |requests: u32| json!({"spec": {"connectionConfig": {"maxRequestsPerConnection": requests}, "static": {}}});
    let spec_of = |case: &Case| {
        let upstream = case.render(&plain(Routes::PRIMARY)).unwrap().swap_remove(1);
        upstream.at("/spec").cloned()
    };
    let kube = json!({"serviceName": "app-canary", "serviceNamespace": "test", "servicePort": 80});
    for requests in [51, 20] {
        case.add(UPSTREAM, "settings", settings(requests));
        let config = json!({"maxRequestsPerConnection": requests});
        assert_eq!(spec_of(&case), Some(json!({"kube": kube, "connectionConfig": config})));
        case.write(&plain(Routes::PRIMARY));
    }
    case.add(UPSTREAM, "settings", json!({"spec": {}}));
    assert_eq!(spec_of(&case), Some(json!({"kube": kube})));
}

#[test]
fn a_table_that_flagger_left_is_read() {
    let mut case = Case::new("gloo", "{}", "{stepWeight: 20}");
    let to = |version: &str| json!({"upstream": {"name": format!("test-app-{version}upstream-9898"), "namespace": "test"}});
    let destinations =
        json!([{"destination": to("primary"), "weight": 70}, {"destination": to("canary"), "weight": 30}]);
    let routes = json!([{"routeAction": {"multi": {"destinations": destinations}}}]);
    case.add(ROUTE_TABLE, "app", json!({"spec": {"routes": routes}}));
    assert_eq!(case.read(), Some(Routes::split(30)));
}
