//! What a query's template can see.

use serin_core::{provider::CanaryNames, revision::Text, spec::Metric};
use serin_template::{QueryNames, Scope};

use crate::subject::Subject;

/// The names of a Canary, as queries use them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) target: String,
    /// Kind of the target.
    pub(super) kind: String,
    pub(super) service: String,
    pub(super) ingress: String,
    pub(super) route: String,
    pub(super) interval: String,
}

impl Names {
    pub(super) fn of(subject: &Subject, metric: &Metric) -> Self {
        let target = subject.target();
        let referred = |name: &Option<Text>| name.as_deref().unwrap_or(target).to_owned();
        Self {
            name: subject.identity.name.to_string(),
            namespace: subject.identity.namespace.to_string(),
            target: target.into(),
            kind: subject.topology.kind.to_string(),
            service: subject.apex().into(),
            ingress: referred(&subject.routing().ingress),
            route: referred(&subject.routing().route),
            interval: metric.interval.to_string(),
        }
    }

    /// What a template of this metric sees.
    pub(super) fn scope(&self, metric: &Metric) -> Scope {
        let names = QueryNames {
            name: &self.name,
            namespace: &self.namespace,
            target: &self.target,
            service: &self.service,
            ingress: &self.ingress,
            route: &self.route,
            interval: &self.interval,
        };
        names.scope(metric.variables.iter().map(|(name, value)| (name.clone(), value.clone())))
    }

    /// Those by which the canary's series are picked.
    pub(super) fn of_canary(&self) -> CanaryNames<'_> {
        let Self { namespace, target, kind, service, ingress, route, .. } = self;
        CanaryNames { namespace, target, kind, service, ingress, route }
    }
}
