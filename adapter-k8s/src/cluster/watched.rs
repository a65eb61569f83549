//! An object as a watch brings it: read straight into JSON, without what nobody here reads.
//!
//! Who wrote which field takes half of an object's text, and is not even taken in.

use std::{borrow::Cow, fmt};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, api::ApiResource, core::DynamicResourceScope};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value};

/// An object of any kind.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    /// The whole of it.
    pub(super) value: Value,
    /// What kube asks for: the version alone.
    metadata: ObjectMeta,
}

impl<'de> Deserialize<'de> for Watched {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Part::Object.deserialize(from)?;
        let resource_version = value["metadata"]["resourceVersion"].as_str().map(Into::into);
        Ok(Self { value, metadata: ObjectMeta { resource_version, ..ObjectMeta::default() } })
    }
}

impl Resource for Watched {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(of: &ApiResource) -> Cow<'_, str> {
        of.kind.as_str().into()
    }

    fn group(of: &ApiResource) -> Cow<'_, str> {
        of.group.as_str().into()
    }

    fn version(of: &ApiResource) -> Cow<'_, str> {
        of.version.as_str().into()
    }

    fn plural(of: &ApiResource) -> Cow<'_, str> {
        of.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// A map that is read, and what of it is not.
#[derive(Clone, Copy)]
enum Part {
    Object,
    Metadata,
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "an object",
            Self::Metadata => "its metadata",
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            let value = match (self, name.as_str()) {
                (Self::Metadata, "managedFields") => {
                    from.next_value::<IgnoredAny>()?;
                    continue;
                }
                (Self::Object, "metadata") => from.next_value_seed(Self::Metadata)?,
                (Self::Object | Self::Metadata, _) => from.next_value()?,
            };
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_is_taken_in_but_who_wrote_it() {
        let text = r#"{"kind": "Web", "metadata": {"name": "a", "managedFields": [{"manager": "b"}], "resourceVersion": "7"},
            "spec": {"managedFields": [1], "share": 0.1}}"#;
        let watched: Watched = serde_json::from_str(text).unwrap();
        assert_eq!(watched.meta().resource_version.as_deref(), Some("7"));
        let wanted = json!({
            "kind": "Web", "metadata": {"name": "a", "resourceVersion": "7"},
            "spec": {"managedFields": [1], "share": 0.1},
        });
        assert_eq!(watched.value, wanted);
    }
}
