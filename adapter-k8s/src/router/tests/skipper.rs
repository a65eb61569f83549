use serde_json::{Value, json};
use serin_core::command::Routes;

use super::{Case, plain};
use crate::router::ingress::INGRESS;

const PREDICATE: &str = "zalando.org/skipper-predicate";
const WEIGHTS: &str = "zalando.org/backend-weights";

fn case(annotations: Value) -> Case {
    let mut case = Case::new("skipper", "{}", "{stepWeight: 20}");
    let backend = |name: &str| json!({"service": {"name": name, "port": {"number": 80}}});
    let path = |path: &str, name: &str| json!({"path": path, "pathType": "Prefix", "backend": backend(name)});
    let spec = json!({"ingressClassName": "skipper", "defaultBackend": backend("app"), "rules": [
        {"host": "app.example.com", "http": {"paths": [path("/", "app"), path("/other", "other")]}},
        {"host": "other.example.com", "http": {"paths": [path("/", "other")]}},
        {"host": "empty.example.com"},
    ]});
    case.add(INGRESS, "front", json!({"metadata": {"annotations": annotations}, "spec": spec}));
    case
}

#[test]
fn a_copy_of_the_ingress_divides_by_weight() {
    let annotations = json!({PREDICATE: "Cookie(\"a\", \"b\")", "zalando.org/skipper-filter": "compress()"});
    insta::assert_snapshot!(case(annotations).shown(&plain(Routes::split(20))));
}

#[test]
fn while_nobody_is_on_the_canary_the_copy_is_off() {
    let mut case = case(json!({}));
    let predicates = [0, 20, 100, 0].map(|canary| {
        let copy = case.write(&plain(Routes::split(canary))).remove(0);
        copy.annotation(PREDICATE).unwrap().to_owned()
    });
    assert_eq!(predicates, ["False()", "Weight(100)", "Weight(100)", "False()"]);
}

#[test]
fn what_flagger_left_is_read() {
    let mut case = case(json!({}));
    let annotations = json!({PREDICATE: "Weight(100)", WEIGHTS: r#"{"app-canary":30,"app-primary":70}"#});
    case.add(INGRESS, "front-canary", json!({"metadata": {"annotations": annotations}}));
    assert_eq!(case.read(), Some(Routes::split(30)));
}

#[test]
fn what_is_missing_is_named() {
    let mut none = Case::new("skipper", "{}", "{stepWeight: 20}");
    let missing = none.why_not(&plain(Routes::PRIMARY));
    let default = json!({"spec": {"defaultBackend": {"service": {"name": "app", "port": {"number": 80}}}}});
    none.add(INGRESS, "front", default);
    assert_eq!(
        [missing, none.why_not(&plain(Routes::PRIMARY))],
        [
            "spec.ingressRef.name: there is no Ingress front.test",
            "Ingress front: has no backend service app to release"
        ]
    );
}
