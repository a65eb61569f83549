//! What a workload runs: its pod template and the configuration it reads.

use alloc::{collections::BTreeMap, string::String, sync::Arc};
use core::fmt;

use serde::{Deserialize, Serialize};

/// A text that is shared rather than copied.
pub type Text = Arc<str>;

/// The checksums of the ConfigMaps and Secrets a workload reads, by `configmap/<name>` or `secret/<name>`.
pub type Configs = BTreeMap<String, String>;

/// One version of the target: equal revisions need no rollout between them.
///
/// `spec` is the driver's checksum of the pod template (opaque here). `configs` is empty where configuration is not
/// tracked.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision {
    /// Checksum of the pod template.
    pub spec: Text,
    /// Checksums of the tracked configuration.
    #[serde(default, skip_serializing_if = "no_configs")]
    pub configs: Arc<Configs>,
}

fn no_configs(configs: &Arc<Configs>) -> bool {
    configs.is_empty()
}

impl Revision {
    /// A revision that reads no tracked configuration.
    #[must_use]
    pub fn of(spec: &str) -> Self {
        Self { spec: spec.into(), configs: Arc::default() }
    }

    /// The revision of which nothing is known: before the first rollout, or what another controller left behind.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }

    /// Whether this is [`Revision::unknown`].
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.spec.is_empty()
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_unknown() { "unknown" } else { &self.spec })
    }
}
