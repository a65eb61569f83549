//! Names that a cluster accepts: of objects, Services, ports, labels, headers and hosts.
//!
//! A name that an API server would refuse when the object is created is refused here, with the field it comes from.

use alloc::{collections::BTreeMap, format, string::String};

use super::{
    parse::{Problems, filled},
    raw,
};

const LONGEST_LABEL: usize = 63;
const LONGEST_SUBDOMAIN: usize = 253;
const LONGEST_PORT_NAME: usize = 15;
/// The suffix of the names of the primary's objects; the canary's is shorter.
const SUFFIX: &str = "-primary";
const LONGEST_SERVICE: usize = LONGEST_LABEL - SUFFIX.len();

/// Checks every name in a Canary whose form can be checked without a cluster.
pub(super) fn check(canary: &raw::Canary, problems: &mut Problems<'_>) {
    let spec = &canary.spec;
    let target = spec.target_ref.as_ref().map_or("", |target| target.name.as_str());
    let service = spec.service.as_ref();
    let own_name = service.and_then(|service| filled(service.name.as_deref()));
    // A name that several checks use is reported once, at the field that has it.
    match own_name {
        Some(name) => {
            check_service_name("spec.service.name", name, problems);
            check_subdomain("spec.targetRef.name", target, problems);
        }
        None => check_service_name("spec.targetRef.name", target, problems),
    }
    if let Some(scaler) = &spec.autoscaler_ref {
        check_subdomain("spec.autoscalerRef.name", &scaler.name, problems);
    }
    for (field, reference) in
        [("spec.ingressRef.name", &spec.ingress_ref), ("spec.routeRef.name", &spec.route_ref)]
    {
        check_subdomain(field, reference.as_ref().map_or("", |reference| &reference.name), problems);
    }
    if let Some(service) = service {
        check_service(service, &mut problems.below("spec.service"));
    }
}

/// Checks the names in the analysis of a Canary.
pub(super) fn check_analysis(analysis: &raw::Analysis, problems: &mut Problems<'_>) {
    for (i, item) in analysis.r#match.iter().flatten().enumerate() {
        check_headers(&format!("match[{i}].headers"), item.headers.keys(), problems);
    }
    for (i, metric) in analysis.metrics.iter().enumerate() {
        if let Some(template) = &metric.template_ref {
            check_reference(&format!("metrics[{i}].templateRef"), template, problems);
        }
    }
    for (i, alert) in analysis.alerts.iter().enumerate() {
        check_reference(&format!("alerts[{i}].providerRef"), &alert.provider_ref, problems);
    }
}

/// Checks the identity of an object.
pub(super) fn check_metadata(metadata: &raw::Metadata, problems: &mut Problems<'_>) {
    check_subdomain("metadata.name", &metadata.name, problems);
    check_namespace("metadata.namespace", &metadata.namespace, problems);
    check_labels("metadata.labels", &metadata.labels, problems);
}

fn check_service(service: &raw::Service, problems: &mut Problems<'_>) {
    if let Some(name) = filled(service.port_name.as_deref())
        && !is_label(name)
    {
        let what = "must have at most 63 lower-case letters, digits and `-`, and begin and end with a letter or a digit";
        problems.add("portName", what);
    }
    if let Some(raw::IntOrString::String(name)) = &service.target_port
        && !name.is_empty()
        && name.parse::<i64>().is_err()
        && !is_port_name(name)
    {
        let what = format!(
            "must be a port, 1 to 65535, or the name of one: at most {LONGEST_PORT_NAME} lower-case letters, digits and `-`"
        );
        problems.add("targetPort", &what);
    }
    let copies = [("apex", &service.apex), ("primary", &service.primary), ("canary", &service.canary)];
    for (copy, metadata) in copies {
        if let Some(metadata) = metadata {
            check_labels(&format!("{copy}.labels"), &metadata.labels, problems);
        }
    }
    for (i, host) in service.hosts.iter().enumerate() {
        if !is_host(host) {
            problems.add(&format!("hosts[{i}]"), "must be a host name, without scheme, port and path");
        }
    }
    for (i, item) in service.r#match.iter().enumerate() {
        check_headers(&format!("match[{i}].headers"), item.headers.keys(), problems);
        check_headers(&format!("match[{i}].withoutHeaders"), item.without_headers.keys(), problems);
    }
    let Some(headers) = &service.headers else { return };
    for (side, changes) in [("request", &headers.request), ("response", &headers.response)] {
        let Some(changes) = changes else { continue };
        check_headers(&format!("headers.{side}.add"), changes.add.keys(), problems);
        check_headers(&format!("headers.{side}.set"), changes.set.keys(), problems);
        check_headers(&format!("headers.{side}.remove"), changes.remove.iter(), problems);
    }
}

/// The name of the Services: `<name>`, `<name>-primary` and `<name>-canary`.
fn check_service_name(field: &str, name: &str, problems: &mut Problems<'_>) {
    if name.is_empty() {
        return;
    }
    if name.len() > LONGEST_SERVICE {
        let what = format!(
            "must have at most {LONGEST_SERVICE} characters, because Services are named `<name>{SUFFIX}` and can have \
             {LONGEST_LABEL}; it has {}",
            name.len()
        );
        problems.add(field, &what);
    } else if !is_label(name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        let what = "is the name of Services: it must consist of lower-case letters, digits and `-`, begin with a letter \
                    and end with a letter or a digit";
        problems.add(field, what);
    }
}

fn check_subdomain(field: &str, name: &str, problems: &mut Problems<'_>) {
    if !name.is_empty() && !is_subdomain(name) {
        let what = "must consist of lower-case letters, digits, `-` and `.`, and begin and end with a letter or a digit";
        problems.add(field, what);
    }
}

fn check_namespace(field: &str, name: &str, problems: &mut Problems<'_>) {
    if !name.is_empty() && !is_label(name) {
        let what = "must be a namespace: at most 63 lower-case letters, digits and `-`, with a letter or a digit at both \
                    ends";
        problems.add(field, what);
    }
}

fn check_reference(field: &str, reference: &raw::NameRef, problems: &mut Problems<'_>) {
    check_subdomain(&format!("{field}.name"), &reference.name, problems);
    check_namespace(
        &format!("{field}.namespace"),
        reference.namespace.as_deref().unwrap_or_default(),
        problems,
    );
}

fn check_labels(field: &str, labels: &BTreeMap<String, String>, problems: &mut Problems<'_>) {
    for (key, value) in labels {
        let name = key.rsplit_once('/').map_or(key.as_str(), |(_, name)| name);
        let prefix = key.rsplit_once('/').map(|(prefix, _)| prefix);
        let is_key = !name.is_empty() && is_label_value(name) && prefix.is_none_or(is_subdomain);
        if !is_key || !is_label_value(value) {
            let what = format!(
                "label `{key}: {value}` is invalid: keys and values have at most 63 letters, digits, `-`, `_` and `.`, \
                 with a letter or a digit at both ends"
            );
            problems.add(field, &what);
        }
    }
}

fn check_headers<'a>(field: &str, names: impl Iterator<Item = &'a String>, problems: &mut Problems<'_>) {
    for name in names {
        // Envoy's own names, such as `:authority`, begin with a colon.
        if !is_token(name.strip_prefix(':').unwrap_or(name)) {
            problems.add(
                field,
                &format!(
                    "`{name}` is not a valid header name: it has a character that header names cannot have"
                ),
            );
        }
    }
}

/// A DNS label: RFC 1123.
fn is_label(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty()
        && name.len() <= LONGEST_LABEL
        && name.bytes().all(is_inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// A DNS subdomain: RFC 1123. Its labels may be longer than those of DNS.
fn is_subdomain(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    name.len() <= LONGEST_SUBDOMAIN && name.split('.').all(is_part)
}

/// The name of a container's port: RFC 6335.
fn is_port_name(name: &str) -> bool {
    name.len() <= LONGEST_PORT_NAME
        && is_label(name)
        && !name.contains("--")
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// The value of a label, and the last part of its key; it may be empty.
fn is_label_value(value: &str) -> bool {
    let is_end = |c: char| c.is_ascii_alphanumeric();
    value.len() <= LONGEST_LABEL
        && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && (value.is_empty() || (value.starts_with(is_end) && value.ends_with(is_end)))
}

/// The name of a header: RFC 9110.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A host of a route: a name, with `*` alone or as its first part.
fn is_host(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    host == "*" || (!name.is_empty() && name.len() <= LONGEST_SUBDOMAIN && name.bytes().all(is_inner))
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec::Vec};

    use serde_json::{Value, json};

    use super::*;
    use crate::{Rollout, spec::Defaults};

    /// The fields of a Canary that are refused.
    fn refused(metadata: Value, spec: Value) -> Vec<String> {
        let mut canary = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop"},
            "spec": {"targetRef": {"kind": "Deployment", "name": "shop"}, "service": {"port": 80}, "analysis": {"iterations": 1}},
        });
        for (part, fields) in [("metadata", metadata), ("spec", spec)] {
            for (name, value) in fields.as_object().unwrap() {
                canary[part][name] = value.clone();
            }
        }
        match Rollout::parse(&serde_json::from_value(canary).unwrap(), &Defaults::default()) {
            Ok(_) => Vec::new(),
            Err(invalid) => invalid.problems.into_iter().map(|problem| problem.path).collect(),
        }
    }

    fn target(name: &str) -> Value {
        json!({"targetRef": {"kind": "Deployment", "name": name}})
    }

    #[test]
    fn the_longest_name_of_a_target_leaves_room_for_the_names_of_its_services() {
        assert_eq!(refused(json!({}), target(&"a".repeat(55))), Vec::<String>::new());
        assert_eq!(refused(json!({}), target(&"a".repeat(56))), ["spec.targetRef.name"]);
        // Where the Services have a name of their own, the target's may be longer.
        let mut spec = target(&"a".repeat(56));
        spec["service"] = json!({"port": 80, "name": "shop"});
        assert_eq!(refused(json!({}), spec), Vec::<String>::new());
    }

    #[test]
    fn the_message_says_what_the_name_is_for() {
        let mut found = Vec::new();
        check_service_name("spec.targetRef.name", &"a".repeat(60), &mut Problems::of(&mut found));
        let what = "spec.targetRef.name: must have at most 55 characters, because Services are named `<name>-primary` and \
                    can have 63; it has 60";
        assert_eq!(found[0].to_string(), what);
    }

    #[test]
    fn names_that_a_cluster_refuses_are_refused() {
        let none = || json!({});
        for (metadata, spec, field) in [
            (json!({"name": "Shop"}), none(), "metadata.name"),
            (json!({"name": "shop_1"}), none(), "metadata.name"),
            (json!({"namespace": "prod.eu"}), none(), "metadata.namespace"),
            (json!({"labels": {"team": "a b"}}), none(), "metadata.labels"),
            (none(), target("shop.v2"), "spec.targetRef.name"),
            (none(), target("Shop"), "spec.targetRef.name"),
            (none(), target("2shop"), "spec.targetRef.name"),
            (none(), json!({"service": {"port": 80, "name": "shop.prod"}}), "spec.service.name"),
            (none(), json!({"service": {"port": 80, "portName": "HTTP"}}), "spec.service.portName"),
            (
                none(),
                json!({"service": {"port": 80, "targetPort": "a-very-long-name"}}),
                "spec.service.targetPort",
            ),
            (none(), json!({"service": {"port": 80, "targetPort": "http_1"}}), "spec.service.targetPort"),
            (none(), json!({"service": {"port": 80, "hosts": ["a", "http://b"]}}), "spec.service.hosts[1]"),
            (none(), json!({"service": {"port": 80, "hosts": ["a:443"]}}), "spec.service.hosts[0]"),
            (
                none(),
                json!({"service": {"port": 80, "apex": {"labels": {"a/b/c": "d"}}}}),
                "spec.service.apex.labels",
            ),
            (
                none(),
                json!({"service": {"port": 80, "canary": {"labels": {"a": "-"}}}}),
                "spec.service.canary.labels",
            ),
            (
                none(),
                json!({"service": {"port": 80, "headers": {"request": {"set": {"x y": "z"}}}}}),
                "spec.service.headers.request.set",
            ),
            (
                none(),
                json!({"analysis": {"iterations": 1, "match": [{"headers": {"x-a:": {"exact": "b"}}}]}}),
                "spec.analysis.match[0].headers",
            ),
            (
                none(),
                json!({"analysis": {"iterations": 1, "metrics": [{"name": "a", "templateRef": {"name": "A"}}]}}),
                "spec.analysis.metrics[0].templateRef.name",
            ),
            (
                none(),
                json!({"analysis": {"iterations": 1, "alerts": [{"name": "a", "providerRef": {"name": "a", "namespace": "b.c"}}]}}),
                "spec.analysis.alerts[0].providerRef.namespace",
            ),
            (none(), json!({"autoscalerRef": {"name": "Shop"}}), "spec.autoscalerRef.name"),
        ] {
            assert_eq!(refused(metadata.clone(), spec.clone()), [field], "{metadata} {spec}");
        }
    }

    #[test]
    fn names_that_a_cluster_takes_are_accepted() {
        let labels = json!({"app.kubernetes.io/name": "shop", "empty": "", "team": "A_b.c"});
        let service = json!({
            "port": 80, "portName": "http-web", "targetPort": "http", "apex": {"labels": labels},
            "hosts": ["*", "*.example.com", "shop.example.com", "shop"],
            "headers": {"request": {"add": {"X-Env": "a"}}}, "match": [{"headers": {":authority": {"exact": "a"}}}],
        });
        assert_eq!(
            refused(json!({"name": "shop.eu", "labels": labels}), json!({"service": service})),
            Vec::<String>::new()
        );
        assert_eq!(
            refused(json!({}), json!({"service": {"port": 80, "targetPort": "8080"}})),
            Vec::<String>::new()
        );
    }
}
