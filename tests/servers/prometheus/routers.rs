//! The series of each router's proxies, for the controller's queries.

use serin_core::provider::{CanaryNames, RequestMetrics};

/// The series of a router's proxies. `{ns}` stands for the namespace; the canary's target and service are both `shop`.
pub(crate) struct Router {
    /// As in `spec.provider`.
    pub(crate) provider: &'static str,
    /// The label that distinguishes good responses from bad ones, with its values.
    pub(crate) code: Code,
    /// Labels of the canary's series, and of a series next to it that must not be counted.
    pub(crate) canary: &'static [(&'static str, &'static str)],
    pub(crate) beside: (&'static str, &'static str),
    /// Name of the `routeRef`.
    route: &'static str,
}

pub(crate) struct Code {
    pub(crate) label: &'static str,
    pub(crate) good: &'static [&'static str],
    pub(crate) bad: &'static [&'static str],
}

impl Router {
    /// The controller's queries for it.
    pub(crate) fn metrics(&self) -> &'static RequestMetrics {
        RequestMetrics::of(self.provider, "Deployment")
    }

    /// Responses are counted by the histogram.
    pub(crate) fn counts_by_histogram(&self) -> bool {
        self.metrics().requests.ends_with("_bucket")
    }

    /// The names of the Canary.
    pub(crate) fn names<'a>(&self, namespace: &'a str) -> CanaryNames<'a> {
        CanaryNames {
            namespace,
            target: "shop",
            kind: "Deployment",
            service: "shop",
            ingress: "shop",
            route: self.route,
        }
    }

    /// Selects the canary's series, those of latencies if so.
    pub(crate) fn selector(&self, namespace: &str) -> String {
        let metrics = self.metrics();
        let canary = self.names(namespace).fill(metrics.canary);
        if metrics.latency.only.is_empty() { canary } else { format!("{canary},{}", metrics.latency.only) }
    }
}

const fn code(label: &'static str) -> Code {
    Code { label, good: &["200", "404"], bad: &["500", "503"] }
}

const fn router(
    provider: &'static str,
    code: Code,
    canary: &'static [(&'static str, &'static str)],
    beside: (&'static str, &'static str),
) -> Router {
    Router { provider, code, canary, beside, route: "shop" }
}

const PODS: &[(&str, &str)] = &[("kubernetes_namespace", "{ns}"), ("kubernetes_pod_name", "shop-5d8c-{pod}")];
const PRIMARY: (&str, &str) = ("kubernetes_pod_name", "shop-primary-5d8c-9f-0");

/// One of each kind of query.
pub(crate) const ROUTERS: &[Router] = &[
    router(
        "istio",
        code("response_code"),
        &[
            ("reporter", "destination"),
            ("destination_workload_namespace", "{ns}"),
            ("destination_workload", "shop"),
        ],
        ("reporter", "source"),
    ),
    router(
        "linkerd",
        Code { label: "classification", good: &["success"], bad: &["failure"] },
        &[("namespace", "{ns}"), ("deployment", "shop"), ("direction", "inbound")],
        ("deployment", "shop-primary"),
    ),
    router("kubernetes", code("status"), PODS, PRIMARY),
    router("gatewayapi:v1", code("status"), PODS, PRIMARY),
    router("appmesh", code("envoy_response_code"), PODS, PRIMARY),
    router(
        "contour",
        code("envoy_response_code"),
        &[("envoy_cluster_name", "{ns}_shop-canary_80")],
        ("envoy_cluster_name", "{ns}_shop-primary_80"),
    ),
    router(
        "gloo",
        code("envoy_response_code"),
        &[("envoy_cluster_name", "{ns}-shop-canaryupstream-80_gloo-system")],
        ("envoy_cluster_name", "{ns}-shop-primaryupstream-80_gloo-system"),
    ),
    Router {
        route: "shop-00002",
        ..router(
            "knative",
            code("envoy_response_code"),
            &[("envoy_cluster_name", "{ns}/shop-00002")],
            ("envoy_cluster_name", "{ns}/shop-00001"),
        )
    },
    router(
        "kuma",
        code("envoy_response_code"),
        &[("service", "shop-canary_{ns}_svc_80")],
        ("service", "shop-primary_{ns}_svc_80"),
    ),
    router(
        "nginx",
        code("status"),
        &[("namespace", "{ns}"), ("ingress", "shop"), ("canary", "{ns}-shop-canary-80")],
        ("canary", ""),
    ),
    router(
        "skipper",
        code("code"),
        &[("route", "kube_{ns}__shop_canary__shop_example_org____shop_canary_0")],
        ("route", "kube_{ns}__shop__shop_example_org____shop_primary"),
    ),
    router(
        "traefik",
        code("code"),
        &[("service", "{ns}-shop-canary-80@kubernetescrd")],
        ("service", "{ns}-shop-primary-80@kubernetescrd"),
    ),
    router(
        "osm",
        code("response_code"),
        &[
            ("destination_namespace", "{ns}"),
            ("destination_kind", "Deployment"),
            ("destination_name", "shop"),
        ],
        ("destination_kind", "DaemonSet"),
    ),
    router(
        "apisix",
        code("code"),
        &[("route", "{ns}_shop-shop-canary_0"), ("type", "request")],
        ("route", "{ns}_shop-shop_0"),
    ),
];
