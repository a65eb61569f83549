//! Which requests a rule is for. What API servers add where it is left out stands here already.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serin_core::spec::raw::{HttpMatch, StringMatch};

use super::super::{matching::pattern, parts::put};
use crate::object::reader::BuildError;

/// Matches of a rule, at least one.
///
/// # Errors
/// One that the API cannot say.
pub(super) fn of(matches: &[HttpMatch]) -> Result<Vec<Value>, BuildError> {
    let everything = [HttpMatch::default()];
    let matches = if matches.is_empty() { &everything } else { matches };
    matches.iter().map(one).collect()
}

/// Name, scheme, host, port, gateways and the caller's namespace are left out, as Flagger leaves them out: `hosts` and
/// `gatewayRefs` say them here. What would widen the circle of users is refused.
fn one(of: &HttpMatch) -> Result<Value, BuildError> {
    if !of.source_labels.is_empty() {
        return Err(BuildError::refused(
            "service.match or analysis.match, sourceLabels: the Gateway API does not know who calls",
        ));
    }
    if !of.without_headers.is_empty() {
        return Err(BuildError::refused(
            "service.match, withoutHeaders: the Gateway API cannot exclude headers",
        ));
    }
    let mut one = json!({"path": path(of.uri.as_ref())});
    if let Some(method) = &of.method {
        let Some(exact) = &method.exact else {
            return Err(BuildError::refused("service.match, method: the Gateway API knows `exact` alone"));
        };
        one["method"] = exact.as_str().into();
    }
    put(&mut one, "headers", &named(&of.headers));
    put(&mut one, "queryParams", &named(&of.query_params));
    Ok(one)
}

fn path(uri: Option<&StringMatch>) -> Value {
    match uri {
        Some(StringMatch { regex: Some(regex), .. }) => json!({"type": "RegularExpression", "value": regex}),
        Some(StringMatch { exact: Some(exact), .. }) => json!({"type": "Exact", "value": exact}),
        Some(StringMatch { prefix: Some(prefix), .. }) => json!({"type": "PathPrefix", "value": prefix}),
        Some(text @ StringMatch { suffix: Some(_), .. }) => {
            json!({"type": "RegularExpression", "value": pattern(text)})
        }
        Some(StringMatch { .. }) | None => json!({"type": "PathPrefix", "value": "/"}),
    }
}

/// Headers or query parameters by name.
fn named(texts: &BTreeMap<String, StringMatch>) -> Vec<Value> {
    let one = |(name, text): (&String, &StringMatch)| match text {
        StringMatch { regex: None, exact: Some(exact), .. } => {
            json!({"type": "Exact", "name": name, "value": exact})
        }
        StringMatch { .. } => json!({"type": "RegularExpression", "name": name, "value": pattern(text)}),
    };
    texts.iter().map(one).collect()
}
