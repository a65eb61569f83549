//! Where the pure parts read objects: the watch caches in a cluster, a few files in a test.

use std::{collections::BTreeMap, sync::Arc};

use serin_core::{observation::Unseen, revision::Text};

use crate::object::{Key, Kind, Object};

/// The objects of a cluster.
pub trait ObjectReader {
    /// The object; `None` if it does not exist.
    ///
    /// # Errors
    /// It is not known.
    fn find(&self, key: &Key) -> Result<Option<Arc<Object>>, Unseen>;

    /// The objects of a kind that carry a label, by name.
    ///
    /// # Errors
    /// They are not known.
    fn labelled(
        &self,
        kind: Kind,
        namespace: &str,
        label: &str,
        value: &str,
    ) -> Result<Vec<Arc<Object>>, Unseen>;

    /// Why the objects of a kind may not be read, if so.
    fn refusal(&self, kind: Kind) -> Option<Text>;
}

impl ObjectReader for BTreeMap<Key, Arc<Object>> {
    fn find(&self, key: &Key) -> Result<Option<Arc<Object>>, Unseen> {
        Ok(self.get(key).cloned())
    }

    fn labelled(
        &self,
        kind: Kind,
        namespace: &str,
        label: &str,
        value: &str,
    ) -> Result<Vec<Arc<Object>>, Unseen> {
        let there = self.iter().filter(|(key, object)| {
            key.kind == kind && *key.namespace == *namespace && object.label(label) == Some(value)
        });
        Ok(there.map(|(_, object)| object.clone()).collect())
    }

    fn refusal(&self, _kind: Kind) -> Option<Text> {
        None
    }
}

/// Why an object could not be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BuildError {
    /// A source is not known now.
    #[error("{0}")]
    Unseen(Unseen),
    /// It cannot be computed until someone changes something: which field of which object, and what was expected.
    #[error("{0}")]
    Refused(Text),
}

impl From<Unseen> for BuildError {
    fn from(unseen: Unseen) -> Self {
        Self::Unseen(unseen)
    }
}

impl BuildError {
    /// A refusal.
    #[must_use]
    pub fn refused(why: impl AsRef<str>) -> Self {
        Self::Refused(why.as_ref().into())
    }
}
