//! A second object next to the one that the user wrote, for routers that release through such a copy.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    object::{
        Key, Object, metadata,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// The object that the user wrote and a `field` of the manifest names.
///
/// # Errors
/// It is not known, or there is none.
pub(super) fn original(key: &Key, field: &str, seen: &dyn ObjectReader) -> Result<Arc<Object>, BuildError> {
    seen.find(key)?.ok_or_else(|| {
        let Key { kind, namespace, name } = key;
        BuildError::refused(format!("{field}: there is no {} {name}.{namespace}", kind.kind))
    })
}

/// The second object with this spec, and with the labels and annotations of the first.
///
/// # Errors
/// What stands there is not known.
pub(super) fn copy(
    key: &Key,
    original: &Object,
    spec: Value,
    subject: &Subject,
    seen: &dyn ObjectReader,
) -> Result<Object, BuildError> {
    let mut object = metadata::begin(key, &subject.identity, seen)?.object;
    object.set("/spec", spec);
    metadata::copy_labels(&mut object, original);
    metadata::copy_annotations(&mut object, original);
    metadata::set_hands_off(&mut object);
    Ok(object)
}
