use serde_json::json;
use serin_core::command::Routes;

use super::{Case, plain};
use crate::router::smi;

const GATEWAYS: &str = "VirtualService.v1alpha3.networking.istio.io/spec.gateways";

#[test]
fn a_split_divides_by_weight() {
    let case = Case::new("linkerd", "{apex: {annotations: {a: b}}, gateways: [gw]}", "{stepWeight: 20}");
    let objects = case.render(&plain(Routes::split(20))).unwrap();
    let [split] = &objects[..] else { panic!("{objects:?}") };
    let backends = json!([{"service": "app-canary", "weight": 20}, {"service": "app-primary", "weight": 80}]);
    assert_eq!(split.value()["apiVersion"], "split.smi-spec.io/v1alpha2");
    assert_eq!(split.key().to_string(), "TrafficSplit app.test");
    assert_eq!(split.at("/spec"), Some(&json!({"service": "app", "backends": backends})));
    assert_eq!((split.annotation("a"), split.annotation(GATEWAYS)), (Some("b"), None));
}

#[test]
fn each_version_writes_weights_as_it_has_them() {
    let written = |provider| {
        let case = Case::new(provider, "{}", "{stepWeight: 20}");
        let split = case.render(&plain(Routes::split(20))).unwrap().remove(0);
        format!("{} {}", split.text("/apiVersion"), split.at("/spec/backends/0/weight").unwrap())
    };
    let written = ["osm", "smi:v1alpha1", "smi:v1alpha2", "smi:v1alpha3"].map(written);
    let versions = [("v1alpha2", "20"), ("v1alpha1", r#""20""#), ("v1alpha2", "20"), ("v1alpha3", "20")];
    assert_eq!(written, versions.map(|(version, weight)| format!("split.smi-spec.io/{version} {weight}")));
}

#[test]
fn the_first_host_names_the_service() {
    let case = Case::new("smi:v1alpha2", "{hosts: [app.test, other]}", "{stepWeight: 20}");
    assert_eq!(case.render(&plain(Routes::PRIMARY)).unwrap()[0].text("/spec/service"), "app.test");
}

#[test]
fn istio_behind_smi_gets_the_gateways() {
    let gateways = |provider: &str| {
        let case = Case::new(provider, "{gateways: [a/gw, mesh]}", "{stepWeight: 20}");
        case.render(&plain(Routes::PRIMARY)).unwrap()[0].annotation(GATEWAYS).map(str::to_owned)
    };
    for version in ["v1alpha1", "v1alpha2", "v1alpha3"] {
        assert_eq!(gateways(&format!("smi:{version}:istio")).as_deref(), Some(r#"["a/gw","mesh"]"#));
    }
    assert_eq!(gateways("smi:v1alpha2:linkerd"), None);
}

#[test]
fn weights_that_flagger_left_are_read() {
    let mut case = Case::new("linkerd", "{}", "{stepWeight: 20}");
    let backends =
        json!([{"service": "app-canary", "weight": "30"}, {"service": "app-primary", "weight": "70"}]);
    case.add(smi::V1ALPHA2.kind, "app", json!({"spec": {"service": "app", "backends": backends}}));
    assert_eq!(case.read(), Some(Routes::split(30)));
}
