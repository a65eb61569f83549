//! Helpers for the tests of several parts.

use std::sync::Arc;

use serin_core::spec::{Defaults, Rollout, raw};

use crate::{settings::Settings, subject::Subject};

/// The Canary `store.test` with this spec.
pub(crate) fn subject(spec: &str) -> (Subject, Rollout) {
    let text = format!(
        "{{apiVersion: flagger.app/v1beta1, kind: Canary, spec: {spec}, metadata: {{name: store, namespace: test, \
         uid: 3f2a9c1e-77aa, labels: {{environment: staging}}, annotations: {{version: v2}}}}}}"
    );
    let raw: raw::Canary = serde_yaml::from_str(&text).unwrap();
    let canary = Rollout::parse(&raw, &Defaults::default());
    let subject = Subject::of(&canary, Arc::new(raw.metadata), Arc::new(Settings::default()));
    (subject, canary.unwrap())
}
