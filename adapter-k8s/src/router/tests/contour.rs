use serin_core::command::Routes;

use super::{Case, matched, plain};

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
    let by_cookie = "{iterations: 2, match: [{cookies: {beta: {exact: always}}}]}";
    insta::assert_snapshot!(Case::new("contour", "{}", by_cookie).why_not(&matched(100)), @r"analysis.match[0]: Contour matches headers alone here");
}
