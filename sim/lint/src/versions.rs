//! API versions that clusters no longer serve, and the API versions of the kinds to which a Canary refers.

use serde_json::Value;
use serin_core::provider::Reference;
use serin_input::manifest::{Remedy, fields::text, typed::pointer};

use super::{Draft, code::Code};

/// An API version that is no longer served.
pub(super) struct Removed {
    version: &'static str,
    /// Its kinds; empty: all of them.
    kinds: &'static [&'static str],
    /// The version to write; empty: there is none.
    instead: &'static str,
    /// The release that removed it.
    since: &'static str,
}

const fn removed_in(
    version: &'static str,
    kinds: &'static [&'static str],
    instead: &'static str,
    since: &'static str,
) -> Removed {
    Removed { version, kinds, instead, since }
}

#[rustfmt::skip]
static REMOVED: &[Removed] = &[
    removed_in("extensions/v1beta1", &["Deployment", "DaemonSet", "ReplicaSet"], "apps/v1", "Kubernetes 1.16"),
    removed_in("extensions/v1beta1", &["NetworkPolicy"], "networking.k8s.io/v1", "Kubernetes 1.16"),
    removed_in("extensions/v1beta1", &["Ingress"], "networking.k8s.io/v1", "Kubernetes 1.22"),
    removed_in("extensions/v1beta1", &["PodSecurityPolicy"], "", "Kubernetes 1.16"),
    removed_in("apps/v1beta1", &[], "apps/v1", "Kubernetes 1.16"),
    removed_in("apps/v1beta2", &[], "apps/v1", "Kubernetes 1.16"),
    removed_in("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], "networking.k8s.io/v1", "Kubernetes 1.22"),
    removed_in("autoscaling/v2beta1", &[], "autoscaling/v2", "Kubernetes 1.25"),
    removed_in("autoscaling/v2beta2", &[], "autoscaling/v2", "Kubernetes 1.26"),
    removed_in("policy/v1beta1", &["PodDisruptionBudget"], "policy/v1", "Kubernetes 1.25"),
    removed_in("policy/v1beta1", &["PodSecurityPolicy"], "", "Kubernetes 1.25"),
    removed_in("batch/v1beta1", &["CronJob"], "batch/v1", "Kubernetes 1.25"),
    removed_in("batch/v2alpha1", &["CronJob"], "batch/v1", "Kubernetes 1.21"),
    removed_in("rbac.authorization.k8s.io/v1beta1", &[], "rbac.authorization.k8s.io/v1", "Kubernetes 1.22"),
    removed_in("apiextensions.k8s.io/v1beta1", &[], "apiextensions.k8s.io/v1", "Kubernetes 1.22"),
    removed_in("admissionregistration.k8s.io/v1beta1", &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"], "admissionregistration.k8s.io/v1", "Kubernetes 1.22"),
    removed_in("scheduling.k8s.io/v1beta1", &[], "scheduling.k8s.io/v1", "Kubernetes 1.22"),
    removed_in("discovery.k8s.io/v1beta1", &[], "discovery.k8s.io/v1", "Kubernetes 1.25"),
    removed_in("flagger.app/v1alpha1", &[], "flagger.app/v1beta1", "Flagger 1.0"),
    removed_in("flagger.app/v1alpha2", &[], "flagger.app/v1beta1", "Flagger 1.0"),
    removed_in("flagger.app/v1alpha3", &[], "flagger.app/v1beta1", "Flagger 1.0"),
    removed_in("gateway.networking.k8s.io/v1alpha2", &["Gateway", "GatewayClass", "HTTPRoute"], "gateway.networking.k8s.io/v1", "Gateway API 1.0"),
    removed_in("keda.k8s.io/v1alpha1", &[], "keda.sh/v1alpha1", "KEDA 2.0"),
    removed_in("traefik.containo.us/v1alpha1", &[], "traefik.io/v1alpha1", "Traefik 3.0"),
];

impl Removed {
    pub(super) fn what(&self) -> String {
        format!("`{}` is no longer served since {}", self.version, self.since)
    }

    /// The remedy for the field of this path.
    pub(super) fn remedy(&self, field: &str) -> Remedy {
        match self.instead {
            "" => "remove it".into(),
            instead => Remedy::new(format!("write `apiVersion: {instead}`")).setting(field, instead),
        }
    }
}

/// The entry of an API version of this kind that is no longer served.
pub(super) fn removed(version: &str, kind: &str) -> Option<&'static Removed> {
    REMOVED.iter().find(|removed| {
        removed.version == version && (removed.kinds.is_empty() || removed.kinds.contains(&kind))
    })
}

/// The kinds to which every Canary can refer, each with its API versions; a router's are [`Reference`]s.
#[rustfmt::skip]
const REFERENCES: &[(&str, &str, &[&str])] = &[
    ("spec.targetRef", "Deployment", &["apps/v1"]),
    ("spec.targetRef", "DaemonSet", &["apps/v1"]),
    ("spec.targetRef", "Service", &["v1", "core/v1", "serving.knative.dev/v1"]),
    ("spec.autoscalerRef", "HorizontalPodAutoscaler", &["autoscaling/v2", "autoscaling/v1"]),
    ("spec.autoscalerRef", "ScaledObject", &["keda.sh/v1alpha1"]),
];

/// The references of a Canary with an API version that their kind does not have.
pub(super) fn references(canary: &Value) -> impl Iterator<Item = Draft> {
    let of_routers = Reference::ALL.into_iter().filter_map(|reference| {
        let (kind, versions) = reference.object()?;
        Some((reference.field(), kind, versions))
    });
    REFERENCES.iter().copied().chain(of_routers).filter_map(|(field, kind, versions)| {
        let at = pointer(field);
        let version = text(canary, &format!("{at}/apiVersion"));
        if version.is_empty() || text(canary, &format!("{at}/kind")) != kind || versions.contains(&version) {
            return None;
        }
        let field = format!("{field}.apiVersion");
        let (code, what, remedy) = match removed(version, kind) {
            Some(removed) => (Code::RemovedApiVersion, removed.what(), removed.remedy(&field)),
            None => {
                let remedy = Remedy::new(format!("write `apiVersion: {}`", versions[0]));
                let what = format!("`{version}` is not an API version of a {kind}");
                (Code::UnknownValue, what, remedy.setting(&*field, versions[0]))
            }
        };
        Some(Draft { code, field, what, remedy, offset: None })
    })
}
