//! The CRDs in a real API server: wrong fields are refused by name, and only fields that Flagger fills in are filled
//! in.

use serde_json::{Value, json};

use crate::{objects, stage::on_stage};

fn canary(namespace: &str) -> Value {
    json!({
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "service": {"port": 80, "gatewayRefs": [{"name": "public"}]},
            "analysis": {
                "interval": "1h",
                "iterations": 3,
                "stepWeight": 10,
                "sessionAffinity": {"cookieName": "canary"},
            },
        },
    })
}

#[test]
fn cluster_wrong_fields_are_refused_by_name() {
    on_stage("wrong-fields", async |stage| {
        let wrong: [(&str, Value); 14] = [
            ("/spec/targetRef", Value::Null),
            ("/spec/targetRef/kind", "Pod".into()),
            ("/spec/targetRef/name", Value::Null),
            ("/spec/provider", "isto".into()),
            ("/spec/service/port", "http".into()),
            ("/spec/service/gatewayRefs/0/name", "".into()),
            ("/spec/service/trafficDistribution", "Far".into()),
            ("/spec/analysis/interval", "soon".into()),
            ("/spec/analysis/stepWeight", "ten".into()),
            ("/spec/analysis/thresholdMode", "sometimes".into()),
            ("/spec/analysis/metrics", json!([{"interval": "1m"}])),
            ("/spec/analysis/webhooks", json!([{"name": "gate", "url": "http://gate", "type": "confirm"}])),
            ("/spec/analysis/sessionAffinity/cookieName", Value::Null),
            ("/spec/analysis/match", json!([{"headers": {"x": {"exact": "a", "regex": "b"}}}])),
        ];
        let mut answers = Vec::new();
        for (pointer, value) in wrong {
            let mut object = canary(&stage.namespace);
            set(&mut object, pointer, value);
            let answer = objects::create(&stage.client, &object).await;
            answers.push(format!("{pointer}: {}", answer.map_or_else(said, |_| "was taken".into())));
        }
        insta::assert_snapshot!(answers.join("\n"));
    });
}

#[test]
fn cluster_wrong_templates_and_receivers_are_refused_by_name() {
    on_stage("wrong-others", async |stage| {
        let object = |kind: &str, spec: Value| {
            let metadata = json!({"name": "web", "namespace": stage.namespace});
            json!({"apiVersion": "flagger.app/v1beta1", "kind": kind, "metadata": metadata, "spec": spec})
        };
        let wrong = [
            object("MetricTemplate", json!({"provider": {"type": "prometheus"}})),
            object("MetricTemplate", json!({"provider": {"type": "graphit"}, "query": "up"})),
            object("AlertProvider", json!({"type": "slack"})),
            object("AlertProvider", json!({"type": "pigeon", "address": "http://loft"})),
        ];
        let mut answers = Vec::new();
        for object in &wrong {
            let answer = objects::create(&stage.client, object).await;
            answers.push(format!("{}: {}", object["spec"], answer.map_or_else(said, |_| "was taken".into())));
        }
        insta::assert_snapshot!(answers.join("\n"));
    });
}

#[test]
fn cluster_only_what_flagger_fills_in_is_filled_in() {
    on_stage("filled-in", async |stage| {
        let written = canary(&stage.namespace);
        let kept = objects::create(&stage.client, &written).await.unwrap();
        let mut expected = written["spec"].clone();
        expected["service"]["gatewayRefs"][0] =
            json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public"});
        expected["analysis"]["sessionAffinity"]["maxAge"] = 86400.into();
        assert_eq!(kept["spec"], expected);
    });
}

#[test]
fn cluster_columns_show_the_progress_of_a_canary() {
    on_stage("columns", async |stage| {
        let mut object = canary(&stage.namespace);
        objects::create(&stage.client, &object).await.unwrap();
        object["status"] =
            json!({"phase": "Progressing", "canaryWeight": 20, "failedChecks": 1, "iterations": 0});
        objects::write_status(&stage.client, &object).await.unwrap();
        let url = format!("/apis/flagger.app/v1beta1/namespaces/{}/canaries", stage.namespace);
        let request =
            http::Request::get(url).header("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
        let table: Value = stage.client.request(request.body(Vec::new()).unwrap()).await.unwrap();
        let names = table["columnDefinitions"].as_array().unwrap().iter().map(|column| &column["name"]);
        let cells = table["rows"][0]["cells"].as_array().unwrap();
        let shown: Vec<String> = names.zip(cells).map(|(name, cell)| format!("{name}: {cell}")).collect();
        insta::assert_snapshot!(shown.join("\n"));
    });
}

/// The server's message about an object that it refused.
fn said(error: kube::Error) -> String {
    let kube::Error::Api(status) = error else { panic!("{error}") };
    status.message
}

/// Sets a value at a pointer; null removes the value there.
fn set(object: &mut Value, pointer: &str, value: Value) {
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let parent = object.pointer_mut(parent).unwrap();
    if value.is_null() {
        parent.as_object_mut().unwrap().remove(last);
    } else {
        parent[last] = value;
    }
}
