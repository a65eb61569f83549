//! The JSON schemas of the objects that people write: structural, so that they can be used in a CRD.

#[cfg(test)]
mod tests;

use alloc::{borrow::Cow, vec::Vec};

use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema,
    transform::transform_subschemas,
};
use serde_json::{Value, json};

use super::{
    super::{AlertSystem, HookKind, MetricSystem, WebhookMethod},
    IntOrString, Number,
};
use crate::{
    phase::Phase,
    provider::{ROUTERS, Reference, SCALERS, TARGETS},
    time::Timestamp,
};

/// The schema of an object as a CRD has it: in one piece, without `null`, with unknown fields allowed.
#[must_use]
pub fn of<T: JsonSchema>() -> Schema {
    let mut schema = whole::<T>();
    lenient(&mut schema);
    schema
}

fn whole<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    without_null(&mut schema);
    without_width(&mut schema);
    defaults(&mut schema);
    schema
}

/// The schema that an editor checks a manifest with. It is that of the CRD, and also refuses what a cluster drops or a
/// controller refuses: unknown fields, durations without a unit, fractions where a whole number is expected.
#[must_use]
pub fn strict<T: JsonSchema>() -> Schema {
    let mut schema = whole::<T>();
    let status = schema.pointer_mut("/properties/status").map(Value::take);
    strictly(&mut schema);
    if let Some(place) = schema.pointer_mut("/properties/status") {
        *place = status.unwrap_or(Value::Bool(true));
    }
    if let Some(Value::Object(fields)) = schema.pointer_mut("/properties/metadata/properties") {
        for name in OTHER_METADATA {
            fields.entry(name).or_insert(Value::Bool(true));
        }
    }
    if let Some(Value::Object(port)) =
        schema.pointer_mut("/properties/spec/properties/service/properties/port")
    {
        port.insert("minimum".into(), 1.into());
        port.insert("maximum".into(), 65_535.into());
    }
    lenient(&mut schema);
    schema
}

/// What a cluster and its tools keep in an object's metadata and Serin does not read.
const OTHER_METADATA: [&str; 10] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
];

fn strictly(schema: &mut Schema) {
    let is_closed = schema.get("properties").is_some() && schema.get("additionalProperties").is_none();
    if is_closed && schema.get("x-kubernetes-preserve-unknown-fields").is_none() {
        schema.insert("additionalProperties".into(), false.into());
    }
    if schema.get("pattern").is_some_and(|pattern| pattern == DURATION) {
        schema.insert("pattern".into(), WHOLE_DURATION.into());
    }
    if schema.remove("x-duration").is_some() {
        schema.insert("pattern".into(), ROUTED_DURATION.into());
    }
    if schema.remove("x-whole").is_some() {
        schema.insert("type".into(), "integer".into());
    }
    transform_subschemas(&mut strictly, schema);
}

/// Allows every number and every text where a whole number or a duration of a router is expected: parsing refuses
/// invalid ones, with their field.
fn lenient(schema: &mut Schema) {
    schema.remove("x-whole");
    schema.remove("x-duration");
    transform_subschemas(&mut lenient, schema);
}

/// Keeps the defaults that an API server fills in (`x-default`), and removes those that Serin applies.
fn defaults(schema: &mut Schema) {
    schema.remove("default");
    if let Some(filled) = schema.remove("x-default") {
        schema.insert("default".into(), filled);
    }
    transform_subschemas(&mut defaults, schema);
}

/// Removes `null` from every optional field: a field without a value is left out.
pub fn without_null(schema: &mut Schema) {
    if let Some(Value::Object(fields)) = schema.get_mut("properties") {
        for field in fields.values_mut() {
            not_null(field);
        }
    }
    transform_subschemas(&mut without_null, schema);
}

fn not_null(field: &mut Value) {
    let Value::Object(field) = field else { return };
    if let Some(Value::Array(types)) = field.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            field.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = field.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(choices)) = field.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            field.remove("anyOf");
            for (name, value) in only {
                field.entry(name).or_insert(value);
            }
        }
    }
}

/// Removes the widths of our own integers (`uint8`, `double`), because no schema language knows all of them.
pub fn without_width(schema: &mut Schema) {
    const WIDTHS: [&str; 5] = ["uint8", "uint16", "uint32", "uint64", "double"];
    if schema.get("format").and_then(Value::as_str).is_some_and(|format| WIDTHS.contains(&format)) {
        schema.remove("format");
    }
    transform_subschemas(&mut without_width, schema);
}

/// The form of names in Kubernetes.
pub(super) const LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
pub(super) const SUBDOMAIN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
pub(super) const GROUP: &str = r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
pub(super) const KIND: &str = "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$";
/// The beginning of a duration; Flagger's schema checks no more.
pub(super) const DURATION: &str = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)";
/// The form of a whole duration.
const WHOLE_DURATION: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$";
/// The form of a duration that a router reads: most do not know days, Contour knows `infinity`.
const ROUTED_DURATION: &str = r"^(([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+|infinity|infinite)$";

pub(super) fn providers() -> Vec<&'static str> {
    ROUTERS.iter().map(|router| router.name).collect()
}

pub(super) fn metric_providers() -> Vec<&'static str> {
    MetricSystem::ALL.into_iter().map(MetricSystem::name).collect()
}

pub(super) fn webhook_methods() -> Vec<&'static str> {
    WebhookMethod::ALL.into_iter().map(WebhookMethod::name).collect()
}

pub(super) fn alert_providers() -> Vec<&'static str> {
    AlertSystem::ALL.into_iter().map(AlertSystem::name).collect()
}

/// The types of hooks, and the empty one, which means `rollout`.
pub(super) fn hook_types() -> Vec<&'static str> {
    core::iter::once("").chain(HookKind::NAMES).collect()
}

/// The kinds that a reference can have.
pub(super) mod kinds {
    use super::{Reference, SCALERS, Schema, TARGETS, Vec, one_of};

    pub(in crate::spec::raw) fn targets(schema: &mut Schema) {
        let mut kinds: Vec<&str> = TARGETS.iter().map(|target| target.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        one_of("/properties/kind", &kinds, schema);
    }

    pub(in crate::spec::raw) fn scalers(schema: &mut Schema) {
        let kinds: Vec<&str> = SCALERS.iter().map(|scaler| scaler.kind).collect();
        one_of("/properties/kind", &kinds, schema);
    }

    pub(in crate::spec::raw) fn ingresses(schema: &mut Schema) {
        referred(Reference::Ingress, schema);
    }

    pub(in crate::spec::raw) fn routes(schema: &mut Schema) {
        referred(Reference::Route, schema);
    }

    pub(in crate::spec::raw) fn upstreams(schema: &mut Schema) {
        referred(Reference::Upstream, schema);
    }

    fn referred(reference: Reference, schema: &mut Schema) {
        if let Some((kind, _)) = reference.object() {
            one_of("/properties/kind", &[kind], schema);
        }
    }
}

/// An address or a Secret. Flagger requires exactly one of them; PagerDuty may have both.
pub(super) fn address_or_secret() -> Value {
    json!([{"required": ["address"]}, {"required": ["secretRef"]}])
}

/// How a run can end, for hooks.
pub(super) fn ends(schema: &mut Schema) {
    one_of("/items", &["success", "failure"], schema);
}

fn one_of(place: &str, texts: &[&str], schema: &mut Schema) {
    if let Some(Value::Object(place)) = schema.pointer_mut(place) {
        place.insert("enum".into(), texts.into());
    }
}

/// A mapping that is passed on unchanged.
pub(crate) fn opaque(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// The names of phases that `.status` can contain. Flagger's `Terminated` is never written.
pub(crate) fn phases() -> Vec<&'static str> {
    Phase::ALL.into_iter().map(Phase::name).chain(["Terminated"]).collect()
}

impl JsonSchema for Phase {
    fn schema_name() -> Cow<'static, str> {
        "Phase".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let description = "The phase of the Canary; empty before anything was done.";
        json_schema!({"description": description, "type": "string", "enum": Phase::ALL.map(Phase::name)})
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

impl JsonSchema for Number {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "x-whole": true})
    }
}

impl JsonSchema for IntOrString {
    fn schema_name() -> Cow<'static, str> {
        "IntOrString".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true})
    }
}
