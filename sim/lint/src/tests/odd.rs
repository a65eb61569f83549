//! lint handles every manifest without a panic.

use std::path::Path;

use serde_json::{Value, json};
use serin_output::Terminal;

use crate::{Input, Settings, json, lint, text};

fn settings() -> Settings {
    Settings { provider: "istio".into(), namespace: "flagger-system".into(), controller: None, release: None }
}

/// The pointers of everything below a value.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                places(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{i}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn odd_values_are_reported_without_a_panic() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cli/lint/everything.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let manifest: Value = serde_yaml::from_str(&text).unwrap();
    let mut all = Vec::new();
    places(&manifest, "", &mut all);
    assert!(all.len() > 70, "only {} places", all.len());
    let odd = [
        json!(null),
        json!(""),
        json!(-1),
        json!(0),
        json!(1e308),
        json!(u64::MAX),
        json!([]),
        json!({}),
        json!("{{"),
    ];
    let terminal = Terminal::new(20, true);
    for place in &all {
        for value in &odd {
            let mut manifest = manifest.clone();
            *manifest.pointer_mut(place).unwrap() = value.clone();
            let input = Input { path: "odd.yaml".into(), text: Ok(manifest.to_string()) };
            let report = lint(&[input], &settings());
            let told = text::text(&report, false, &terminal) + &json::lines(&report, false);
            assert!(told.contains("odd.yaml"), "{place} as {value}: {told}");
        }
    }
}

#[test]
fn a_canary_that_is_refused_has_no_plan() {
    let input = Input {
        path: "odd.yaml".into(),
        text: Ok("{apiVersion: flagger.app/v1beta1, kind: Canary, spec: {analysis: {interval: x}}}".into()),
    };
    let report = lint(&[input], &settings());
    assert!(report.files[0].canaries.is_empty());
    let fields: Vec<&str> = report.files[0].findings.iter().map(|finding| finding.field.as_str()).collect();
    assert_eq!(fields, ["metadata.name", "spec.targetRef", "spec.service.port", "spec.analysis.interval"]);
}
