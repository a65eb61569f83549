//! The objects that people write, as they are written: the shapes of the CRDs, before parsing.
//!
//! Every field of Flagger's schema is here under its own name, and so are the fields that only Serin has.
//! [`Rollout::parse`](super::Rollout::parse), [`MetricTemplate::parse`](super::MetricTemplate::parse) and
//! [`AlertProvider::parse`](super::AlertProvider::parse) parse them.
//!
//! What is read is written again as it was: a field that is left out stays left out. An empty text, list or mapping
//! means the same as one that is left out, and `5.0` the same as `5`. Unknown fields are dropped, as an API server
//! prunes them.

mod affinity;
mod alert;
mod alert_provider;
mod analysis;
mod canary;
mod matching;
mod metric;
mod metric_template;
mod number;
mod object;
mod pods;
mod routing;
#[cfg(feature = "schemars")]
pub mod schema;
mod service;
#[cfg(test)]
mod tests;
mod webhook;

pub use self::{
    affinity::SessionAffinity,
    alert::Alert,
    alert_provider::{AlertProvider, AlertProviderSpec},
    analysis::{Analysis, NestedAnalysis},
    canary::{Canary, CanarySpec, ScalerRef, ScalerReplicas, UpstreamRef},
    matching::{HttpMatch, Match, StringMatch},
    metric::{Metric, ThresholdRange},
    metric_template::{MetricProvider, MetricTemplate, MetricTemplateSpec},
    number::{IntOrString, Number},
    object::{Metadata, NameRef, ObjectRef, SecretRef},
    pods::{PodOverrides, Toleration},
    routing::{BackendRef, CorsPolicy, GatewayRef, HeaderChanges, Headers, Mirror, Retries, Rewrite},
    service::{Service, ServiceMetadata, UnmanagedMetadata},
    webhook::Webhook,
};
