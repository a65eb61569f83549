//! A Canary's manifest: read as written, and parsed by the core, or refused.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use serin_core::{
    Invalid, Rollout,
    revision::Text,
    spec::{Defaults, Identity, MetricSource, Problem, Topology, raw},
};

use crate::{
    cluster::reader::Reader, kinds::METRIC_TEMPLATE, object::Object, settings::Settings, tick::memory::Parsed,
};

/// Reads a Canary. One that cannot be read is invalid, with its names as far as they can be read.
pub(super) fn parse(object: &Object, settings: &Settings, namespace: &str, reader: &Reader<'_>) -> Parsed {
    if let Some(cut) = object.cut() {
        let canary = Err(unreadable(object, &cut.path, &cut.why));
        return Parsed { canary: Arc::new(canary), clamped: None };
    }
    let manifest = match raw::Canary::deserialize(object.value()) {
        Ok(manifest) => manifest,
        Err(error) => {
            let canary = Err(unreadable(object, "spec", &error.to_string()));
            return Parsed { canary: Arc::new(canary), clamped: None };
        }
    };
    let nested = manifest.spec.analysis.as_ref().and_then(|analysis| analysis.canary_analysis.as_ref());
    if nested.is_some_and(|nested| nested.template_variables.is_some()) {
        let canary = object.key();
        tracing::warn!(%canary, "spec.analysis.canaryAnalysis.templateVariables has no effect yet");
    }
    let templates = reader.members(METRIC_TEMPLATE);
    let defaults = Defaults {
        provider: settings.provider.as_str().into(),
        namespace: namespace.into(),
        templates: templates.iter().map(|it| (it.namespace.to_string(), it.name.to_string())).collect(),
    };
    let mut canary = Rollout::parse(&manifest, &defaults).and_then(|rollout| allowed(rollout, settings));
    let clamped = canary.as_mut().map_or_else(|_| Vec::new(), |rollout| rollout.clamp(&settings.limits));
    let clamped: Vec<String> = clamped.iter().map(Problem::to_string).collect();
    let clamped = (!clamped.is_empty()).then(|| clamped.join("; ").into());
    Parsed { canary: Arc::new(canary), clamped }
}

/// Adds the problems that only this controller has: what it does not support, and what its flags forbid.
fn allowed(rollout: Rollout, settings: &Settings) -> Result<Rollout, Invalid> {
    let mut problems = rollout.problems_in_cluster();
    if settings.no_cross_namespace_refs {
        problems.extend(foreign_refs(&rollout));
    }
    if problems.is_empty() { Ok(rollout) } else { Err(rollout.refused(problems)) }
}

/// References to other namespaces.
fn foreign_refs(rollout: &Rollout) -> Vec<Problem> {
    let own = &rollout.identity().namespace;
    let templates = rollout.metrics().iter().enumerate().filter_map(|(i, metric)| match &metric.source {
        MetricSource::Template { namespace, .. } if namespace != own => {
            Some((format!("spec.analysis.metrics[{i}].templateRef.namespace"), namespace))
        }
        MetricSource::SuccessRate
        | MetricSource::Duration
        | MetricSource::Shipped(_)
        | MetricSource::Query(_)
        | MetricSource::Template { .. } => None,
    });
    let alerts = rollout.alerts().iter().enumerate().filter(|(_, alert)| alert.namespace != *own);
    let alerts = alerts
        .map(|(i, alert)| (format!("spec.analysis.alerts[{i}].providerRef.namespace"), &alert.namespace));
    let what =
        |namespace| format!("`{namespace}` is another namespace, and --no-cross-namespace-refs is set");
    templates.chain(alerts).map(|(path, namespace)| Problem { path, what: what(namespace) }).collect()
}

/// A Canary with another shape than the CRD allows, or beyond the limits; its names are read as far as possible.
fn unreadable(object: &Object, path: &str, what: &str) -> Invalid {
    let text = |pointer: &str| Text::from(object.text(pointer));
    let service = text("/spec/service/name");
    let target = text("/spec/targetRef/name");
    Invalid {
        identity: Identity {
            namespace: object.namespace().into(),
            name: object.name().into(),
            uid: object.uid().into(),
        },
        topology: Topology {
            strategy: Text::default(),
            provider: text("/spec/provider"),
            kind: text("/spec/targetRef/kind"),
            service: if service.is_empty() { target.clone() } else { service },
            target,
        },
        setup: Arc::default(),
        revert_on_deletion: object.at("/spec/revertOnDeletion") != Some(&Value::Bool(false)),
        problems: vec![Problem { path: path.into(), what: what.into() }],
    }
}
