use alloc::string::{String, ToString};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::*;
use crate::spec::{self, Defaults, Rollout};

const CANARY: &str = include_str!("../../../tests/manifests/canary.yaml");
const METRIC_TEMPLATE: &str = include_str!("../../../tests/manifests/metrictemplate.yaml");
const ALERT_PROVIDER: &str = include_str!("../../../tests/manifests/alertprovider.yaml");

fn value(yaml: &str) -> Value {
    serde_yaml::from_str(yaml).unwrap()
}

/// The value, read and written again.
fn there_and_back<T: DeserializeOwned + Serialize>(written: &Value) -> Value {
    let read: T = serde_json::from_value(written.clone()).unwrap();
    serde_json::to_value(read).unwrap()
}

fn canary(spec: Value) -> Value {
    let metadata = json!({"name": "web"});
    json!({"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": metadata, "spec": spec})
}

fn problems(spec: Value) -> String {
    let raw = serde_json::from_value(canary(spec)).unwrap();
    Rollout::parse(&raw, &Defaults::default()).map_or_else(|invalid| invalid.to_string(), |_| String::new())
}

#[test]
fn every_field_is_written_as_it_was_read() {
    assert_eq!(there_and_back::<Canary>(&value(CANARY)), value(CANARY));
    assert_eq!(there_and_back::<MetricTemplate>(&value(METRIC_TEMPLATE)), value(METRIC_TEMPLATE));
    assert_eq!(there_and_back::<AlertProvider>(&value(ALERT_PROVIDER)), value(ALERT_PROVIDER));
}

#[test]
fn what_is_left_out_stays_out() {
    let written =
        canary(json!({"analysis": {"mirror": false, "metrics": [{"name": "errors"}]}, "service": {}}));
    assert_eq!(there_and_back::<Canary>(&written), written);
}

#[test]
fn unknown_fields_are_dropped() {
    let mut written = canary(json!({"suspend": true}));
    let bare = written.clone();
    written["spec"]["unheard"] = json!({"of": 1});
    written["metadata"]["generation"] = json!(3);
    assert_eq!(there_and_back::<Canary>(&written), bare);
}

#[test]
fn a_port_is_a_number_or_a_name() {
    for port in [json!(8080), json!("http")] {
        let written = canary(json!({"service": {"port": 80, "targetPort": port}}));
        assert_eq!(there_and_back::<Canary>(&written), written);
    }
}

#[test]
fn ports_are_in_the_range_of_ports() {
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let said =
        |service| problems(json!({"targetRef": target, "service": service, "analysis": {"threshold": 5}}));
    for port in [1, 65_535] {
        assert_eq!(said(json!({"port": port, "targetPort": port})), "");
    }
    assert_eq!(said(json!({"port": 80, "targetPort": 0})), "");
    for port in [-1, 65_536, 99_999_999] {
        let refused = "spec.service.port: must be a port, 1 to 65535; \
                       spec.service.targetPort: must be a port, 1 to 65535, or the name of one";
        assert_eq!(said(json!({"port": port, "targetPort": port})), refused);
    }
    assert_eq!(said(json!({"port": 0})), "spec.service.port: must be a port, 1 to 65535");
}

#[test]
fn every_number_is_read_and_only_whole_ones_are_parsed() {
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let spec = |number: Value| {
        json!({
            "targetRef": target,
            "progressDeadlineSeconds": number,
            "service": {"port": number},
            "analysis": {
                "threshold": number, "stepWeight": number, "canaryReadyThreshold": number,
                "webhooks": [{"name": "test", "url": "http://test", "retries": number}],
                "sessionAffinity": {"cookieName": "canary", "maxAge": number},
            },
        })
    };
    assert_eq!(problems(spec(json!(5))), "");
    assert_eq!(problems(spec(json!(5.0))), "");
    let refused = "spec.service.port: must be a port, 1 to 65535; \
                   spec.progressDeadlineSeconds: must be a whole number; \
                   spec.analysis.stepWeight: 2.5 is not a percentage from 0 to 100; \
                   spec.analysis.threshold: must be a whole number; \
                   spec.analysis.canaryReadyThreshold: must be a percentage from 0 to 100; \
                   spec.analysis.webhooks[0].retries: must be a count of attempts, 0 or more; \
                   spec.analysis.sessionAffinity.maxAge: must be a whole number";
    assert_eq!(problems(spec(json!(2.5))), refused);
}

#[test]
fn whole_numbers_are_written_without_a_fraction() {
    for (read, written) in [("5.0", "5"), ("-1", "-1"), ("2.5", "2.5"), ("1e3", "1000"), ("1e300", "1e+300")]
    {
        let number: Number = serde_json::from_str(read).unwrap();
        assert_eq!(serde_json::to_string(&number).unwrap(), written);
    }
    let range: ThresholdRange = serde_json::from_str("{\"min\": 99.0, \"max\": 99.95}").unwrap();
    assert_eq!(serde_json::to_string(&range).unwrap(), "{\"min\":99,\"max\":99.95}");
}

#[test]
fn the_maximal_objects_are_valid() {
    spec::MetricTemplate::parse(&serde_json::from_value(value(METRIC_TEMPLATE)).unwrap()).unwrap();
    spec::AlertProvider::parse(&serde_json::from_value(value(ALERT_PROVIDER)).unwrap()).unwrap();
}

#[test]
fn a_status_that_is_not_understood_keeps_no_canary_from_being_read() {
    let mut written = canary(json!({}));
    written["status"] = json!({"phase": "Terminated", "canaryWeight": "lots"});
    assert_eq!(there_and_back::<Canary>(&written), written);
}
