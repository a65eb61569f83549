//! A Canary and the names of everything that belongs to it.

use std::sync::Arc;

use serin_core::{
    Invalid, Rollout,
    revision::Text,
    spec::{Identity, Routing, Service, Setup, Topology, raw},
};

use crate::{
    object::{Key, Kind},
    settings::Settings,
};

/// The Canary whose objects are computed.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its identity.
    pub identity: Identity,
    /// Strategy, provider, target and service; those of the run under way, if it began with another manifest.
    pub topology: Topology,
    /// What its objects are made from, in the newest manifest, even if a run began with another one.
    pub setup: Arc<Setup>,
    /// Metadata of the Canary itself, as alerts show it.
    pub metadata: Arc<raw::Metadata>,
    /// The flags.
    pub settings: Arc<Settings>,
}

impl Subject {
    /// The subject of a Canary, whether its manifest is valid or not.
    #[must_use]
    pub fn of(
        canary: &Result<Rollout, Invalid>,
        metadata: Arc<raw::Metadata>,
        settings: Arc<Settings>,
    ) -> Self {
        let (identity, topology, setup) = match canary {
            Ok(rollout) => (rollout.identity(), rollout.topology(), rollout.setup()),
            Err(invalid) => (&invalid.identity, &invalid.topology, &invalid.setup),
        };
        let (identity, topology, setup) = (identity.clone(), topology.clone(), setup.clone());
        Self { identity, topology, setup, metadata, settings }
    }

    /// The same Canary with the names of its objects before its manifest was changed.
    ///
    /// The other router only gets a route that sends all requests to the primary. The matches in the manifest were not
    /// checked for it, so they are left out.
    #[must_use]
    pub fn of_topology(&self, topology: &Topology) -> Self {
        let mut before = Self { topology: topology.clone(), ..self.clone() };
        if topology.provider != self.topology.provider {
            Arc::make_mut(&mut before.setup).routing.matched.clear();
        }
        before
    }

    /// Name of the apex service.
    #[must_use]
    pub fn apex(&self) -> &str {
        &self.topology.service
    }

    /// Name of the service of the primary.
    #[must_use]
    pub fn primary_service(&self) -> String {
        self.topology.primary_service()
    }

    /// Name of the service of the canary.
    #[must_use]
    pub fn canary_service(&self) -> String {
        self.topology.canary_service()
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

    /// Identifies an object of that kind in the Canary's namespace.
    #[must_use]
    pub fn key(&self, kind: Kind, name: &str) -> Key {
        Key::new(kind, &self.identity.namespace, name)
    }

    /// The settings of its services.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.setup.service
    }

    /// The settings of its routes, without weights.
    #[must_use]
    pub fn routing(&self) -> &Routing {
        &self.setup.routing
    }

    /// `name.namespace`, as in messages.
    #[must_use]
    pub fn display(&self) -> Text {
        format!("{}.{}", self.identity.name, self.identity.namespace).into()
    }
}
