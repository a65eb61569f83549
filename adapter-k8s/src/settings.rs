//! What the controller's flags say about objects.

use serin_core::spec::Limits;

/// How objects are made, wherever the manifest leaves it open. Flagger's flags and defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Router where `spec.provider` is left out (`-mesh-provider`).
    pub provider: String,
    /// Labels that tell a workload's pods, the first that is there (`-selector-labels`).
    pub selector_labels: Vec<String>,
    /// Labels and annotations to copy to objects of ours, by prefix; `*` is all of them (`-include-label-prefix`).
    pub include_label_prefix: Vec<String>,
    /// What NGINX's annotations begin with (`-ingress-annotations-prefix`).
    pub ingress_annotations_prefix: String,
    /// Ingress class of Contour's routes (`-ingress-class`).
    pub ingress_class: Option<String>,
    /// Whether ConfigMaps and Secrets belong to a revision (`-enable-config-tracking`).
    pub config_tracking: bool,
    /// Prometheus of the built-in metrics (`-metrics-server`).
    pub metrics_server: String,
    /// The cluster's name in alerts (`-cluster-name`).
    pub cluster_name: Option<String>,
    /// Whether a Canary may refer to its own namespace only (`-no-cross-namespace-refs`).
    pub no_cross_namespace_refs: bool,
    /// What one Canary may take (`--max-metrics` and its companions).
    pub limits: Limits,
    /// Whether nothing is to change but statuses and events (`--dry-run`).
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
