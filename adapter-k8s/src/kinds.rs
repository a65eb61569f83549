//! The kinds that several parts use. The kinds of a router or an autoscaler are in its file.

use crate::object::Kind;

/// Flagger's Canary.
pub const CANARY: Kind = Kind::of(&Kind::names("flagger.app", "v1beta1", "Canary", "canaries"));
/// Flagger's MetricTemplate.
pub const METRIC_TEMPLATE: Kind =
    Kind::of(&Kind::names("flagger.app", "v1beta1", "MetricTemplate", "metrictemplates"));
/// Flagger's AlertProvider.
pub const ALERT_PROVIDER: Kind =
    Kind::of(&Kind::names("flagger.app", "v1beta1", "AlertProvider", "alertproviders"));

/// Pods that can be counted.
pub const DEPLOYMENT: Kind = Kind::of(&Kind::names("apps", "v1", "Deployment", "deployments"));
/// A pod on every node.
pub const DAEMON_SET: Kind = Kind::of(&Kind::names("apps", "v1", "DaemonSet", "daemonsets"));
/// Configuration.
pub const CONFIG_MAP: Kind = Kind::of(&Kind::names("", "v1", "ConfigMap", "configmaps"));
/// Secret configuration, and credentials.
pub const SECRET: Kind = Kind::of(&Kind::names("", "v1", "Secret", "secrets"));
/// Selects pods.
pub const SERVICE: Kind = Kind::of(&Kind::names("", "v1", "Service", "services"));
/// The pods that a Service reaches.
pub const ENDPOINT_SLICE: Kind =
    Kind::of(&Kind::names("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"));

/// The events that `kubectl describe` shows.
pub const EVENT: Kind = Kind::of(&Kind::names("", "v1", "Event", "events"));
/// The leader.
pub const LEASE: Kind = Kind::of(&Kind::names("coordination.k8s.io", "v1", "Lease", "leases"));

/// Whether only the metadata of a kind is watched. A Secret without references is never read.
#[must_use]
pub fn is_read_by_reference(kind: Kind) -> bool {
    kind == CONFIG_MAP || kind == SECRET
}
