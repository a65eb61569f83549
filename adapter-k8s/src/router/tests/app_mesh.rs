use serde_json::json;
use serin_core::command::Routes;

use super::{Case, matched, plain};

const SERVICE: &str =
    "{meshName: global, timeout: 15s, portName: http, targetPort: 8080, hosts: [app.test, other.test],
    retries: {attempts: 3, perTryTimeout: 1s, retryOn: 'gateway-error, stream-error'},
    match: [{uri: {prefix: /api}}], backends: [db.test, 'arn:aws:appmesh:db']}";

#[test]
fn the_first_version_divides_by_weight() {
    let case = Case::new("appmesh", SERVICE, "{stepWeight: 20}");
    insta::assert_snapshot!(case.shown(&plain(Routes::split(20))));
}

#[test]
fn the_second_version_divides_by_weight() {
    let case = Case::new("appmesh:v1beta2", SERVICE, "{stepWeight: 20}");
    insta::assert_snapshot!(case.shown(&plain(Routes::split(20))));
}

#[test]
fn matched_requests_have_a_route_before_the_rest() {
    let analysis = "{iterations: 2, match: [{headers: {x-canary: {exact: insider}, x-any: {}}},
        {cookies: {beta: {exact: always}}}]}";
    let shown = |provider, of: &str| {
        let objects = Case::new(provider, "{meshName: global}", analysis).render(&matched(100)).unwrap();
        let of_routes = objects.iter().find(|object| object.key().to_string() == of).unwrap();
        serde_yaml::to_string(of_routes.at("/spec/routes").unwrap()).unwrap()
    };
    insta::assert_snapshot!(shown("appmesh", "VirtualService app.test.test"));
    let second = shown("appmesh:v1beta2", "VirtualRouter app.test");
    assert!(second.contains("httpRoute") && second.matches("priority").count() == 3, "{second}");
}

#[test]
fn nodes_are_there_before_pods() {
    let case = Case::new("appmesh:v1beta2", "{}", "{stepWeight: 20}");
    let nodes = case.router.before_pods(&case.subject, &case.seen).unwrap();
    let of = |at: usize| (nodes[at].name(), nodes[at].at("/spec/podSelector/matchLabels").cloned());
    assert_eq!(of(0), ("app-primary", Some(json!({"name": "app-primary"}))));
    assert_eq!(of(1), ("app-canary", Some(json!({"name": "app"}))));
    let none = Case::new("istio", "{}", "{stepWeight: 20}");
    assert_eq!(none.router.before_pods(&none.subject, &none.seen).unwrap(), []);
}
