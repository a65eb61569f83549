//! Secrets that are used repeatedly. Few and small ones are kept, as credentials are.

use std::{collections::BTreeMap, sync::Arc};

use crate::object::{Key, Object};

/// How many Secrets are kept, and how large each may be, as text. Others are read at every use.
const MOST: usize = 256;
const MOST_BYTES: usize = 16 * 1024;

/// Secrets, and when each was last used.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    of: BTreeMap<Key, (u64, Arc<Object>)>,
    uses: u64,
}

impl Credentials {
    /// A Secret that is kept in this version.
    pub(super) fn used(&mut self, key: &Key, version: &str) -> Option<Arc<Object>> {
        self.uses += 1;
        let (last, secret) = self.of.get_mut(key)?;
        if secret.resource_version() != version {
            self.of.remove(key);
            return None;
        }
        *last = self.uses;
        Some(secret.clone())
    }

    /// Keeps a Secret; if there are too many, it replaces the one that was not used for the longest time.
    pub(super) fn keep(&mut self, key: Key, secret: Arc<Object>) {
        if secret.to_json().len() > MOST_BYTES {
            self.of.remove(&key);
            return;
        }
        self.of.insert(key, (self.uses, secret));
        if self.of.len() > MOST {
            let least = self.of.iter().min_by_key(|(_, (last, _))| *last).map(|(key, _)| key.clone());
            self.of.remove(&least.unwrap_or_else(Key::first));
        }
    }

    /// Removes a Secret.
    pub(super) fn forget(&mut self, key: &Key) {
        self.of.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::SECRET;

    fn secret(name: usize, length: usize) -> Arc<Object> {
        let metadata = json!({"name": name.to_string(), "namespace": "n", "resourceVersion": "1"});
        Arc::new(Object::read(SECRET, json!({"metadata": metadata, "data": {"a": "x".repeat(length)}})))
    }

    #[test]
    fn few_and_small_secrets_are_kept_by_version() {
        let mut kept = Credentials::default();
        for name in 0..=MOST {
            let secret = secret(name, 1);
            assert!(kept.used(&secret.key(), "1").is_none());
            kept.keep(secret.key(), secret);
        }
        let mut is_kept = |name: usize, version: &str| kept.used(&secret(name, 1).key(), version).is_some();
        assert!(!is_kept(0, "1") && is_kept(1, "1") && !is_kept(1, "2") && !is_kept(1, "1"));
        let large = secret(1, MOST_BYTES);
        kept.keep(large.key(), large.clone());
        assert!(kept.used(&large.key(), "1").is_none());
    }
}
