//! Which requests a rule is for. What API servers add if it is left out stands here already.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serin_core::spec::{HttpMatch, StringMatch};

use super::super::{matching::pattern, parts::put};

/// Matches of a rule, at least one.
pub(super) fn of(matches: &[HttpMatch]) -> Vec<Value> {
    let everything = [HttpMatch::default()];
    let matches = if matches.is_empty() { &everything } else { matches };
    matches.iter().map(one).collect()
}

/// Name, scheme, host, port, gateways and the caller's namespace are left out, as Flagger leaves them out: `hosts` and
/// `gatewayRefs` say them here. Parsing refuses what would widen the circle of users.
fn one(of: &HttpMatch) -> Value {
    let mut one = json!({"path": path(of.uri.as_ref())});
    if let Some(StringMatch::Exact(method)) = &of.method {
        one["method"] = method.as_str().into();
    }
    put(&mut one, "headers", &named(&of.headers));
    put(&mut one, "queryParams", &named(&of.query_params));
    one
}

fn path(uri: Option<&StringMatch>) -> Value {
    match uri {
        Some(StringMatch::Regex(regex)) => json!({"type": "RegularExpression", "value": regex}),
        Some(StringMatch::Exact(exact)) => json!({"type": "Exact", "value": exact}),
        Some(StringMatch::Prefix(prefix)) => json!({"type": "PathPrefix", "value": prefix}),
        Some(text @ StringMatch::Suffix(_)) => json!({"type": "RegularExpression", "value": pattern(text)}),
        Some(StringMatch::Any) | None => json!({"type": "PathPrefix", "value": "/"}),
    }
}

/// Headers or query parameters by name.
fn named(texts: &BTreeMap<String, StringMatch>) -> Vec<Value> {
    let one = |(name, text): (&String, &StringMatch)| match text {
        StringMatch::Exact(exact) => json!({"type": "Exact", "name": name, "value": exact}),
        StringMatch::Any | StringMatch::Prefix(_) | StringMatch::Suffix(_) | StringMatch::Regex(_) => {
            json!({"type": "RegularExpression", "name": name, "value": pattern(text)})
        }
    };
    texts.iter().map(one).collect()
}
