//! Kinds of targets and of autoscalers.

/// A kind that `spec.targetRef` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name in text for people.
    pub name: &'static str,
    /// `targetRef.kind`.
    pub kind: &'static str,
    /// The usual `targetRef.apiVersion`.
    pub api_version: &'static str,
    /// Whether this version of the controller supports it.
    pub driven: bool,
}

/// Every kind of target; Flagger's.
pub const TARGETS: &[Target] = &[
    Target { name: "Deployment", kind: "Deployment", api_version: "apps/v1", driven: true },
    Target { name: "DaemonSet", kind: "DaemonSet", api_version: "apps/v1", driven: true },
    Target { name: "Service", kind: "Service", api_version: "v1", driven: true },
    Target { name: "Knative Service", kind: "Service", api_version: "serving.knative.dev/v1", driven: false },
];

impl Target {
    /// The target of a reference; `None` for a kind that is not supported by Flagger. Only the API group distinguishes
    /// Knative's Service from the Service of Kubernetes, so a reference with a wrong version still has its kind.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Option<&'static Self> {
        let is_knative = |api_version: &str| api_version.starts_with("serving.knative.dev/");
        TARGETS.iter().find(|target| {
            target.kind == kind
                && (kind != "Service" || is_knative(target.api_version) == is_knative(api_version))
        })
    }
}

/// A kind that `spec.autoscalerRef` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaler {
    /// `autoscalerRef.kind`.
    pub kind: &'static str,
    /// The usual `autoscalerRef.apiVersion`.
    pub api_version: &'static str,
    /// Whether this version of the controller supports it: pauses and copies it.
    pub driven: bool,
}

/// Every kind of autoscaler; Flagger's.
pub const SCALERS: &[Scaler] = &[
    Scaler { kind: "HorizontalPodAutoscaler", api_version: "autoscaling/v2", driven: true },
    Scaler { kind: "ScaledObject", api_version: "keda.sh/v1alpha1", driven: true },
];

impl Scaler {
    /// The autoscaler of this kind; `None` if there is none.
    #[must_use]
    pub fn of(kind: &str) -> Option<&'static Self> {
        SCALERS.iter().find(|scaler| scaler.kind == kind)
    }
}
