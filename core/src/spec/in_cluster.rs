//! What a manifest needs in a cluster but not in a simulated world.

use alloc::{format, string::String, sync::Arc, vec::Vec};

use super::{Invalid, Problem, Rollout};
use crate::provider::{Provider, ROUTERS, SCALERS, Scaler, TARGETS, Target};

impl Rollout {
    /// Why this version of the controller cannot run it: the router, the kind of the target or the kind of the
    /// autoscaler is not supported, or there is no port to make services with. Empty if it can. Replay, sweep and lint
    /// accept such a manifest: they make no services, and Flagger may run it.
    #[must_use]
    pub fn problems_in_cluster(&self) -> Vec<Problem> {
        let problems = [
            ("spec.provider", self.router_problem()),
            ("spec.targetRef.kind", self.target_problem()),
            ("spec.autoscalerRef.kind", self.autoscaler_problem()),
            ("spec.service.port", self.port_problem()),
        ];
        let found = problems.into_iter().filter_map(|(path, what)| Some((path, what?)));
        found.map(|(path, what)| Problem { path: path.into(), what }).collect()
    }

    fn router_problem(&self) -> Option<String> {
        let provider = &self.topology.provider;
        if Provider::named(provider).is_some_and(|provider| provider.is_driven()) {
            return None;
        }
        let driven = names(ROUTERS.iter().filter(|router| router.driven).map(|router| router.name));
        Some(format!("`{provider}` is not supported by this controller; supported are {driven}"))
    }

    fn target_problem(&self) -> Option<String> {
        let (version, kind) = (&self.setup.target_api_version, &self.topology.kind);
        if Target::of(version, kind).is_some_and(|target| target.driven) {
            return None;
        }
        let driven = names(TARGETS.iter().filter(|target| target.driven).map(|target| target.kind));
        Some(format!("a {kind} of `{version}` is not supported by this controller; supported are {driven}"))
    }

    fn autoscaler_problem(&self) -> Option<String> {
        let kind = &self.setup.autoscaler.as_ref()?.kind;
        if Scaler::of(kind).is_some_and(|scaler| scaler.driven) {
            return None;
        }
        let driven = names(SCALERS.iter().filter(|scaler| scaler.driven).map(|scaler| scaler.kind));
        Some(format!("`{kind}` is not supported by this controller; supported are {driven}"))
    }

    fn port_problem(&self) -> Option<String> {
        self.setup.service.port.is_none().then(|| "is required: the services are made with it".into())
    }

    /// The Canary as an invalid one: nothing advances, but a run that has begun can still be ended.
    #[must_use]
    pub fn refused(self, problems: Vec<Problem>) -> Invalid {
        Invalid {
            identity: self.identity,
            topology: Arc::unwrap_or_clone(self.topology),
            setup: self.setup,
            revert_on_deletion: self.revert_on_deletion,
            problems,
        }
    }
}

fn names(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use serde_json::{Value, json};

    use super::*;
    use crate::spec::{Defaults, raw};

    fn problems(change: Value) -> Vec<String> {
        let mut spec = json!({
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "service": {"port": 80},
            "analysis": {"interval": "1m", "threshold": 2, "iterations": 2},
        });
        for (field, value) in change.as_object().unwrap() {
            spec[field] = value.clone();
        }
        let canary = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary",
            "metadata": {"name": "web", "namespace": "shop"}, "spec": spec,
        });
        let canary: raw::Canary = serde_json::from_value(canary).unwrap();
        let rollout = Rollout::parse(&canary, &Defaults::default()).unwrap();
        rollout.problems_in_cluster().iter().map(Problem::to_string).collect()
    }

    #[test]
    fn what_the_controller_runs_stays_as_it_is() {
        assert!(problems(json!({})).is_empty());
        assert!(problems(json!({"autoscalerRef": {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "web"}})).is_empty());
    }

    #[test]
    fn what_the_controller_cannot_run_is_refused_by_its_field() {
        let table = [
            (json!({"service": {}}), "spec.service.port: is required: the services are made with it"),
            (
                json!({"autoscalerRef": {"apiVersion": "example.org/v1", "kind": "Scaler", "name": "web"}}),
                "spec.autoscalerRef.kind: `Scaler` is not supported by this controller; supported are HorizontalPodAutoscaler, ScaledObject",
            ),
            (
                json!({"targetRef": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "web"}}),
                "spec.targetRef.kind: a Service of `serving.knative.dev/v1` is not supported by this controller; \
                 supported are Deployment, DaemonSet, Service",
            ),
        ];
        for (change, expected) in table {
            assert_eq!(problems(change), [expected]);
        }
        let [provider] = &*problems(json!({"provider": "knative"})) else { panic!() };
        assert!(
            provider.starts_with("spec.provider: `knative` is not supported by this controller"),
            "{provider}"
        );
    }
}
