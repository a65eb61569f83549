//! The settings of the controller's flags that concern objects.

use serin_core::spec::Limits;

/// How objects are made if the manifest does not say. Flagger's flags and defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Router if `spec.provider` is left out (`-mesh-provider`).
    pub provider: String,
    /// Labels that identify a workload's pods; the first one that it has is used (`-selector-labels`).
    pub selector_labels: Vec<String>,
    /// Labels and annotations to copy to our objects, by prefix; `*` means all (`-include-label-prefix`).
    pub include_label_prefix: Vec<String>,
    /// Prefix of NGINX's annotations (`-ingress-annotations-prefix`).
    pub ingress_annotations_prefix: String,
    /// Ingress class of Contour's routes (`-ingress-class`).
    pub ingress_class: Option<String>,
    /// Whether ConfigMaps and Secrets belong to a revision (`-enable-config-tracking`).
    pub config_tracking: bool,
    /// Prometheus for the built-in metrics (`-metrics-server`).
    pub metrics_server: String,
    /// The cluster's name in alerts (`-cluster-name`).
    pub cluster_name: Option<String>,
    /// Whether a Canary can refer only to its own namespace (`-no-cross-namespace-refs`).
    pub no_cross_namespace_refs: bool,
    /// The limits of one Canary (`--max-metrics` and similar flags).
    pub limits: Limits,
    /// Whether only statuses and events may change (`--dry-run`).
    pub dry_run: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            provider: "istio".into(),
            selector_labels: ["app", "name", "app.kubernetes.io/name"].map(Into::into).into(),
            include_label_prefix: Vec::new(),
            ingress_annotations_prefix: "nginx.ingress.kubernetes.io".into(),
            ingress_class: None,
            config_tracking: true,
            metrics_server: "http://prometheus:9090".into(),
            cluster_name: None,
            no_cross_namespace_refs: false,
            limits: Limits::default(),
            dry_run: false,
        }
    }
}
