//! Flagger's own documents: lint accepts the manifests that Flagger accepts, and refuses the others for the same reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serin_lint::{self as lint, Controller, Finding, Input, Level, Settings};

/// The documents, each with the manifest of its shape.
const DOCUMENTS: &str = include_str!("flagger/documents.tsv");
const MANIFESTS: &str = include_str!("flagger/documents.yaml");

/// One document in Flagger's repository.
struct Document<'a> {
    /// Its file, and its number there.
    place: String,
    kind: &'a str,
    manifest: &'a str,
    /// Field and reason; `None`: it is accepted.
    refused: Option<(&'a str, &'a str)>,
}

fn documents() -> Vec<Document<'static>> {
    let lines = DOCUMENTS.lines().filter(|line| !line.starts_with('#'));
    let documents = lines.map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let refused = match columns[4..] {
            ["accepted"] => None,
            ["refused", why] => Some(why.split_once(": ").unwrap()),
            _ => panic!("{line}"),
        };
        Document {
            place: format!("{} {}", columns[0], columns[1]),
            kind: columns[2],
            manifest: columns[3],
            refused,
        }
    });
    documents.collect()
}

fn manifests() -> BTreeMap<String, String> {
    serde_yaml::from_str(MANIFESTS).unwrap()
}

fn findings(name: &str, manifest: &str) -> Vec<Finding> {
    let settings = Settings {
        provider: "istio".into(),
        namespace: "flagger-system".into(),
        controller: Some(Controller::Flagger),
        release: None,
    };
    let input = Input { path: Path::new(name).into(), text: Ok(manifest.into()) };
    let report = lint::lint(&[input], &settings);
    report.files.into_iter().flat_map(|file| file.findings).collect()
}

#[test]
fn each_document_of_flagger_has_flaggers_verdict() {
    let manifests = manifests();
    let mut wrong = Vec::new();
    for Document { place, manifest, refused, .. } in documents() {
        let findings = findings(manifest, &manifests[manifest]);
        let errors: Vec<&Finding> = findings.iter().filter(|finding| finding.level == Level::Error).collect();
        let is_right = match refused {
            None => errors.is_empty(),
            Some((field, why)) => errors.iter().any(|error| error.field == field && error.what.contains(why)),
        };
        if !is_right {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            wrong.push(format!("{place}, {manifest}: {refused:?}, but {errors:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn each_manifest_has_the_kind_of_its_documents_and_represents_one() {
    let manifests = manifests();
    let documents = documents();
    assert!(documents.len() > 114);
    for document in &documents {
        let kind = format!("kind: {}\n", document.kind);
        assert!(manifests[document.manifest].contains(&kind), "{}", document.place);
    }
    let used: BTreeSet<&str> = documents.iter().map(|document| document.manifest).collect();
    let given: BTreeSet<&str> = manifests.keys().map(String::as_str).collect();
    assert_eq!(used, given);
}

#[test]
fn manifests_that_only_flaggers_crd_refuses_are_refused_for_flagger() {
    let refused = |analysis: &str| -> Vec<String> {
        let canary = format!(
            "{{apiVersion: flagger.app/v1beta1, kind: Canary, metadata: {{name: shop}}, spec: {{targetRef: {{apiVersion: \
             apps/v1, kind: Deployment, name: shop}}, service: {{port: 80}}, {analysis}}}}}"
        );
        let errors = findings("shop", &canary).into_iter().filter(|finding| finding.level == Level::Error);
        errors.map(|finding| format!("{}: {}", finding.field, finding.what)).collect()
    };
    assert_eq!(
        refused("skipAnalysis: true"),
        ["spec.analysis: is missing: Flagger's CRD requires `analysis`"]
    );
    assert_eq!(refused("analysis: {interval: 1m, threshold: 2, iterations: 5}"), [] as [&str; 0]);
    assert_eq!(
        refused("analysis: {interval: 1h, stepWeight: 10, iterations: 5}"),
        [
            "spec.analysis: has no `threshold`, which Flagger's CRD requires",
            "spec.analysis: has iterations and stepWeight of iterations, stepWeight and stepWeights: Flagger's CRD accepts \
             exactly one",
            "spec.analysis.interval: `1h` is refused by Flagger's CRD, which accepts whole minutes and seconds",
        ]
    );
}
