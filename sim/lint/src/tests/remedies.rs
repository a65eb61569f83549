//! Tries every remedy: the manifest that shows a code is edited as the remedy says; then the finding is gone, nothing
//! is refused, and a healthy release is promoted.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use serin_core::{
    Phase, Rollout,
    spec::{HookKind, Metric},
};
use serin_input::{
    Source,
    edit::Edit,
    manifest::{duration::DURATIONS, typed::pointer},
};
use serin_simulator::{
    drive,
    scenario::{self, Measure},
};

use crate::{Code, FileReport, Finding, Input, Level, Settings, lint};

/// Codes whose remedy cannot be an edit of an object, and why.
const ADVICE: &[(Code, &str)] = &[
    (Code::Unreadable, "a text without objects has no field to edit"),
    (Code::UnrenderedTemplate, "what the template prints is known where it is rendered"),
    (Code::MergeConflict, "which side is right is a choice"),
    (Code::DuplicateKey, "which of the two values is meant is a choice"),
    (Code::NonBreakingSpace, "the spaces are between the fields, in the text"),
    (Code::NothingToCheck, "there is no object"),
    (Code::DuplicateObject, "which of the two is meant is a choice"),
    (Code::SharedTarget, "which Canary goes is a choice"),
    (Code::NotInController, "which system to use instead is a choice"),
    (Code::BeyondLimit, "whether the manifest or the controller's flag changes is a choice"),
    (Code::MirrorSideEffects, "about what the service does with a request"),
    (Code::QueryMeasuresBoth, "which label distinguishes the versions is known to the service"),
    (Code::QueryTemplateInvalid, "what was meant cannot be read"),
    (Code::QueryInvalid, "what was meant cannot be read"),
    (Code::QueryNotChecked, "about rules in Prometheus"),
    (Code::SecretWithoutKey, "the value is a secret"),
    (Code::HookAsksChat, "which service knows the answer is a choice"),
];

fn is_advice(code: Code) -> bool {
    ADVICE.iter().any(|(advice, _)| *advice == code)
}

fn settings() -> Settings {
    Settings { provider: "istio".into(), namespace: "flagger-system".into(), controller: None, release: None }
}

/// The manifest that shows a code.
fn manifest(code: Code) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/cli/lint/bad/{}.yaml", code.name()))
}

/// The objects of that manifest.
fn objects(code: Code) -> Vec<Value> {
    let path = manifest(code);
    let text = std::fs::read_to_string(&path).unwrap();
    let (documents, _) = Source::new(&text, &path).documents();
    documents.into_iter().map(|(_, yaml)| serde_json::to_value(yaml).unwrap()).collect()
}

/// The findings of the objects, each in its own file.
fn found(objects: &[Value]) -> Vec<FileReport> {
    let inputs: Vec<Input> =
        objects.iter().map(|object| Input { path: "a.yaml".into(), text: Ok(object.to_string()) }).collect();
    lint(&inputs, &settings()).files
}

fn of_code(report: &FileReport, code: Code) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(move |finding| finding.code == code)
}

/// The objects after edits of one of them.
fn edited(objects: &[Value], place: usize, edits: &[Edit]) -> Result<Vec<Value>, String> {
    let mut objects = objects.to_vec();
    for edit in edits {
        edit.apply(&mut objects[place]).ok_or_else(|| format!("{edit:?} leads nowhere"))?;
    }
    Ok(objects)
}

/// Applies the remedies of these codes, one after another, until no finding has one.
fn followed(mut objects: Vec<Value>, codes: &[Code], tried: &mut usize) -> Result<Vec<Value>, String> {
    for _ in 0..20 {
        let reports = found(&objects);
        let of_codes = |report: &FileReport| -> Vec<Finding> {
            report
                .findings
                .iter()
                .filter(|finding| codes.contains(&finding.code) && !finding.edits.is_empty())
                .cloned()
                .collect()
        };
        let next = reports
            .iter()
            .enumerate()
            .find_map(|(place, report)| Some((place, of_codes(report).first()?.clone())));
        let Some((place, finding)) = next else { return Ok(objects) };
        let after = edited(&objects, place, &finding.edits)?;
        let count = |reports: &[FileReport]| {
            of_code(&reports[place], finding.code).filter(|other| other.field == finding.field).count()
        };
        let (before, now) = (count(&reports), count(&found(&after)));
        if now >= before {
            return Err(format!("{finding} is still found after: {}", finding.remedy));
        }
        *tried += 1;
        objects = after;
    }
    Err(format!("the remedies of {codes:?} lead to each other: {objects:?}"))
}

#[test]
fn every_remedy_removes_its_finding_and_lets_a_healthy_release_pass() {
    let mut failed = Vec::new();
    for code in Code::ALL.iter().filter(|code| !is_advice(**code)) {
        let mut tried = 0;
        match followed(objects(*code), &[*code], &mut tried).and_then(|after| passes(&after, code.name())) {
            Ok(()) if tried == 0 => {
                failed.push(format!("{code} has no remedy that can be tried: is it ADVICE?"));
            }
            Ok(()) => {}
            Err(why) => failed.push(format!("{code}: {why}")),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn advice_has_no_edits() {
    for (code, _) in ADVICE {
        let report = lint(&[Input::read(&manifest(*code))], &settings());
        let findings: Vec<&Finding> = report.files.iter().flat_map(|file| of_code(file, *code)).collect();
        assert!(!findings.is_empty(), "{} is not found in its manifest", code.name());
        for finding in findings {
            assert!(finding.edits.is_empty(), "{finding} can be tried: take it out of ADVICE");
        }
    }
}

/// A healthy release of every Canary among the objects is promoted.
fn passes(objects: &[Value], about: &str) -> Result<(), String> {
    for canary in objects.iter().filter(|object| object["kind"] == "Canary") {
        let reports = found(objects);
        let errors = reports.iter().flat_map(|report| &report.findings);
        let errors: Vec<String> =
            errors.filter(|finding| finding.level == Level::Error).map(ToString::to_string).collect();
        if !errors.is_empty() {
            // A remedy is not responsible for other faults in the manifest.
            if matches!(about, "wrong-type" | "refused") {
                continue;
            }
            return Err(format!("{about}: {errors:?}"));
        }
        let ended = healthy(canary, objects).map_err(|why| format!("{about}: {why}"))?;
        if ended != Some(Phase::Succeeded) {
            return Err(format!("{about}: a healthy release ends {ended:?} with {canary:#}"));
        }
    }
    Ok(())
}

/// The result of a release that fails 0.1 % of its requests: in a simulated world if requests reach the canary and
/// the world knows what is measured, otherwise in a world where everything works.
fn healthy(canary: &Value, objects: &[Value]) -> Result<Option<Phase>, String> {
    let given = objects.iter().filter(|object| object["kind"] == "MetricTemplate");
    let given = given.map(|object| object["metadata"].clone());
    // A metric that has only a name may use a template in the cluster.
    let metrics = canary["spec"]["analysis"]["metrics"].as_array().into_iter().flatten();
    let by_name = metrics.filter(|metric| metric["query"].is_null() && metric["templateRef"].is_null());
    let by_name =
        by_name.map(|metric| json!({"name": metric["name"], "namespace": canary["metadata"]["namespace"]}));
    let templates =
        given.chain(by_name).map(|metadata| json!({"kind": "MetricTemplate", "metadata": metadata}));
    let templates: Vec<Value> = templates.collect();
    let story = |world: Value| {
        let text = json!({
            "scenario": "a healthy release", "canary": canary, "templates": templates, "world": world,
            "events": [{"at": "5m", "deploy": "v2"}], "until": "300d",
        });
        scenario::parse(&text.to_string(), Path::new("remedy.yaml")).map_err(|error| error.to_string())
    };
    let rollout = story(json!({}))?.canary;
    let mut world = json!({"hooks": polled(&rollout)});
    if is_simulated(&rollout) {
        world["traffic"] = json!({"rps": 200});
        world["versions"] = json!({"v2": {"errors": "0.1%"}});
    }
    let story = drive::run(&story(world)?);
    Ok(story.moments.iter().rev().find_map(|moment| Some(moment.saved.as_ref()?.phase)))
}

fn is_simulated(rollout: &Rollout) -> bool {
    let known = |metric: &Metric| Measure::of(metric, Measure::LatencyP99).is_some();
    scenario::is_reached(rollout) && !rollout.metrics().is_empty() && rollout.metrics().iter().all(known)
}

/// Hooks that are polled for a rollback refuse it.
fn polled(rollout: &Rollout) -> Value {
    let polled = rollout.hooks_of(HookKind::RollbackTrigger);
    polled.map(|hook| (hook.key.to_string(), json!([403]))).collect::<serde_json::Map<_, _>>().into()
}

fn canary(analysis: Value) -> Value {
    json!({
        "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop", "namespace": "prod"},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
            "service": {"port": 80}, "analysis": analysis,
        },
    })
}

/// The remedy for a window that is too long does not make it too short.
#[test]
fn remedies_of_windows_do_not_lead_to_each_other() {
    let mut tried = 0;
    for interval in ["10s", "15s", "20s", "30s", "45s", "1m", "5m"] {
        for window in ["5s", "10s", "30s", "1m", "2m", "10m"] {
            for threshold in [1, 2, 5, 10] {
                let analysis = json!({
                    "interval": interval, "threshold": threshold, "stepWeight": 5, "maxWeight": 50,
                    "metrics": [
                        {"name": "request-success-rate", "interval": window, "thresholdRange": {"min": 99}},
                        {"name": "request-duration", "interval": window, "thresholdRange": {"max": 500}},
                    ],
                });
                let codes = [Code::WindowTooLong, Code::WindowTooShort];
                let after = followed(vec![canary(analysis)], &codes, &mut tried).unwrap();
                let left = found(&after);
                let left = left[0].findings.iter().filter(|finding| codes.contains(&finding.code));
                assert_eq!(left.map(ToString::to_string).collect::<Vec<_>>(), [] as [String; 0]);
                passes(&after, &format!("interval {interval}, window {window}, threshold {threshold}"))
                    .unwrap();
            }
        }
    }
    assert!(tried > 100, "only {tried} remedies were tried");
}

/// A number instead of a duration gets a unit, not quotes, in every field that is a duration.
#[test]
fn a_duration_without_a_unit_gets_one() {
    let mut fields = DURATIONS.map(|field| field.replace("[]", "[0]")).to_vec();
    fields.extend(
        ["portLevelSettings[0].outlierDetection.interval", "connectionPool.tcp.connectTimeout"]
            .map(|field| format!("spec.service.trafficPolicy.{field}")),
    );
    for field in fields {
        for written in [json!(60), json!("60")] {
            let mut manifest = canary(json!({
                "interval": "1m", "threshold": 2, "stepWeight": 10, "maxWeight": 50,
                "metrics": [{"name": "request-success-rate", "thresholdRange": {"min": 99}}],
                "webhooks": [{"name": "gate", "type": "confirm-rollout", "url": "http://gate.test/"}],
            }));
            manifest["spec"]["service"]["trafficPolicy"] = json!({"portLevelSettings": [{}]});
            Edit::set(field.as_str(), written.clone()).apply(&mut manifest).unwrap();
            let mut tried = 0;
            let after = followed(vec![manifest], &[Code::WrongType, Code::Refused], &mut tried).unwrap();
            assert_eq!(tried, 1, "{field}: {written}");
            passes(&after, &field).unwrap();
            assert_eq!(after[0].pointer(&pointer(&field)), Some(&json!("60s")), "{field}: {written}");
        }
    }
}
