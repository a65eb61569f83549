//! Durations of `spec.service`: the router reads them as the text in the manifest.

use alloc::{
    format,
    string::{String, ToString},
};
use core::time::Duration;

use serde_json::Value;

use super::{
    CorsPolicy, Routing,
    parse::{Problems, filled},
    raw::{self, Retries, Service},
};
use crate::{provider::Limits, time::parse_duration};

/// Fields of Istio's traffic policy that hold a duration, by the mapping they belong to.
pub const POLICY_DURATIONS: [(&str, &str); 9] = [
    ("tcp", "connectTimeout"),
    ("tcp", "idleTimeout"),
    ("tcp", "maxConnectionDuration"),
    ("tcpKeepalive", "interval"),
    ("tcpKeepalive", "time"),
    ("http", "idleTimeout"),
    ("outlierDetection", "baseEjectionTime"),
    ("outlierDetection", "interval"),
    ("httpCookie", "ttl"),
];

/// Parses every duration of `spec.service`, whether this router reads it or another one would. A text that is not a
/// duration is refused and left out.
pub(super) fn parse(service: &Service, limits: Limits, routing: &mut Routing, problems: &mut Problems<'_>) {
    let mut time = |field: &str, text: &Option<String>| {
        let text = filled(text.as_deref())?;
        let is_taken = limits.waits_forever && is_endless(text);
        (is_taken || problems.check(field, handed_on(text)).is_some()).then(|| String::from(text))
    };
    routing.timeout = time("timeout", &service.timeout);
    routing.backend_timeout = time("backendTimeout", &service.backend_timeout);
    routing.retries = service.retries.as_ref().map(|retries| Retries {
        per_try_timeout: time("retries.perTryTimeout", &retries.per_try_timeout),
        ..retries.clone()
    });
    routing.cors_policy = service.cors_policy.as_ref().map(|policy| cors_policy(policy, limits, problems));
    if let Some(policy) = &service.traffic_policy {
        check_policy("", policy, &mut problems.below("trafficPolicy"));
    }
}

fn cors_policy(written: &raw::CorsPolicy, limits: Limits, problems: &mut Problems<'_>) -> CorsPolicy {
    let max_age = filled(written.max_age.as_deref()).and_then(|age| {
        let read = if limits.age_is_read {
            parse_duration(age).map_err(|error| error.to_string())
        } else {
            handed_on(age)
        };
        problems.check("corsPolicy.maxAge", read)
    });
    let written_age = written.max_age.clone().filter(|_| max_age.is_some());
    CorsPolicy { written: raw::CorsPolicy { max_age: written_age, ..written.clone() }, max_age }
}

/// A value that a router can read as "no limit".
fn is_endless(text: &str) -> bool {
    matches!(text, "infinity" | "infinite")
}

/// A duration in a form that every router reads: only Serin has days.
fn handed_on(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text).map_err(|error| error.to_string())?;
    if text.contains('d') {
        return Err(format!("`{text}` has days, which routers do not know; use hours, as in 24h"));
    }
    Ok(duration)
}

/// Checks the durations of a traffic policy, and of everything below it.
fn check_policy(parent: &str, value: &Value, problems: &mut Problems<'_>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let text = match value {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
                };
                // An empty text means the same as a field that is left out.
                let is_duration =
                    |text: &String| !text.is_empty() && POLICY_DURATIONS.contains(&(parent, name));
                match text.filter(is_duration) {
                    Some(text) => _ = problems.check(name, handed_on(&text)),
                    None => check_policy(name, value, &mut problems.below(name)),
                }
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                check_policy(parent, item, &mut problems.item(i));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use serde_json::{Value, json};

    use crate::spec::{Defaults, Problem, Rollout};

    /// What is wrong with the service of a Canary of this provider.
    fn refused(provider: &str, service: &Value) -> Vec<Problem> {
        let mut manifest = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "web"},
            "spec": {
                "provider": provider, "targetRef": {"kind": "Deployment", "name": "web"},
                "ingressRef": {"name": "web"}, "service": service, "analysis": {},
            },
        });
        manifest["spec"]["service"]["gatewayRefs"] = json!([{"name": "web"}]);
        let raw = serde_json::from_value(manifest).unwrap();
        Rollout::parse(&raw, &Defaults::default()).map_or_else(|invalid| invalid.problems, |_| Vec::new())
    }

    fn every_duration(text: &str) -> Value {
        json!({
            "port": 80, "timeout": text, "backendTimeout": text, "retries": {"perTryTimeout": text},
            "corsPolicy": {"maxAge": text},
            "trafficPolicy": {
                "connectionPool": {"tcp": {"connectTimeout": text}, "http": {"idleTimeout": text}},
                "portLevelSettings": [{"outlierDetection": {"interval": text}}],
            },
        })
    }

    #[test]
    fn every_duration_of_the_service_has_a_unit() {
        for provider in ["istio", "gatewayapi:v1", "contour", "nginx", "kubernetes"] {
            let found = refused(provider, &every_duration("15"));
            let fields: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
            let expected = [
                "spec.service.timeout",
                "spec.service.backendTimeout",
                "spec.service.retries.perTryTimeout",
                "spec.service.corsPolicy.maxAge",
                "spec.service.trafficPolicy.connectionPool.http.idleTimeout",
                "spec.service.trafficPolicy.connectionPool.tcp.connectTimeout",
                "spec.service.trafficPolicy.portLevelSettings[0].outlierDetection.interval",
            ];
            assert_eq!(fields, expected, "{provider}");
            let no_unit = "`15` has no unit; it needs one, as in 30s, 1m30s or 2h";
            assert!(found.iter().all(|problem| problem.what == no_unit), "{provider}: {found:?}");
            assert_eq!(refused(provider, &every_duration("15s")), [], "{provider}");
            assert_eq!(refused(provider, &every_duration("")), [], "{provider}");
        }
    }

    #[test]
    fn a_number_in_a_traffic_policy_is_no_duration() {
        let policy = json!({"outlierDetection": {"interval": 10, "consecutive5xxErrors": 5}});
        let found = refused("istio", &json!({"port": 80, "trafficPolicy": policy}));
        let fields: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(fields, ["spec.service.trafficPolicy.outlierDetection.interval"]);
    }

    #[test]
    fn days_are_no_duration_for_a_router() {
        let days = json!({"port": 80, "timeout": "1d"});
        assert_eq!(
            refused("istio", &days)[0].what,
            "`1d` has days, which routers do not know; use hours, as in 24h"
        );
        assert_eq!(refused("gatewayapi:v1", &json!({"port": 80, "corsPolicy": {"maxAge": "1d"}})), []);
    }

    #[test]
    fn contour_accepts_no_limit() {
        let endless = json!({"port": 80, "timeout": "infinity", "retries": {"perTryTimeout": "infinite"}});
        assert_eq!(refused("contour", &endless), []);
        assert_eq!(refused("istio", &endless).len(), 2);
    }
}
