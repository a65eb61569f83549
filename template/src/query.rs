//! The names in the template of a metric's query.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Missing, Scope};

/// The names of a Canary that queries use; each is a function without arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryNames<'a> {
    /// The Canary's own name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// The name of the workload that is released.
    pub target: &'a str,
    /// The name of the apex Service.
    pub service: &'a str,
    /// The name of the Ingress, or the target's.
    pub ingress: &'a str,
    /// The name of the route, or the target's.
    pub route: &'a str,
    /// The metric's window, such as `1m`.
    pub interval: &'a str,
}

impl QueryNames<'_> {
    /// All names that a query can use, `variables` included.
    pub const ALL: [&'static str; 8] =
        ["name", "namespace", "target", "service", "ingress", "route", "interval", "variables"];

    /// The scope of a query; `variables` are the metric's `templateVariables`.
    #[must_use]
    pub fn scope(&self, variables: impl IntoIterator<Item = (String, String)>) -> Scope {
        let names = [
            ("name", self.name),
            ("namespace", self.namespace),
            ("target", self.target),
            ("service", self.service),
            ("ingress", self.ingress),
            ("route", self.route),
            ("interval", self.interval),
        ];
        let mut names: BTreeMap<_, _> =
            names.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
        let variables: Map<String, Value> =
            variables.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
        names.insert("variables", variables.into());
        Scope { names, dot: Value::Null, missing: Missing::Fails }
    }
}
