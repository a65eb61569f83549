//! A revision serialized as its configuration only: Flagger's status has a field for the rest.

use alloc::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::revision::{Configs, Revision};

pub(super) fn is_empty(revision: &Revision) -> bool {
    revision.configs.is_empty()
}

pub(super) fn serialize<S: Serializer>(revision: &Revision, serializer: S) -> Result<S::Ok, S::Error> {
    revision.configs.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Revision, D::Error> {
    Ok(Revision { configs: Arc::<Configs>::deserialize(deserializer)?, ..Revision::default() })
}
