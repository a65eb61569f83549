use serde_json::{Value, json};
use serin_core::command::Routes;

use super::{Case, matched, mirrored, plain, shown, sticky};
use crate::{
    object::change::Change,
    router::istio::{DESTINATION_RULE, VIRTUAL_SERVICE},
};

/// The VirtualService alone.
fn route(case: &Case, split: &serin_core::command::Split) -> String {
    let objects = case.render(split).unwrap();
    shown(&objects[2..])
}

#[test]
fn everything_the_service_says_is_in_the_objects() {
    let service = "{portDiscovery: true, gateways: [istio-system/gw], hosts: [app.example.com], timeout: 15s,
        retries: {attempts: 3, perTryTimeout: 1s, retryOn: gateway-error},
        match: [{uri: {prefix: /api}, authority: {suffix: .example.com}}], rewrite: {uri: /, type: ReplacePrefixMatch},
        headers: {request: {add: {x-some: value}}, response: {remove: [x-old]}},
        apex: {labels: {team: a}, annotations: {note: b}}, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}},
        corsPolicy: {allowOrigins: [{exact: 'https://a.b'}], allowMethods: [GET], maxAge: 24h}}";
    let case = Case::new("istio", service, "{stepWeight: 20}");
    insta::assert_snapshot!(case.shown(&plain(Routes::split(20))));
}

#[test]
fn matched_requests_have_a_rule_before_the_rest() {
    let analysis = "{iterations: 2, match: [{headers: {x-canary: {exact: insider}}},
        {cookies: {canary: {exact: always}}}, {sourceLabels: {app: front}, queryParams: {beta: {exact: '1'}}}]}";
    let case =
        Case::new("istio", "{match: [{uri: {prefix: /api}, headers: {X-Canary: {exact: other}}}]}", analysis);
    insta::assert_snapshot!(route(&case, &matched(100)));
    // Where everyone is on the canary, matched or not, there is no rest.
    assert_eq!(route(&case, &plain(Routes::split(100))).matches("- match").count(), 1);
}

#[test]
fn users_keep_their_version_by_cookie() {
    let analysis =
        "{stepWeight: 20, sessionAffinity: {cookieName: canary-cookie, primaryCookieName: primary-cookie,
        secure: true, path: /}}";
    let case = Case::new("istio", "{headers: {response: {add: {x: y}}}}", analysis);
    insta::assert_snapshot!("users_keep_their_version", route(&case, &sticky(Routes::split(20))));
    insta::assert_snapshot!("the_cookie_is_taken_back", route(&case, &sticky(Routes::PRIMARY)));
}

#[test]
fn a_share_of_the_requests_is_mirrored() {
    let case = Case::new("istio", "{}", "{stepWeight: 20, mirror: true, mirrorWeight: 30}");
    insta::assert_snapshot!(route(&case, &mirrored(30)));
    // Without a percentage Istio copies every request, and that is how Flagger says so.
    let all = Case::new("istio", "{}", "{stepWeight: 20, mirror: true}");
    assert!(!route(&all, &mirrored(100)).contains("mirrorPercentage"));
}

#[test]
fn connections_are_divided_by_weight() {
    let case = Case::new("istio", "{appProtocol: TCP, match: [{port: 5432}]}", "{stepWeight: 20}");
    insta::assert_snapshot!(route(&case, &plain(Routes::split(20))));
}

#[test]
fn a_route_that_is_delegated_to_has_neither_hosts_nor_gateways() {
    let case = Case::new("istio", "{delegation: true, portDiscovery: true}", "{stepWeight: 20}");
    insta::assert_snapshot!(route(&case, &plain(Routes::split(20))));
    // A Canary that says both is refused, but its users can still be sent to the primary: the hosts stay.
    let contradiction = Case::new("istio", "{delegation: true, hosts: [a.b]}", "{stepWeight: 20}");
    let routes = contradiction.render(&plain(Routes::PRIMARY)).unwrap();
    assert_eq!(routes[2].at("/spec/hosts"), Some(&json!(["a.b", "app"])));
}

#[test]
fn every_host_is_named_once() {
    let hosts = |written: &str| {
        let case = Case::new("istio", &format!("{{hosts: {written}}}"), "{stepWeight: 20}");
        case.render(&plain(Routes::PRIMARY)).unwrap()[2].at("/spec/hosts").cloned().unwrap()
    };
    assert_eq!(hosts("[]"), json!(["app"]));
    assert_eq!(hosts("[a.b]"), json!(["a.b", "app"]));
    assert_eq!(hosts("[app, a.b]"), json!(["app", "a.b"]));
    assert_eq!(hosts("['*']"), json!(["*"]));
}

#[test]
fn a_route_somebody_else_wrote_is_given_back() {
    let mut case = Case::new("istio", "{}", "{stepWeight: 20}");
    let theirs =
        json!({"hosts": ["app"], "exportTo": ["."], "http": [{"route": [{"destination": {"host": "app"}}]}]});
    case.add(VIRTUAL_SERVICE, "app", json!({"metadata": {"labels": {"l": "1"}}, "spec": theirs.clone()}));
    case.add(DESTINATION_RULE, "app-primary", json!({"spec": {"host": "x", "subsets": [{"name": "v1"}]}}));
    assert_eq!(case.read(), None);
    insta::assert_snapshot!(case.shown(&plain(Routes::split(20))));
    // What was kept first stays, whatever is changed later.
    case.write(&plain(Routes::split(20)));
    case.write(&plain(Routes::split(40)));
    let [Change::Replace(back)] = &case.revert()[..] else { panic!() };
    assert_eq!((back.at("/spec"), back.label("l")), (Some(&theirs), Some("1")));
}

#[test]
fn what_kubectl_applied_last_is_given_back() {
    let mut case = Case::new("istio", "{}", "{stepWeight: 20}");
    let applied = json!({"apiVersion": "networking.istio.io/v1beta1", "kind": "VirtualService", "spec": {"hosts": ["app"]}});
    let annotations = json!({"kubectl.kubernetes.io/last-applied-configuration": applied.to_string()});
    case.add(
        VIRTUAL_SERVICE,
        "app",
        json!({"metadata": {"annotations": annotations}, "spec": {"hosts": ["b"]}}),
    );
    let written = case.write(&plain(Routes::split(20)));
    assert_eq!(written[2].annotation("flagger.kubernetes.io/original-configuration"), None);
    let [Change::Replace(back)] = &case.revert()[..] else { panic!() };
    assert_eq!(back.at("/spec"), Some(&json!({"hosts": ["app"]})));
}

#[test]
fn weights_that_somebody_set_are_read_as_they_are() {
    let mut case = Case::new("istio", "{}", "{stepWeight: 20}");
    let mut route = case.write(&plain(Routes::split(20))).remove(2);
    let mut http: Value = route.at("/spec/http").cloned().unwrap();
    http[0]["route"][0]["weight"] = 1.into();
    http[0]["route"][1]["weight"] = 3.into();
    route.set("/spec/http", http);
    case.store(vec![route]);
    assert_eq!(case.read(), Some(Routes::split(75)));
}

#[test]
fn a_route_that_flagger_left_is_read_and_mended() {
    let analysis = "{iterations: 2, match: [{headers: {x-canary: {exact: insider}}}]}";
    let mut case = Case::new("istio", "{}", analysis);
    let mut route = case.write(&matched(100)).remove(2);
    let ours = route.clone();
    // The rule for the rest gets the weight of the matched one, though it has one destination alone.
    let mut http: Value = route.at("/spec/http").cloned().unwrap();
    http[1]["route"][0]["weight"] = 0.into();
    route.set("/spec/http", http);
    case.store(vec![route]);
    assert_eq!(case.read(), Some(matched(100).routes));
    assert_eq!(case.write(&matched(100))[2].at("/spec"), ours.at("/spec"));
}
