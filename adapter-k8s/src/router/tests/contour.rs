use serin_core::{command::Routes, spec::Topology};

use super::{Case, matched, plain};
use crate::router::of;

const SERVICE: &str =
    "{timeout: 15s, retries: {attempts: 3, perTryTimeout: 1s, retryOn: 'gateway-error, reset'},
                       match: [{uri: {prefix: /api}}]}";

#[test]
fn a_proxy_divides_by_weight() {
    insta::assert_snapshot!(
        Case::new("contour", SERVICE, "{stepWeight: 20}").shown(&plain(Routes::split(20)))
    );
}

#[test]
fn matched_requests_have_a_route_before_the_rest() {
    let analysis = "{iterations: 2, match: [{headers: {x-canary: {exact: insider}, x-app: {prefix: a}}},
        {headers: {x-beta: {}}}]}";
    insta::assert_snapshot!(Case::new("contour", "{}", analysis).shown(&matched(100)));
}

#[test]
fn users_leave_it_for_another_router_whatever_that_one_matches() {
    let by_cookie = "{iterations: 2, match: [{cookies: {beta: {exact: always}}}]}";
    let mut case = Case::new("istio", "{}", by_cookie);
    let topology = Topology { provider: "contour".into(), ..case.subject.topology.clone() };
    case.subject = case.subject.of_topology(&topology);
    case.router = of("contour").unwrap();
    let unmatched = Case::new("contour", "{}", "{stepWeight: 20}");
    assert_eq!(case.shown(&plain(Routes::PRIMARY)), unmatched.shown(&plain(Routes::PRIMARY)));
}
