use alloc::{format, string::String};

use super::{super::*, *};

const FLAGGER: &str = include_str!("../../../../tests/manifests/flagger-1.44-fields.txt");

/// The schema at a path such as `spec.analysis.alerts[].name` or `metadata.labels.*`.
fn at<'a>(schema: &'a Value, path: &str) -> Option<&'a Value> {
    let path = path.replace("[]", ".[]");
    path.split('.').filter(|name| !name.is_empty()).try_fold(schema, |schema, name| {
        let is_opaque = schema.get("x-kubernetes-preserve-unknown-fields").is_some();
        match name {
            _ if is_opaque => Some(schema),
            "[]" => schema.get("items"),
            "*" => schema.get("additionalProperties"),
            _ => schema.get("properties")?.get(name),
        }
    })
}

/// Whether what has the type `written` is read as `read`.
fn is_within(path: &str, written: &str, read: &Value) -> bool {
    match read.get("type").and_then(Value::as_str) {
        None => written == "int-or-string" && read.get("x-kubernetes-int-or-string").is_some(),
        Some("object") if read.get("x-kubernetes-preserve-unknown-fields").is_some() => true,
        Some("number") => written == "number" || written == "integer",
        // A field of the status, which only controllers write.
        Some("integer") => written == "integer" || path.starts_with("status."),
        Some(read) => written == read,
    }
}

fn missing_from(schema: &Schema, kind: &str) -> Vec<String> {
    let of_kind = FLAGGER.split("# ").find_map(|section| section.strip_prefix(&format!("{kind}\n")));
    let fields = of_kind.unwrap().lines().filter_map(|line| line.split_once(' '));
    let is_missing = |(path, written): &(&str, &str)| {
        !at(schema.as_value(), path).is_some_and(|read| is_within(path, written, read))
    };
    fields.filter(is_missing).map(|(path, written)| format!("{path} {written}")).collect()
}

#[test]
fn every_field_of_flaggers_schema_has_its_place() {
    let none = Vec::<String>::new();
    assert_eq!(missing_from(&of::<Canary>(), "Canary"), none);
    assert_eq!(missing_from(&of::<MetricTemplate>(), "MetricTemplate"), none);
    assert_eq!(missing_from(&of::<AlertProvider>(), "AlertProvider"), none);
}

/// What an API server refuses in the schema of a CRD, and what would change the users' manifests.
fn not_structural(path: &str, schema: &Value, found: &mut Vec<String>) {
    let Value::Object(fields) = schema else { return };
    for word in ["$ref", "$defs", "oneOf", "allOf", "const", "definitions"] {
        if fields.contains_key(word) {
            found.push(format!("{path} {word}"));
        }
    }
    let is_one_type = fields.get("type").is_some_and(Value::is_string);
    if !is_one_type && !fields.contains_key("x-kubernetes-int-or-string") {
        found.push(format!("{path} has no single type"));
    }
    for (name, field) in fields.get("properties").and_then(Value::as_object).into_iter().flatten() {
        not_structural(&format!("{path}.{name}"), field, found);
    }
    for word in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get(word) {
            not_structural(&format!("{path}.{word}"), inner, found);
        }
    }
}

#[test]
fn the_schemas_are_structural() {
    for schema in [of::<Canary>(), of::<MetricTemplate>(), of::<AlertProvider>()] {
        let mut found = Vec::new();
        not_structural("", schema.as_value(), &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}

#[test]
fn only_what_flagger_fills_in_has_a_default() {
    fn defaults(path: &str, schema: &Value, found: &mut Vec<String>) {
        let Value::Object(fields) = schema else { return };
        if let Some(default) = fields.get("default").filter(|_| !path.ends_with("properties")) {
            found.push(format!("{path} {default}"));
        }
        for (name, inner) in fields {
            defaults(&format!("{path}/{name}"), inner, found);
        }
    }
    let mut found = Vec::new();
    defaults("", of::<Canary>().as_value(), &mut found);
    let found = found.join("\n").replace("/properties", "").replace("/items", "");
    let ours = "/spec/analysis/sessionAffinity/maxAge 86400\n\
                /spec/canaryAnalysis/sessionAffinity/maxAge 86400\n\
                /spec/service/gatewayRefs/group \"gateway.networking.k8s.io\"\n\
                /spec/service/gatewayRefs/kind \"Gateway\"\n\
                /spec/service/mirror/backendRef/group \"\"\n\
                /spec/service/mirror/backendRef/kind \"Service\"";
    assert_eq!(found, ours);
}
