//! The two built-in metrics, `request-success-rate` and `request-duration`: one row per router.
//!
//! Queries and units are Flagger's, so that what people see in Prometheus, and scripted servers, stay the same.

use super::names::Names;

/// What a router's series say about the canary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Series {
    /// Counter of requests.
    requests: &'static str,
    /// Picks the canary's series.
    canary: String,
    /// Picks those of them that count requests, where others do not.
    counting: &'static str,
    /// Picks those that did not fail.
    good: &'static str,
    latency: Latency,
}

/// The histogram of latencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Latency {
    /// Its name, without `_bucket`, `_sum` and `_count`.
    histogram: &'static str,
    /// Picks its series besides.
    only: &'static str,
    unit: Unit,
    /// What `request-duration` is.
    duration: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Seconds,
    Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duration {
    /// The 99th percentile.
    P99,
    Average,
    /// The 99th percentile in seconds, which is made milliseconds once it is read.
    P99Seconds,
}

const NOT_5XX: &str = r#"code!~"5..""#;
const ENVOY: Latency = millis("envoy_cluster_upstream_rq_time");

const fn millis(histogram: &'static str) -> Latency {
    Latency { histogram, only: "", unit: Unit::Millis, duration: Duration::P99 }
}

const fn seconds(histogram: &'static str, duration: Duration) -> Latency {
    Latency { histogram, only: "", unit: Unit::Seconds, duration }
}

impl Series {
    /// The series of a provider; of one that has none of its own, those of Istio, as in Flagger.
    pub(super) fn of(provider: &str, names: &Names) -> Self {
        let Names { namespace, target, service, ingress, route, .. } = names;
        let envoy = |canary| Self {
            requests: "envoy_cluster_upstream_rq",
            canary,
            counting: "",
            good: r#"envoy_response_code!~"5.*""#,
            latency: ENVOY,
        };
        match Family::of(provider, &names.kind) {
            Family::Istio => Self {
                requests: "istio_requests_total",
                canary: format!(
                    r#"reporter="destination",destination_workload_namespace="{namespace}",destination_workload=~"{target}""#
                ),
                counting: "",
                good: r#"response_code!~"5.*""#,
                latency: millis("istio_request_duration_milliseconds"),
            },
            Family::Linkerd => Self {
                requests: "response_total",
                canary: format!(r#"namespace="{namespace}",deployment=~"{target}",direction="inbound""#),
                counting: "",
                good: r#"classification!="failure""#,
                latency: millis("response_latency_ms"),
            },
            Family::Http => Self {
                requests: "http_request_duration_seconds_count",
                canary: format!(
                    r#"kubernetes_namespace="{namespace}",kubernetes_pod_name=~"{}""#,
                    names.pods()
                ),
                counting: "",
                good: r#"status!~"5.*""#,
                latency: seconds("http_request_duration_seconds", Duration::P99Seconds),
            },
            Family::AppMesh => envoy(format!(
                r#"kubernetes_namespace="{namespace}",kubernetes_pod_name=~"{}""#,
                names.pods()
            )),
            Family::Contour => {
                envoy(format!(r#"envoy_cluster_name=~"{namespace}_{service}-canary_[0-9a-zA-Z-]+""#))
            }
            Family::Gloo => envoy(format!(
                r#"envoy_cluster_name=~"{namespace}-{target}-canaryupstream-[0-9a-zA-Z-]+_[0-9a-zA-Z-]+""#
            )),
            Family::Knative => envoy(format!(r#"envoy_cluster_name=~"{namespace}/{route}""#)),
            Family::Kuma => envoy(format!(r#"service=~"{target}-canary_{namespace}_svc_[0-9a-zA-Z-]+""#)),
            Family::Nginx => Self {
                requests: "nginx_ingress_controller_requests",
                canary: format!(r#"namespace="{namespace}",ingress="{ingress}",canary!="""#),
                counting: "",
                good: r#"status!~"5.*""#,
                latency: seconds("nginx_ingress_controller_response_duration_seconds", Duration::Average),
            },
            Family::Skipper => Self {
                requests: "skipper_response_duration_seconds_bucket",
                canary: format!(
                    r#"route=~"kube(ew)?_{}__{}_canary__.*__{}_canary(_[0-9]+)?""#,
                    word(namespace),
                    word(ingress),
                    word(service)
                ),
                counting: r#"le="+Inf""#,
                good: NOT_5XX,
                latency: seconds("skipper_serve_route_duration_seconds", Duration::Average),
            },
            Family::Traefik => Self {
                requests: "traefik_service_request_duration_seconds_bucket",
                canary: format!(r#"service=~"{namespace}-{target}-canary-[0-9a-zA-Z-]+@kubernetescrd""#),
                counting: r#"le="+Inf""#,
                good: NOT_5XX,
                latency: seconds("traefik_service_request_duration_seconds", Duration::P99),
            },
            Family::Osm => Self {
                requests: "osm_request_total",
                canary: format!(
                    r#"destination_namespace="{namespace}",destination_kind="Deployment",destination_name="{target}""#
                ),
                counting: "",
                good: r#"response_code!~"5.*""#,
                latency: millis("osm_request_duration_ms"),
            },
            Family::Apisix => Self {
                requests: "apisix_http_status",
                canary: format!(r#"route=~"{namespace}_{route}-{target}-canary_.+""#),
                counting: "",
                good: NOT_5XX,
                latency: Latency { only: r#"type=~"request""#, ..millis("apisix_http_latency") },
            },
        }
    }

    /// `request-success-rate`, in percent.
    pub(super) fn success_rate(&self, interval: &str) -> String {
        let all = rate(self.requests, &[&self.canary, self.counting], interval);
        let good = rate(self.requests, &[&self.canary, self.counting, self.good], interval);
        format!("{good} / {all} * 100")
    }

    /// `request-duration`, and by what its value is multiplied to be milliseconds.
    pub(super) fn duration(&self, interval: &str) -> (String, f64) {
        match self.latency.duration {
            Duration::P99 => (self.quantile(0.99, interval), 1.0),
            Duration::P99Seconds => (self.buckets(0.99, interval), 1000.0),
            Duration::Average => {
                let Latency { histogram, only, .. } = self.latency;
                let part = |part| rate(&format!("{histogram}_{part}"), &[&self.canary, only], interval);
                (format!("{} / {} * 1000", part("sum"), part("count")), 1.0)
            }
        }
    }

    /// A quantile of the latency, in milliseconds.
    pub(super) fn quantile(&self, quantile: f64, interval: &str) -> String {
        let query = self.buckets(quantile, interval);
        match self.latency.unit {
            Unit::Millis => query,
            Unit::Seconds => format!("{query} * 1000"),
        }
    }

    fn buckets(&self, quantile: f64, interval: &str) -> String {
        let Latency { histogram, only, .. } = self.latency;
        let rate = rate(&format!("{histogram}_bucket"), &[&self.canary, only], interval);
        format!("histogram_quantile({quantile}, {rate} by (le))")
    }
}

/// Providers whose series are the same.
enum Family {
    Apisix,
    AppMesh,
    Contour,
    Gloo,
    Http,
    Istio,
    Knative,
    Kuma,
    Linkerd,
    Nginx,
    Osm,
    Skipper,
    Traefik,
}

impl Family {
    fn of(provider: &str, kind: &str) -> Self {
        match provider {
            _ if provider.starts_with("appmesh") => Self::AppMesh,
            _ if provider.starts_with("gloo") => Self::Gloo,
            _ if provider.starts_with("gatewayapi") => Self::Http,
            // A plain Service has no pods whose names are known.
            _ if kind == "Service" => Self::Istio,
            "apisix" => Self::Apisix,
            "contour" => Self::Contour,
            "knative" => Self::Knative,
            "kubernetes" => Self::Http,
            "kuma" => Self::Kuma,
            "linkerd" => Self::Linkerd,
            "nginx" => Self::Nginx,
            "osm" => Self::Osm,
            "skipper" => Self::Skipper,
            "traefik" => Self::Traefik,
            _ => Self::Istio,
        }
    }
}

/// The sum of the rates of the series that all these pick.
fn rate(series: &str, picks: &[&str], interval: &str) -> String {
    let picks: Vec<&str> = picks.iter().copied().filter(|pick| !pick.is_empty()).collect();
    format!("sum(rate({series}{{{}}}[{interval}]))", picks.join(","))
}

/// As Skipper writes names into its routes.
fn word(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_")
}
