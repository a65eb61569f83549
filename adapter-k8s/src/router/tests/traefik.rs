use serin_core::command::Routes;

use super::{Case, plain};

#[test]
fn a_service_divides_by_weight() {
    let case = Case::new("traefik", "{apex: {annotations: {a: b}}}", "{stepWeight: 20}");
    insta::assert_snapshot!(case.shown(&plain(Routes::split(20))));
    // Left out, a weight would be 1.
    assert!(case.shown(&plain(Routes::split(100))).contains("weight: 0"));
}
