//! Objects of other kinds that concern a target or a provider, and where they contradict it.
//!
//! They are read as they are written, and are not checked themselves.

mod autoscalers;
mod labels;
mod policies;
mod ports;
mod secrets;
mod services;

use serde_json::Value;
use serin_input::manifest::fields::text;

use self::labels::Pods;
pub(super) use self::{autoscalers::autoscaler, ports::of_canary as port, secrets::secret};
use super::{
    Draft,
    manifests::{Files, ManifestKind, Object},
};

/// An object of another kind.
#[derive(Clone, Debug)]
pub(super) struct Neighbour {
    /// The index of its file among the inputs.
    pub(super) file: usize,
    /// The index of its document in the file.
    pub(super) document: usize,
    /// Its path in a list of objects; empty if it is the document.
    pub(super) at: String,
    kind: Known,
    pub(super) json: Value,
}

/// The kinds that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// Deployments and DaemonSets.
    Workload,
    Service,
    /// HorizontalPodAutoscalers and ScaledObjects.
    Autoscaler,
    NetworkPolicy,
    /// Only the names of the keys are kept.
    Secret,
}

const KINDS: [(&str, &str, Known); 7] = [
    ("apps", "Deployment", Known::Workload),
    ("apps", "DaemonSet", Known::Workload),
    ("", "Service", Known::Service),
    ("autoscaling", "HorizontalPodAutoscaler", Known::Autoscaler),
    ("keda.sh", "ScaledObject", Known::Autoscaler),
    ("networking.k8s.io", "NetworkPolicy", Known::NetworkPolicy),
    ("", "Secret", Known::Secret),
];

impl Neighbour {
    /// An object, if its kind is read.
    pub(super) fn of(file: usize, document: usize, at: &str, json: &Value) -> Option<Self> {
        let (kind, version) = (text(json, "/kind"), text(json, "/apiVersion"));
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let (_, _, kind) = KINDS.into_iter().find(|(of, name, _)| *name == kind && *of == group)?;
        let json = if kind == Known::Secret { secrets::without_values(json) } else { json.clone() };
        Some(Self { file, document, at: at.into(), kind, json })
    }

    /// Its kind and name, as reports print it.
    pub(super) fn title(&self) -> String {
        format!("{} {}", text(&self.json, "/kind"), self.name())
    }

    fn name(&self) -> &str {
        text(&self.json, "/metadata/name")
    }

    /// Whether it belongs to a Canary: it is in its namespace, and in its file or in a file without a Canary for the
    /// same target, which may be for another cluster. An object without a namespace can be applied to any namespace.
    fn is_beside(&self, canary: &Object, files: &Files<'_>) -> bool {
        let own = text(&self.json, "/metadata/namespace");
        let is_in = own.is_empty() || canary.namespace().is_none_or(|namespace| namespace == own);
        is_in && (self.file == canary.file || !files.releases_in(self.file, canary))
    }
}

/// Whether a text may contain objects of these kinds.
pub(super) fn may_hold(text: &str) -> bool {
    KINDS.iter().any(|(_, kind, _)| text.contains(kind))
}

/// The findings about the objects of other kinds, for the Canaries in the files, with their index in
/// `files.neighbours`.
pub(super) fn look(files: &Files<'_>) -> Vec<(usize, Draft)> {
    let mut found = Vec::new();
    for canary in files.of(ManifestKind::Canary).filter(|_| !files.neighbours.is_empty()) {
        let target = target(canary, files);
        let pods = Pods::of(canary, target);
        for (i, other) in
            files.neighbours.iter().enumerate().filter(|(_, other)| other.is_beside(canary, files))
        {
            let told = match other.kind {
                Known::Service => services::look(other, canary, &pods, target),
                Known::NetworkPolicy => policies::look(other, canary, &pods),
                Known::Workload | Known::Autoscaler | Known::Secret => Vec::new(),
            };
            found.extend(told.into_iter().map(|told| (i, told)));
        }
    }
    found
}

/// The objects of a kind in the namespace of a Canary.
fn beside<'a>(
    canary: &'a Object,
    files: &'a Files<'_>,
    kind: Known,
) -> impl Iterator<Item = &'a Neighbour> + use<'a> {
    files.neighbours.iter().filter(move |other| other.kind == kind && other.is_beside(canary, files))
}

/// The replicas of a Canary's target, if it is in the files and has some.
pub(super) fn replicas(canary: &Object, files: &Files<'_>) -> Option<u32> {
    let replicas = target(canary, files)?.pointer("/spec/replicas")?.as_u64()?;
    u32::try_from(replicas).ok().filter(|replicas| *replicas > 0)
}

/// The target of a Canary, if it is in the files.
fn target<'a>(canary: &'a Object, files: &'a Files<'_>) -> Option<&'a Value> {
    let (kind, name) =
        (text(&canary.json, "/spec/targetRef/kind"), text(&canary.json, "/spec/targetRef/name"));
    let mut workloads = beside(canary, files, Known::Workload);
    workloads
        .find(|other| text(&other.json, "/kind") == kind && other.name() == name)
        .map(|other| &other.json)
}
