//! The metrics of each router, and the queries Flagger asks about them.

use serin_sim::prometheus::Latency;

/// What a router's proxies count. `{ns}` stands for the namespace; the canary's target and service are both `shop`.
pub(crate) struct Router {
    /// As in `spec.provider`.
    pub(crate) provider: &'static str,
    /// The counter of responses, or the histogram whose last bucket counts them.
    pub(crate) responses: &'static str,
    /// The label that tells good responses from bad ones, with what it says of each.
    pub(crate) code: Code,
    /// The histogram of latencies, without `_bucket`, `_sum` and `_count`.
    pub(crate) latency: &'static str,
    /// Labels of the canary's series, and of a series beside it that is not to be counted.
    pub(crate) canary: &'static [(&'static str, &'static str)],
    pub(crate) beside: (&'static str, &'static str),
    /// How Flagger selects the canary's series.
    pub(crate) selector: &'static str,
    /// What it adds for latencies.
    pub(crate) latency_selector: &'static str,
}

pub(crate) struct Code {
    pub(crate) label: &'static str,
    pub(crate) good: &'static [&'static str],
    pub(crate) bad: &'static [&'static str],
    /// How Flagger selects good responses.
    pub(crate) selector: &'static str,
}

impl Router {
    /// What Flagger calls the duration.
    pub(crate) fn duration(&self) -> Latency {
        Latency::of(self.provider)
    }

    /// Responses are counted by the histogram.
    pub(crate) fn counts_by_histogram(&self) -> bool {
        self.responses.ends_with("_bucket")
    }

    /// `request-success-rate`.
    pub(crate) fn success_rate(&self, namespace: &str, interval: &str) -> String {
        let last = if self.counts_by_histogram() { ", le=\"+Inf\"" } else { "" };
        let (responses, code) = (self.responses, self.code.selector);
        let all = self.selector.replace("{ns}", namespace);
        format!(
            "sum( rate( {responses}{{ {all}, {code}{last} }}[{interval}] ) ) \
             / sum( rate( {responses}{{ {all}{last} }}[{interval}] ) ) * 100"
        )
    }

    /// `request-duration`.
    pub(crate) fn request_duration(&self, namespace: &str, interval: &str) -> String {
        let all = format!("{}{}", self.selector.replace("{ns}", namespace), self.latency_selector);
        let latency = self.latency;
        let rate = |what: &str| format!("sum( rate( {latency}_{what}{{ {all} }}[{interval}] ) )");
        match (self.duration(), self.provider) {
            (Latency::Average(_), _) => format!("{} / {} * 1000", rate("sum"), rate("count")),
            (Latency::P99(_), "traefik") => {
                format!("histogram_quantile( 0.99, {} by (le) ) * 1000", rate("bucket"))
            }
            (Latency::P99(_), _) => format!("histogram_quantile( 0.99, {} by (le) )", rate("bucket")),
        }
    }

    /// How many milliseconds the unit of the answer to [`Router::request_duration`] has.
    pub(crate) fn unit_ms(&self) -> f64 {
        match self.provider {
            "kubernetes" | "gatewayapi:v1" => 1000.0,
            _ => 1.0,
        }
    }
}

const fn code(label: &'static str, selector: &'static str) -> Code {
    Code { label, good: &["200", "404"], bad: &["500", "503"], selector }
}

const fn envoy(
    provider: &'static str,
    canary: &'static [(&'static str, &'static str)],
    beside: (&'static str, &'static str),
    selector: &'static str,
) -> Router {
    Router {
        provider,
        responses: "envoy_cluster_upstream_rq",
        code: code("envoy_response_code", "envoy_response_code!~\"5.*\""),
        latency: "envoy_cluster_upstream_rq_time",
        canary,
        beside,
        selector,
        latency_selector: "",
    }
}

const fn http(provider: &'static str) -> Router {
    Router {
        provider,
        responses: "http_request_duration_seconds_count",
        code: code("status", "status!~\"5.*\""),
        latency: "http_request_duration_seconds",
        canary: &[("kubernetes_namespace", "{ns}"), ("kubernetes_pod_name", "shop-5d8c-{pod}")],
        beside: ("kubernetes_pod_name", "shop-primary-5d8c-9f-0"),
        selector: "kubernetes_namespace=\"{ns}\", \
                   kubernetes_pod_name=~\"shop-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)\"",
        latency_selector: "",
    }
}

/// One of each kind of query Flagger has.
pub(crate) const ROUTERS: &[Router] = &[
    Router {
        provider: "istio",
        responses: "istio_requests_total",
        code: code("response_code", "response_code!~\"5.*\""),
        latency: "istio_request_duration_milliseconds",
        canary: &[
            ("reporter", "destination"),
            ("destination_workload_namespace", "{ns}"),
            ("destination_workload", "shop"),
        ],
        beside: ("reporter", "source"),
        selector: "reporter=\"destination\", destination_workload_namespace=\"{ns}\", \
                   destination_workload=~\"shop\"",
        latency_selector: "",
    },
    Router {
        provider: "linkerd",
        responses: "response_total",
        code: Code {
            label: "classification",
            good: &["success"],
            bad: &["failure"],
            selector: "classification!=\"failure\"",
        },
        latency: "response_latency_ms",
        canary: &[("namespace", "{ns}"), ("deployment", "shop"), ("direction", "inbound")],
        beside: ("deployment", "shop-primary"),
        selector: "namespace=\"{ns}\", deployment=~\"shop\", direction=\"inbound\"",
        latency_selector: "",
    },
    http("kubernetes"),
    http("gatewayapi:v1"),
    envoy(
        "appmesh",
        &[("kubernetes_namespace", "{ns}"), ("kubernetes_pod_name", "shop-5d8c-{pod}")],
        ("kubernetes_pod_name", "shop-primary-5d8c-9f-0"),
        "kubernetes_namespace=\"{ns}\", kubernetes_pod_name=~\"shop-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)\"",
    ),
    envoy(
        "contour",
        &[("envoy_cluster_name", "{ns}_shop-canary_80")],
        ("envoy_cluster_name", "{ns}_shop-primary_80"),
        "envoy_cluster_name=~\"{ns}_shop-canary_[0-9a-zA-Z-]+\"",
    ),
    envoy(
        "gloo",
        &[("envoy_cluster_name", "{ns}-shop-canaryupstream-80_gloo-system")],
        ("envoy_cluster_name", "{ns}-shop-primaryupstream-80_gloo-system"),
        "envoy_cluster_name=~\"{ns}-shop-canaryupstream-[0-9a-zA-Z-]+_[0-9a-zA-Z-]+\"",
    ),
    envoy(
        "knative",
        &[("envoy_cluster_name", "{ns}/shop-00002")],
        ("envoy_cluster_name", "{ns}/shop-00001"),
        "envoy_cluster_name=~\"{ns}/shop-00002\"",
    ),
    envoy(
        "kuma",
        &[("service", "shop-canary_{ns}_svc_80")],
        ("service", "shop-primary_{ns}_svc_80"),
        "service=~\"shop-canary_{ns}_svc_[0-9a-zA-Z-]+\"",
    ),
    Router {
        provider: "nginx",
        responses: "nginx_ingress_controller_requests",
        code: code("status", "status!~\"5.*\""),
        latency: "nginx_ingress_controller_response_duration_seconds",
        canary: &[("namespace", "{ns}"), ("ingress", "shop"), ("canary", "{ns}-shop-canary-80")],
        beside: ("canary", ""),
        selector: "namespace=\"{ns}\", ingress=\"shop\", canary!=\"\"",
        latency_selector: "",
    },
    Router {
        provider: "skipper",
        responses: "skipper_response_duration_seconds_bucket",
        code: code("code", "code!~\"5..\""),
        latency: "skipper_serve_route_duration_seconds",
        canary: &[("route", "kube_{ns}__shop_canary__shop_example_org____shop_canary_0")],
        beside: ("route", "kube_{ns}__shop__shop_example_org____shop_primary"),
        selector: "route=~\"kube(ew)?_{ns}__shop_canary__.*__shop_canary(_[0-9]+)?\"",
        latency_selector: "",
    },
    Router {
        provider: "traefik",
        responses: "traefik_service_request_duration_seconds_bucket",
        code: code("code", "code!~\"5..\""),
        latency: "traefik_service_request_duration_seconds",
        canary: &[("service", "{ns}-shop-canary-80@kubernetescrd")],
        beside: ("service", "{ns}-shop-primary-80@kubernetescrd"),
        selector: "service=~\"{ns}-shop-canary-[0-9a-zA-Z-]+@kubernetescrd\"",
        latency_selector: "",
    },
    Router {
        provider: "osm",
        responses: "osm_request_total",
        code: code("response_code", "response_code!~\"5.*\""),
        latency: "osm_request_duration_ms",
        canary: &[
            ("destination_namespace", "{ns}"),
            ("destination_kind", "Deployment"),
            ("destination_name", "shop"),
        ],
        beside: ("destination_kind", "DaemonSet"),
        selector: "destination_namespace=\"{ns}\", destination_kind=\"Deployment\", destination_name=\"shop\"",
        latency_selector: "",
    },
    Router {
        provider: "apisix",
        responses: "apisix_http_status",
        code: code("code", "code!~\"5..\""),
        latency: "apisix_http_latency",
        canary: &[("route", "{ns}_shop-shop-canary_0"), ("type", "request")],
        beside: ("route", "{ns}_shop-shop_0"),
        selector: "route=~\"{ns}_shop-shop-canary_.+\"",
        latency_selector: ", type=~\"request\"",
    },
];
