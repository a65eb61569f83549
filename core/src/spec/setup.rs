//! What drivers read from a manifest and no rule does: what the objects of a Canary are made from.

use alloc::{collections::BTreeMap, string::String};

use super::{
    Routing, Service,
    parse::filled,
    raw::{self, Number, ScalerReplicas},
};
use crate::revision::Text;

/// What the objects of a Canary are made from, besides the names in its [`Topology`](super::Topology).
///
/// For a manifest that is refused it contains what could be read, so that a run can still be ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    /// `targetRef.apiVersion`; with the kind, it determines the type of target.
    pub target_api_version: Text,
    /// The target's autoscaler.
    pub autoscaler: Option<Autoscaler>,
    /// The services.
    pub service: Service,
    /// The routes.
    pub routing: Routing,
    /// Prometheus of the built-in metrics and inline queries; `None`: the controller's.
    pub metrics_server: Option<Text>,
    /// Whether the manifest itself names the provider.
    pub names_provider: bool,
    /// `analysis.maxWeight` as written, for alerts. The limit that applies is in the strategy.
    pub max_weight: Option<i64>,
}

/// The autoscaler of a target, and what differs for the primary's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Autoscaler {
    /// Its kind, as written.
    pub kind: Text,
    /// Its name.
    pub name: Text,
    /// For a ScaledObject: the primary's queries, by name of the trigger; empty: the target's, with the primary's name.
    pub primary_queries: BTreeMap<String, String>,
    /// Bounds of the primary's replicas; those of the target's autoscaler if left out.
    pub primary_replicas: ScalerReplicas,
}

impl Setup {
    /// The fields that are copied without parsing; `service`, `routing` and `max_weight` are parsed separately.
    pub(super) fn as_written(spec: &raw::CanarySpec) -> Self {
        Self {
            target_api_version: spec
                .target_ref
                .as_ref()
                .map_or("", |target| target.api_version.as_str())
                .into(),
            autoscaler: spec.autoscaler_ref.as_ref().map(Autoscaler::from),
            metrics_server: filled(spec.metrics_server.as_deref()).map(Text::from),
            names_provider: filled(spec.provider.as_deref()).is_some(),
            ..Self::default()
        }
    }

    /// The part that comes from the analysis, except the matched requests.
    pub(super) fn take_analysis(&mut self, analysis: &raw::Analysis) {
        let whole = |number: Option<Number>| number.and_then(Number::whole);
        self.max_weight = whole(analysis.max_weight);
        let mirror = whole(analysis.mirror_weight).and_then(|weight| weight.try_into().ok());
        self.routing.mirror_weight = mirror.filter(|weight| *weight > 0);
    }
}

impl From<&raw::ScalerRef> for Autoscaler {
    fn from(raw: &raw::ScalerRef) -> Self {
        Self {
            kind: raw.kind.as_str().into(),
            name: raw.name.as_str().into(),
            primary_queries: raw.primary_scaler_queries.clone(),
            primary_replicas: raw.primary_scaler_replicas.clone().unwrap_or_default(),
        }
    }
}
