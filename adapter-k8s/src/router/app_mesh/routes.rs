//! The routes between the VirtualNodes.

use std::time::Duration;

use serde_json::{Value, json};
use serin_core::{
    command::Routes,
    spec::{HttpMatch, StringMatch},
    strategy::Weight,
    time::parse_duration,
};

use super::{
    super::{
        matching,
        parts::{Shares, retry_on, weights},
    },
    AppMesh,
};
use crate::{object::reader::BuildError, subject::Subject};

/// The lowest number wins.
const FIRST: usize = 10;
const LAST: usize = 1000;

impl AppMesh {
    /// One route for each item of `analysis.match` and one for the rest; one for all where nothing is matched.
    pub(super) fn divided(&self, subject: &Subject, routes: Routes) -> Result<Vec<Value>, BuildError> {
        let matched = matching::divided(subject.routing(), routes)?;
        let apex = subject.apex();
        if matched.is_empty() {
            return Ok(vec![self.everyone(subject, apex, routes)]);
        }
        let route = |(at, item): (usize, &HttpMatch)| {
            let name = if at == 0 { format!("{apex}-a") } else { format!("{apex}-a-{}", at + 1) };
            self.route(subject, &name, Some(FIRST + at), &headers(item), self.targets(subject, routes))
        };
        let mut all: Vec<Value> = matched.iter().enumerate().map(route).collect();
        let primary = vec![self.target(&subject.primary_service(), 100)];
        all.push(self.route(subject, &format!("{apex}-b"), Some(LAST), &[], primary));
        Ok(all)
    }

    /// The one route that divides all requests.
    pub(super) fn everyone(&self, subject: &Subject, name: &str, routes: Routes) -> Value {
        self.route(subject, name, None, &[], self.targets(subject, routes))
    }

    fn targets(&self, subject: &Subject, Routes { primary, canary, .. }: Routes) -> Vec<Value> {
        vec![self.target(&subject.canary_service(), canary), self.target(&subject.primary_service(), primary)]
    }

    pub(super) fn target(&self, node: &str, weight: Weight) -> Value {
        if self.is_first() {
            json!({"virtualNodeName": node, "weight": weight})
        } else {
            json!({"virtualNodeRef": {"name": node}, "weight": weight})
        }
    }

    /// A route for requests with these headers.
    pub(super) fn route(
        &self,
        subject: &Subject,
        name: &str,
        priority: Option<usize>,
        headers: &[Value],
        targets: Vec<Value>,
    ) -> Value {
        let mut http = json!({"match": {"prefix": matching::prefix(subject.routing())}, "action": {"weightedTargets": targets}});
        if !headers.is_empty() {
            http["match"]["headers"] = headers.into();
        }
        if let Some(policy) = self.retry_policy(subject) {
            http["retryPolicy"] = policy;
        }
        if let Some(timeout) = self.timeout(subject) {
            http["timeout"] = timeout;
        }
        let mut route = json!({"name": name});
        route[if self.is_first() { "http" } else { "httpRoute" }] = http;
        if let Some(priority) = priority {
            route["priority"] = priority.into();
        }
        route
    }

    /// What one request may take; the first version of the API cannot say it.
    pub(super) fn timeout(&self, subject: &Subject) -> Option<Value> {
        let millis = millis(subject.routing().timeout.as_deref()).filter(|_| !self.is_first())?;
        Some(json!({"perRequest": {"unit": "ms", "value": millis}}))
    }

    fn retry_policy(&self, subject: &Subject) -> Option<Value> {
        const EVENT: &str = "gateway-error";
        let retries = subject.routing().retries.as_ref()?;
        let millis = millis(retries.per_try_timeout.as_deref()).unwrap_or(250);
        let mut events = retry_on(retries);
        if events.is_empty() {
            events.push(EVENT);
        }
        let attempts = retries.attempts.filter(|attempts| *attempts > 0).unwrap_or(1);
        let mut policy = json!({"maxRetries": attempts, "httpRetryEvents": events});
        if self.is_first() {
            policy["perRetryTimeoutMillis"] = millis.into();
        } else {
            policy["perRetryTimeout"] = json!({"unit": "ms", "value": millis});
        }
        Some(policy)
    }

    pub(super) fn shares(&self, subject: &Subject, route: &Value) -> Shares {
        Shares::of(subject, self.targets_of(route))
    }

    /// The VirtualNodes that a route sends requests to, with their weights.
    pub(super) fn targets_of<'a>(&self, route: &'a Value) -> impl Iterator<Item = (&'a str, i64)> + use<'a> {
        let (targets, name) = if self.is_first() {
            ("/http/action/weightedTargets", "/virtualNodeName")
        } else {
            ("/httpRoute/action/weightedTargets", "/virtualNodeRef/name")
        };
        weights(route.pointer(targets), name, 0)
    }
}

/// All of them have to fit.
fn headers(item: &HttpMatch) -> Vec<Value> {
    let header = |(name, text): (&String, &StringMatch)| match text {
        // Without a condition it has to be there.
        StringMatch::Any => json!({"name": name}),
        StringMatch::Exact(_) | StringMatch::Prefix(_) | StringMatch::Suffix(_) | StringMatch::Regex(_) => {
            json!({"name": name, "match": text})
        }
    };
    item.headers.iter().map(header).collect()
}

fn millis(text: Option<&str>) -> Option<u64> {
    let duration = text.and_then(|text| parse_duration(text).ok());
    duration.as_ref().map(Duration::as_millis).and_then(|millis| u64::try_from(millis).ok())
}
