//! The JSON schema of a scenario file; each part of it is next to its type.

use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema,
    transform::transform_subschemas,
};
use serde_json::{Value, json};
use serin_core::{
    spec::raw::{self, schema},
    state,
};

use super::file::File;

/// The schema of a scenario file. Unknown fields are refused, in manifests too.
#[must_use]
pub fn schema() -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>();
    schema::without_null(&mut schema);
    schema::without_width(&mut schema);
    without_empty_default(&mut schema);
    schema
}

/// Removes defaults that only mean that a field is optional.
fn without_empty_default(schema: &mut Schema) {
    if schema
        .get("default")
        .is_some_and(|default| default.is_null() || *default == json!({}) || *default == json!([]))
    {
        schema.remove("default");
    }
    transform_subschemas(&mut without_empty_default, schema);
}

/// The Canary's manifest, or its path.
pub(super) fn canary(generator: &mut SchemaGenerator) -> Schema {
    path_or::<raw::Canary>(generator)
}

/// MetricTemplates, or paths of them.
pub(super) fn templates(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": path_or::<raw::MetricTemplate>(generator)})
}

/// `.status` of a Canary.
pub(super) fn status(generator: &mut SchemaGenerator) -> Schema {
    defined::<state::Status>(schema::of::<state::Status>(), generator)
}

/// Any mapping.
pub(super) fn anything(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object"})
}

/// A choice of one of these fields.
pub(super) fn one_each(fields: &[&str]) -> Value {
    fields.iter().map(|field| json!({"required": [field]})).collect()
}

fn path_or<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [{"type": "string"}, defined::<T>(schema::strict::<T>(), generator)]})
}

/// A reference to the schema of a type that has no references itself, as in a CRD.
fn defined<T: JsonSchema>(mut schema: Schema, generator: &mut SchemaGenerator) -> Schema {
    let name = T::schema_name();
    schema.remove("$schema");
    generator.definitions_mut().insert(name.clone().into_owned(), schema.to_value());
    json_schema!({"$ref": format!("#/$defs/{name}")})
}
