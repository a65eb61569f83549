//! The parts of a story that this version of the controller does not support. The story is replayed anyway, and its
//! heading names them.

use serde_json::Value;
use serin_core::{
    Rollout,
    provider::{Provider, Target},
    spec::{AlertSystem, MetricSource, MetricSystem},
};

/// A short phrase that names each once; `None` if the controller supports everything. `others` are the manifests in
/// addition to the Canary.
pub(super) fn not_driven(canary: &Value, rollout: &Rollout, others: &[Value]) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if !names.contains(&name) {
            names.push(name);
        }
    };
    if let Some(provider) = Provider::named(&rollout.topology().provider).filter(|named| !named.is_driven()) {
        add(provider.to_string());
    }
    let target = |field: &str| text(canary, &format!("/spec/targetRef/{field}"));
    if let Some(target) = Target::of(target("apiVersion"), target("kind")).filter(|target| !target.driven) {
        add(target.name.into());
    }
    let given = |kind: &str, namespace: &str, name: &str| {
        others.iter().find(|other| {
            let own = text(other, "/metadata/namespace");
            let own = if own.is_empty() { &*rollout.identity().namespace } else { own };
            (text(other, "/kind"), own, text(other, "/metadata/name")) == (kind, namespace, name)
        })
    };
    for metric in rollout.metrics() {
        let MetricSource::Template { namespace, name } = &metric.source else { continue };
        let template = given("MetricTemplate", namespace, name);
        let system = template.and_then(|json| MetricSystem::named(text(json, "/spec/provider/type")));
        system.into_iter().filter(|system| !system.is_driven()).for_each(|system| add(system.to_string()));
    }
    for alert in rollout.alerts() {
        let receiver = given("AlertProvider", &alert.namespace, &alert.provider);
        let system = receiver.and_then(|json| AlertSystem::named(text(json, "/spec/type")));
        system.into_iter().filter(|system| !system.is_driven()).for_each(|system| add(system.to_string()));
    }
    let last = names.pop()?;
    let all = if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) };
    Some(format!("{all}: not supported by the controller yet"))
}

fn text<'a>(json: &'a Value, pointer: &str) -> &'a str {
    json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serin_core::{
        provider::{ROUTERS, Router},
        spec::MetricSystem,
    };

    use crate::scenario;

    /// The phrase for a Canary with these manifests in its file.
    fn phrase(provider: &str, system: &str, receiver: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let manifests = format!(
            "\
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {{name: shop, namespace: prod}}
spec:
  provider: {provider}
  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}
  service: {{port: 80}}
  analysis:
    stepWeight: 50
    metrics:
      - {{name: errors, templateRef: {{name: errors}}, thresholdRange: {{max: 1}}}}
    alerts:
      - {{name: chat, providerRef: {{name: chat}}}}
---
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {{name: errors}}
spec: {{provider: {{type: {system}}}, query: errors}}
---
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {{name: unused}}
spec: {{provider: {{type: keptn}}, query: errors}}
---
apiVersion: flagger.app/v1beta1
kind: AlertProvider
metadata: {{name: chat, namespace: prod}}
spec: {{type: {receiver}, address: \"https://chat.test/\"}}
"
        );
        std::fs::write(folder.path().join("canary.yaml"), manifests).unwrap();
        let story = "scenario: a release\ncanary: canary.yaml\nevents: [{at: 5m, deploy: v2}]\n";
        scenario::parse(story, &folder.path().join("story.yaml")).unwrap().not_driven
    }

    #[test]
    fn every_system_that_the_controller_does_not_run_is_named_once() {
        // A router that accepts a Canary without further settings.
        let is_bare = |router: &&Router| router.needs.is_empty() && !router.name.contains(':');
        let router = ROUTERS.iter().filter(is_bare).find(|router| !router.driven).unwrap().name;
        let system = MetricSystem::ALL.into_iter().find(|system| !system.is_driven()).unwrap().name();
        let phrase = |provider, system, receiver| phrase(provider, system, receiver).unwrap_or_default();
        assert_eq!(phrase("istio", "prometheus", "slack"), "");
        let alone = format!("{system}: not supported by the controller yet");
        assert_eq!(phrase("istio", system, "slack"), alone);
        let all = format!("{router} and {system}: not supported by the controller yet");
        assert_eq!(phrase(router, system, "slack"), all);
    }
}
