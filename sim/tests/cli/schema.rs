//! What the printed schemas accept and refuse, compared with what is read.

use std::{collections::BTreeSet, fs, path::Path};

use jsonschema::Validator;
use serde_json::{Value, json};
use serin_core::spec::raw;
use serin_simulator::scenario;

use super::{inputs, serin};

/// The schema that the command prints.
fn schema(kind: &str) -> Value {
    let output = serin().args(["schema", kind]).output().expect("the command runs");
    assert!(output.status.success() && output.stderr.is_empty());
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

fn validator(kind: &str) -> Validator {
    jsonschema::draft202012::new(&schema(kind)).expect("it prints a schema")
}

/// A file below the root of the repository, as JSON.
fn yaml(path: impl AsRef<Path>) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    json_of(&fs::read_to_string(path).expect("the file is there"))
}

fn json_of(text: &str) -> Value {
    let mut value: serde_yaml::Value = serde_yaml::from_str(text).expect("it is YAML");
    value.apply_merge().expect("what is merged is a mapping");
    serde_json::to_value(value).expect("its keys are texts")
}

const MANIFESTS: [(&str, &str); 3] = [
    ("canary", "core/tests/manifests/canary.yaml"),
    ("metrictemplate", "core/tests/manifests/metrictemplate.yaml"),
    ("alertprovider", "core/tests/manifests/alertprovider.yaml"),
];

/// The manifest of a kind with every field. Fractions in it are numbers that the core reads and a controller refuses.
fn maximal(kind: &str) -> Value {
    let (_, path) = MANIFESTS.into_iter().find(|(known, _)| *known == kind).expect("a kind of manifest");
    let mut manifest = yaml(path);
    for analysis in ["analysis", "canaryAnalysis"] {
        if let Some(step) = manifest.pointer_mut(&format!("/spec/{analysis}/stepWeights/1")) {
            *step = json!(2);
        }
    }
    manifest
}

#[test]
fn snap_schemas() {
    for kind in ["scenario", "canary", "metrictemplate", "alertprovider"] {
        let mut schema = schema(kind);
        // These are printed in full as their own schemas.
        for pointer in
            ["/$defs/Canary", "/$defs/MetricTemplate", "/properties/spec/properties/canaryAnalysis"]
        {
            if let Some(part) = schema.pointer_mut(pointer) {
                *part = json!("…");
            }
        }
        insta::assert_snapshot!(format!("schema-{kind}"), format!("{schema:#}"));
    }
}

#[test]
fn without_a_kind_the_schema_is_that_of_scenarios() {
    let output = serin().arg("schema").output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), schema("scenario"));
}

#[test]
fn every_story_is_accepted() {
    let validator = validator("scenario");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let files = scenario::find(&[folder]).unwrap();
    assert!(files.len() > 400);
    let mut refused = files.iter().filter_map(|file| {
        let story = json_of(&fs::read_to_string(file).unwrap());
        let error = validator.iter_errors(&story).next()?;
        Some(format!("{}: {}: {error}", file.display(), error.instance_path()))
    });
    assert_eq!(refused.next(), None);
}

#[test]
fn errors_in_the_shape_of_a_file_are_refused() {
    let validator = validator("scenario");
    let accepts = |name: &str| validator.is_valid(&yaml(inputs(name)));
    for refused in ["misspelt-field", "misspelt-phase", "two-triggers", "no-canary", "empty", "no-duration"] {
        assert!(!accepts(refused), "{refused}");
    }
    // Checks that need more than the schema: whether a file exists, what a Canary means, which names it has.
    for unseen in ["canary-file-missing", "canary-refused", "unknown-metric", "not-as-expected"] {
        assert!(accepts(unseen), "{unseen}");
    }
}

/// A story with one more field.
fn story(field: &str) -> String {
    format!(
        "scenario: a story
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {{name: shop}}
  spec:
    targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}
    service: {{port: 80}}
    analysis:
      metrics: [{{name: request-success-rate}}]
      webhooks: [{{name: gate, url: 'http://gate'}}]
{field}
"
    )
}

#[test]
fn everything_that_is_read_is_accepted() {
    let validator = validator("scenario");
    for field in [
        "templates: [{apiVersion: flagger.app/v1beta1, kind: MetricTemplate, metadata: {name: a}, spec: {provider: {type: keptn}, query: q}}]",
        "controller: {provider: contour, namespace: here}",
        "world: {start: '2026-02-01T00:00:00Z'}",
        "world: {metrics: {request-success-rate: [99.5, -1, none, NaN, nan, .nan, +inf, .inf, -inf, ~, {error: down}]}}",
        "world: {hooks: {gate: [200, timeout, refused, {status: 500, body: no}, {status: timeout, after: 5m}]}}",
        "world: {ready: {canary: never, primary: 1m30s}, target: {revision: 1, replicas: 3, missing: true}}",
        "{status: {phase: Succeeded}, world: {primary: {runs: v1}, routes: {canary: 20, mirror: 10, matched: true}}}",
        "until: 7d",
        "events: [{at: 0, deploy: 2}, {after: 1s, deploy: v3}, {when: {phase: '', canaryWeight: 20}, after: 1.5h, scale: 0}]",
        "events: [{at: 1s, config: {configmap/a: 2}}, {at: 1s, annotate: {promote: ~, canaryWeight: 20, skip-analysis: true}}]",
        "events: [{at: 1s, edit: {suspend: ~}}, {at: 1s, delete: canary}, {at: 1s, delete: target}]",
        "events: [{at: 1s, ready: {canary: 0%, primary: stalled}}, {at: 1s, ready: {canary: true, primary: 10s}}]",
        "events: [{at: 1s, routes: {canary: 80}}, {at: 1s, drift: [workloads, services]}]",
        "events: [{at: 1s, fail: {command: route, as: refused, times: forever, error: no}}]",
        "events: [{at: 1s, fail: {save: conflict, times: 2}}, {at: 1s, fail: {notices: true}}]",
        "events: [{at: 1s, unknown: {fact: routes, for: 2m, why: so}}, {at: 1s, restart: true}]",
        "events: [{at: 1s, stop: {after: command}}, {at: 1s, clock: -30s}, {at: 1s, clock: +10m}]",
        "events: [{at: 1s, metrics: {request-success-rate: [1]}}, {at: 1s, hooks: {gate: [200]}}]",
        "expect: [{phases: ['', Failed]}, {phases: {exactly: [Failed]}}, {weights: [1, 0]}, {weight: {min: 1}}]",
        "expect: [{routes: [100/0 mirror 50, 0/100 matched]}, {routes: {exactly: [90/10]}}, {rows: [[Failed, 1, 2, 3]]}]",
        "expect: [{phase: Failed, canaryWeight: 0, failedChecks: 1, iterations: 2}, {iterations: 1}]",
        "expect: [{event: a}, {event: {matches: a, times: 2}}, {not: {event: a}}, {condition: a}, {promoted: v1}]",
        "expect: [{alert: a}, {alert: {matches: a, severity: warn}}, {not: {alert: {matches: a}}}]",
        "expect: [{hook: {name: gate, times: 3, phases: [Failed], answers: [500]}}, {metric: {name: request-success-rate}}]",
        "expect: [{command: {name: promote, times: 1}}, {rule: idle}, {rule: {name: idle, times: 2}}, {not: {rule: idle}}]",
        "expect: [{time: {from: {phase: Failed}, to: {phase: Failed}, min: 1s, max: 2s}}, {never: {phase: Failed}}]",
    ] {
        // A flow mapping of several fields is split into lines.
        let lines = field.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
        let field = lines.map_or_else(|| field.to_owned(), |inner| inner.replacen(", world", "\nworld", 1));
        let story = story(&field);
        scenario::parse(&story, Path::new("story.yaml")).unwrap_or_else(|error| panic!("{field}: {error}"));
        let error = validator.iter_errors(&json_of(&story)).next().map(|error| error.to_string());
        assert_eq!(error, None, "{field}");
    }
}

#[test]
fn files_with_an_unreadable_shape_are_refused() {
    let validator = validator("scenario");
    for field in [
        "wrold: {}",
        "templates: {}",
        "controller: {flags: [a]}",
        "world: {traffic: 1}",
        "world: {start: [now]}",
        "world: {metrics: {request-success-rate: 99}}",
        "world: {metrics: {request-success-rate: [lots]}}",
        "world: {metrics: {request-success-rate: [true]}}",
        "world: {metrics: {request-success-rate: [{errors: x}]}}",
        "world: {hooks: {gate: [99]}}",
        "world: {hooks: {gate: [tiemout]}}",
        "world: {hooks: {gate: [{status: 200, wait: 1s}]}}",
        "world: {hooks: {gate: [{body: x}]}}",
        "world: {ready: {canary: soon}}",
        "world: {ready: {pods: 1s}}",
        "world: {target: {replicas: many}}",
        "world: {target: {replicas: -1}}",
        "world: {target: {missing: maybe}}",
        "world: {primary: {}}",
        "world: {routes: {canary: 101}}",
        "world: {routes: {primary: 80}}",
        "status: {phase: Faild}",
        "until: tomorrow",
        "events: {at: 1s, deploy: v2}",
        "events: [{deploy: v2}]",
        "events: [{at: 5m}]",
        "events: [{at: 5m, after: 1s, deploy: v2}]",
        "events: [{at: 5m, when: {phase: Failed}, deploy: v2}]",
        "events: [{when: {phases: Failed}, deploy: v2}]",
        "events: [{at: 5m, deploy: v2, scale: 0}]",
        "events: [{at: 5m, deploy: [v2]}]",
        "events: [{at: 5m, config: [a]}]",
        "events: [{at: 5m, annotate: {promot: true}}]",
        "events: [{at: 5m, edit: now}]",
        "events: [{at: 5m, delete: primary}]",
        "events: [{at: 5m, ready: {}}]",
        "events: [{at: 5m, ready: {canary: soon}}]",
        "events: [{at: 5m, ready: {canary: 101%}}]",
        "events: [{at: 5m, scale: all}]",
        "events: [{at: 5m, drift: all}]",
        "events: [{at: 5m, drift: [routes]}]",
        "events: [{at: 5m, fail: {times: 2}}]",
        "events: [{at: 5m, fail: {save: conflict, command: route}}]",
        "events: [{at: 5m, fail: {save: never}}]",
        "events: [{at: 5m, fail: {notices: false}}]",
        "events: [{at: 5m, fail: {command: route, as: lost}}]",
        "events: [{at: 5m, fail: {command: route, times: often}}]",
        "events: [{at: 5m, unknown: {for: 2m}}]",
        "events: [{at: 5m, unknown: {fact: weather}}]",
        "events: [{at: 5m, restart: false}]",
        "events: [{at: 5m, stop: {after: lunch}}]",
        "events: [{at: 5m, clock: ahead}]",
        "expect: {phase: Failed}",
        "expect: [{}]",
        "expect: [{phases: [Failed], event: x}]",
        "expect: [{phases: Failed}]",
        "expect: [{phases: {exact: [Failed]}}]",
        "expect: [{phase: Faild}]",
        "expect: [{weights: [many]}]",
        "expect: [{weight: {most: 1}}]",
        "expect: [{routes: ['90']}]",
        "expect: [{rows: [[Failed, 0]]}]",
        "expect: [{not: {}}]",
        "expect: [{not: {phases: [Failed]}}]",
        "expect: [{not: {event: x}, event: y}]",
        "expect: [{event: {times: 1}}]",
        "expect: [{alert: {matches: a, severity: loud}}]",
        "expect: [{hook: gate}]",
        "expect: [{metric: {name: request-success-rate, times: x}}]",
        "expect: [{rule: no-such-rule}]",
        "expect: [{rule: {name: no-such-rule}}]",
        "expect: [{time: {max: 1s}}]",
        "expect: [{never: Failed}]",
    ] {
        let story = story(field);
        assert!(scenario::parse(&story, Path::new("story.yaml")).is_err(), "{field} is read");
        assert!(!validator.is_valid(&json_of(&story)), "{field} is accepted");
    }
}

#[test]
fn a_manifest_with_every_field_is_accepted() {
    for (kind, _) in MANIFESTS {
        let manifest = maximal(kind);
        let errors: Vec<String> = validator(kind)
            .iter_errors(&manifest)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{kind}");
    }
}

/// Every field of a schema, as `spec.analysis.alerts[].name`.
fn fields_of_schema(path: &str, schema: &Value, found: &mut BTreeSet<String>) {
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.{name}");
        fields_of_schema(&path, field, found);
        found.insert(path);
    }
    for (step, inner) in [("[]", "items"), (".*", "additionalProperties")] {
        if let Some(schema) = schema.get(inner) {
            fields_of_schema(&format!("{path}{step}"), schema, found);
        }
    }
}

/// Every field of a manifest that its schema names, in the same form.
fn fields_of_manifest(path: &str, schema: &Value, manifest: &Value, found: &mut BTreeSet<String>) {
    for item in manifest.as_array().into_iter().flatten() {
        fields_of_manifest(&format!("{path}[]"), &schema["items"], item, found);
    }
    for (name, field) in manifest.as_object().into_iter().flatten() {
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(schema), _) => {
                let path = format!("{path}.{name}");
                fields_of_manifest(&path, schema, field, found);
                found.insert(path);
            }
            (None, Some(schema)) => fields_of_manifest(&format!("{path}.*"), schema, field, found),
            (None, None) => {}
        }
    }
}

#[test]
fn the_full_manifests_have_every_field() {
    for (kind, path) in MANIFESTS {
        let (schema, mut there, mut expected) = (schema(kind), BTreeSet::new(), BTreeSet::new());
        fields_of_schema("", &schema, &mut expected);
        fields_of_manifest("", &schema, &yaml(path), &mut there);
        // Only a cluster writes the rest of the metadata.
        expected.retain(|path| {
            !schema["properties"]["metadata"]["properties"][path.replace(".metadata.", "")].is_boolean()
        });
        // A text is compared in one way at a time.
        let ways = [".exact", ".prefix", ".suffix", ".regex"];
        expected.retain(|path| !ways.iter().any(|way| path.ends_with(way)));
        let missing: Vec<&String> = expected.difference(&there).collect();
        assert_eq!(missing, Vec::<&String>::new(), "{kind}");
    }
}

/// Pointers to every value of a manifest that is not passed on unchanged.
fn places(pointer: &str, value: &Value, found: &mut Vec<String>) {
    if pointer == "/status" || pointer == "/spec/service/trafficPolicy" {
        return;
    }
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (step, value) in inner {
        places(&format!("{pointer}/{step}"), value, found);
    }
    found.push(pointer.into());
}

#[test]
fn a_wrong_type_anywhere_in_a_canary_is_refused_as_it_is_not_read() {
    let (validator, whole) = (validator("canary"), maximal("canary"));
    let mut pointers = Vec::new();
    places("", &whole, &mut pointers);
    assert!(pointers.len() > 250);
    for pointer in pointers {
        let mut wrong = whole.clone();
        let place = wrong.pointer_mut(&pointer).unwrap();
        *place = if place.is_boolean() { json!(7) } else { json!(true) };
        assert!(!validator.is_valid(&wrong), "{pointer} is accepted");
        assert!(serde_json::from_value::<raw::Canary>(wrong).is_err(), "{pointer} is read");
    }
}

/// A manifest with every field, changed in one place.
fn changed(kind: usize, pointer: &str, value: Value) -> Value {
    let mut manifest = maximal(MANIFESTS[kind].0);
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    manifest.pointer_mut(parent).unwrap()[name] = value;
    manifest
}

#[test]
fn a_field_that_a_manifest_does_not_have_is_refused_wherever_it_is() {
    for (kind, pointer) in [
        (0, "/spec/anaylsis"),
        (0, "/spec/analysis/treshold"),
        (0, "/spec/analysis/metrics/0/thresholdRnage"),
        (0, "/spec/analysis/webhooks/0/retires"),
        (0, "/spec/service/gateway"),
        (0, "/metadata/namespce"),
        (0, "/sepc"),
        (1, "/spec/qeury"),
        (1, "/spec/provider/adress"),
        (2, "/spec/chanel"),
    ] {
        let manifest = changed(kind, pointer, json!({}));
        assert!(!validator(MANIFESTS[kind].0).is_valid(&manifest), "{pointer}");
    }
    let canary = changed(0, "/spec/analysis/treshold", json!(5));
    assert!(!validator("scenario").is_valid(&json!({"scenario": "a story", "canary": canary})));
}

#[test]
fn open_fields_stay_open() {
    for pointer in [
        "/metadata/labels/a",
        "/metadata/annotations/example.com~1a",
        "/metadata/finalizers",
        "/spec/service/trafficPolicy/anything",
        "/spec/service/apex/annotations/a",
        "/spec/analysis/webhooks/0/metadata/cmd",
        "/spec/analysis/metrics/0/templateVariables/a",
    ] {
        let mut manifest = maximal("canary");
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let Some(place) = manifest.pointer_mut(parent) else { continue };
        place[name.replace("~1", "/")] = if name == "finalizers" { json!(["a"]) } else { json!("b") };
        let error = validator("canary").iter_errors(&manifest).next().map(|error| error.to_string());
        assert_eq!(error, None, "{pointer}");
    }
}

#[test]
fn values_that_an_editor_can_know_to_be_wrong_are_refused() {
    for (pointer, wrong, right) in [
        ("/spec/analysis/interval", json!("1min"), json!("1m30s")),
        ("/spec/analysis/interval", json!("60"), json!("60s")),
        ("/spec/analysis/interval", json!(60), json!("1h")),
        ("/spec/analysis/webhooks/0/timeout", json!("30 s"), json!("500ms")),
        ("/spec/analysis/metrics/0/interval", json!("1m,"), json!("1.5m")),
        ("/spec/service/timeout", json!("15"), json!("15s")),
        ("/spec/service/backendTimeout", json!("15"), json!("1m30s")),
        ("/spec/service/retries/perTryTimeout", json!("1"), json!("infinity")),
        ("/spec/service/corsPolicy/maxAge", json!("1 day"), json!("24h")),
        ("/spec/analysis/delay", json!("30"), json!("30s")),
        ("/spec/analysis/webhooks/0/deadline", json!("2"), json!("2h")),
        ("/spec/analysis/threshold", json!(2.5), json!(5)),
        ("/spec/analysis/thresholdMode", json!("in a row"), json!("consecutive")),
        ("/spec/provider", json!("isito"), json!("istio")),
        ("/spec/service/port", json!(70_000), json!(8080)),
        ("/spec/targetRef/kind", json!("StatefulSet"), json!("DaemonSet")),
        ("/apiVersion", json!("flagger.app/v1alpha3"), json!("flagger.app/v1beta1")),
    ] {
        let is_valid = |value: &Value| validator("canary").is_valid(&changed(0, pointer, value.clone()));
        assert_eq!((is_valid(&wrong), is_valid(&right)), (false, true), "{pointer}: {wrong} {right}");
    }
}

/// Manifests in which `lint` finds nothing, and some that it refuses.
#[test]
fn good_manifests_are_accepted_and_bad_ones_are_refused() {
    let objects = |file: &Path| -> Vec<Value> {
        let text = fs::read_to_string(file).unwrap();
        text.split("\n---\n")
            .map(json_of)
            .filter(|json| json["apiVersion"] == "flagger.app/v1beta1")
            .collect()
    };
    let accepts = |json: &Value| {
        let kind = json["kind"].as_str().unwrap().to_lowercase();
        validator(&kind).is_valid(json)
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/lint");
    for file in fs::read_dir(folder.join("good")).unwrap() {
        let file = file.unwrap().path();
        assert!(objects(&file).iter().all(accepts), "{}", file.display());
    }
    for name in ["misspelt-field", "unknown-field", "wrong-type"] {
        let file = folder.join(format!("bad/{name}.yaml"));
        assert!(!objects(&file).iter().all(accepts), "{name}");
    }
}
