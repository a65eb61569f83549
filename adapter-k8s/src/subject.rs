//! A Canary and the names of everything that belongs to it.

use std::sync::Arc;

use serin_core::{
    revision::Text,
    spec::{Identity, Topology, raw},
};

use crate::{
    object::{Key, Kind},
    settings::Settings,
};

/// Whose objects are worked out.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Which Canary.
    pub identity: Identity,
    /// Strategy, provider, target and service; of the run under way, where that began with another manifest.
    pub topology: Topology,
    /// The manifest as written.
    pub manifest: Arc<raw::Canary>,
    /// What the flags say.
    pub settings: Arc<Settings>,
}

impl Subject {
    /// The same Canary as its objects were named before its manifest was changed.
    #[must_use]
    pub fn of_topology(&self, topology: &Topology) -> Self {
        Self { topology: topology.clone(), ..self.clone() }
    }

    /// Name of the apex service.
    #[must_use]
    pub fn apex(&self) -> &str {
        &self.topology.service
    }

    /// Name of the service in front of the primary.
    #[must_use]
    pub fn primary_service(&self) -> String {
        format!("{}-primary", self.apex())
    }

    /// Name of the service in front of the canary.
    #[must_use]
    pub fn canary_service(&self) -> String {
        format!("{}-canary", self.apex())
    }

    /// Name of the target.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.topology.target
    }

    /// Name of the primary workload.
    #[must_use]
    pub fn primary(&self) -> String {
        format!("{}-primary", self.target())
    }

    /// Names an object of that kind next to the Canary.
    #[must_use]
    pub fn key(&self, kind: Kind, name: &str) -> Key {
        Key::new(kind, &self.identity.namespace, name)
    }

    /// `spec.service`; empty where it is left out.
    #[must_use]
    pub fn service(&self) -> raw::Service {
        self.manifest.spec.service.clone().unwrap_or_default()
    }

    /// The analysis, under either of its names.
    #[must_use]
    pub fn analysis(&self) -> Option<&raw::Analysis> {
        self.manifest.spec.analysis.as_ref().or(self.manifest.spec.canary_analysis.as_ref())
    }

    /// `name.namespace`, as messages say it.
    #[must_use]
    pub fn display(&self) -> Text {
        format!("{}.{}", self.identity.name, self.identity.namespace).into()
    }
}
