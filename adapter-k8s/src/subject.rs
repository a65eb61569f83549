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

/// Whose objects are worked out.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Which Canary.
    pub identity: Identity,
    /// Strategy, provider, target and service; of the run under way, where that began with another manifest.
    pub topology: Topology,
    /// What its objects are made from; of the newest manifest, whatever a run began with.
    pub setup: Arc<Setup>,
    /// Metadata of the Canary itself, as alerts show it.
    pub metadata: Arc<raw::Metadata>,
    /// What the flags say.
    pub settings: Arc<Settings>,
}

impl Subject {
    /// The subject of a Canary, whether its manifest makes sense or not.
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

    /// The same Canary as its objects were named before its manifest was changed.
    ///
    /// Through another router everyone is only sent to the primary, and what the manifest matches now was not checked for
    /// it: nothing is matched there.
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

    /// Name of the service in front of the primary.
    #[must_use]
    pub fn primary_service(&self) -> String {
        self.topology.primary_service()
    }

    /// Name of the service in front of the canary.
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

    /// Names an object of that kind next to the Canary.
    #[must_use]
    pub fn key(&self, kind: Kind, name: &str) -> Key {
        Key::new(kind, &self.identity.namespace, name)
    }

    /// How its services are made.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.setup.service
    }

    /// What its routes are to be like, weights aside.
    #[must_use]
    pub fn routing(&self) -> &Routing {
        &self.setup.routing
    }

    /// `name.namespace`, as messages say it.
    #[must_use]
    pub fn display(&self) -> Text {
        format!("{}.{}", self.identity.name, self.identity.namespace).into()
    }
}
