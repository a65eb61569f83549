//! How a router's requests are counted, and the queries that ask for it: `request-success-rate` and `request-duration`.
//!
//! Queries and units are Flagger's, so that people find the same queries in Prometheus, and scripted servers still
//! work.

use alloc::{format, string::String, vec::Vec};

use super::{Layout, Provider, Unit, istio};

/// The series that say how the canary's requests ended, and how long they took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RequestMetrics {
    /// Which proxies or pods count them.
    pub counted_by: CountedBy,
    /// The counter of requests.
    pub requests: &'static str,
    /// Selects the canary's series: label selectors, in which names of [`CanaryNames`] are in braces.
    pub canary: &'static str,
    /// Selects those series that count requests, if others do not.
    pub counting: &'static str,
    /// Selects the series of requests that did not fail.
    pub good: &'static str,
    /// How long requests took.
    pub latency: Latency,
}

/// What counts the requests. When it restarts, it counts from zero again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedBy {
    /// The canary's own pods, or the proxies in them.
    Pods,
    /// The proxies that send requests to both versions.
    Proxies,
}

/// A histogram of latencies, and what `request-duration` computes from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    /// Its name, without `_bucket`, `_sum` and `_count`.
    pub histogram: &'static str,
    /// Further label selectors.
    pub only: &'static str,
    /// Its buckets.
    pub layout: Layout,
    /// How `request-duration` is computed.
    pub duration: Statistic,
    /// Other histograms with these buckets, which only the users' own queries name.
    pub others: &'static [&'static str],
}

/// How a latency is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The sum divided by the count.
    Average,
    /// The 99th percentile.
    P99,
    /// The 99th percentile, converted to milliseconds after the query.
    P99AsCounted,
}

impl Statistic {
    /// Whether it is an average rather than a percentile.
    #[must_use]
    pub const fn is_average(self) -> bool {
        match self {
            Self::Average => true,
            Self::P99 | Self::P99AsCounted => false,
        }
    }
}

/// The names of a Canary that select its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanaryNames<'a> {
    /// Namespace of the Canary.
    pub namespace: &'a str,
    /// Name of the target.
    pub target: &'a str,
    /// Kind of the target.
    pub kind: &'a str,
    /// Name of the apex service.
    pub service: &'a str,
    /// Name of `ingressRef`, else of the target.
    pub ingress: &'a str,
    /// Name of `routeRef`, else of the target.
    pub route: &'a str,
}

/// The query of `request-duration`.
#[derive(Clone, Debug, PartialEq)]
pub struct DurationQuery {
    /// The query.
    pub query: String,
    /// The factor that converts the answer to milliseconds.
    pub millis: f64,
}

impl RequestMetrics {
    /// The pods' own metrics, as most Prometheus client libraries count them.
    pub(super) const HTTP: Self = Self {
        counted_by: CountedBy::Pods,
        requests: "http_request_duration_seconds_count",
        canary: r#"kubernetes_namespace="{namespace}",kubernetes_pod_name=~"{pods}""#,
        counting: "",
        good: r#"status!~"5.*""#,
        latency: Latency {
            duration: Statistic::P99AsCounted,
            ..Latency::new("http_request_duration_seconds", Layout::CLIENT)
        },
    };

    /// Envoy's own metrics.
    pub(super) const fn envoy(counted_by: CountedBy, canary: &'static str) -> Self {
        Self {
            counted_by,
            requests: "envoy_cluster_upstream_rq",
            canary,
            counting: "",
            good: r#"envoy_response_code!~"5.*""#,
            latency: Latency::new("envoy_cluster_upstream_rq_time", Layout::ENVOY),
        }
    }

    /// The metrics for a provider and a kind of target. An unknown provider has Istio's, as in Flagger.
    #[must_use]
    pub fn of(provider: &str, kind: &str) -> &'static Self {
        let router = Provider::named(provider).map(|provider| provider.router());
        match router.filter(|router| kind != "Service" || router.measures_services) {
            Some(router) => router.metrics,
            None => &istio::METRICS,
        }
    }

    /// `request-success-rate`, in percent.
    #[must_use]
    pub fn success_rate(&self, names: &CanaryNames<'_>, interval: &str) -> String {
        let canary = names.fill(self.canary);
        let all = rate(self.requests, &[&canary, self.counting], interval);
        let good = rate(self.requests, &[&canary, self.counting, self.good], interval);
        format!("{good} / {all} * 100")
    }

    /// `request-duration`.
    #[must_use]
    pub fn duration(&self, names: &CanaryNames<'_>, interval: &str) -> DurationQuery {
        let Latency { histogram, only, layout, duration, .. } = self.latency;
        match duration {
            Statistic::P99 => DurationQuery { query: self.quantile(0.99, names, interval), millis: 1.0 },
            Statistic::P99AsCounted => {
                DurationQuery { query: self.buckets(0.99, names, interval), millis: layout.unit.millis() }
            }
            Statistic::Average => {
                let canary = names.fill(self.canary);
                let part = |part| rate(&format!("{histogram}_{part}"), &[&canary, only], interval);
                let query = in_millis(format!("{} / {}", part("sum"), part("count")), layout.unit);
                DurationQuery { query, millis: 1.0 }
            }
        }
    }

    /// A quantile of the latency, in milliseconds.
    #[must_use]
    pub fn quantile(&self, quantile: f64, names: &CanaryNames<'_>, interval: &str) -> String {
        in_millis(self.buckets(quantile, names, interval), self.latency.layout.unit)
    }

    fn buckets(&self, quantile: f64, names: &CanaryNames<'_>, interval: &str) -> String {
        let Latency { histogram, only, .. } = self.latency;
        let rate = rate(&format!("{histogram}_bucket"), &[&names.fill(self.canary), only], interval);
        format!("histogram_quantile({quantile}, {rate} by (le))")
    }
}

impl Latency {
    /// A histogram whose 99th percentile is asked.
    pub(super) const fn new(histogram: &'static str, layout: Layout) -> Self {
        Self { histogram, only: "", layout, duration: Statistic::P99, others: &[] }
    }
}

/// The sum of the rates of the series that match all these selectors.
fn rate(series: &str, picks: &[&str], interval: &str) -> String {
    let picks: Vec<&str> = picks.iter().copied().filter(|pick| !pick.is_empty()).collect();
    format!("sum(rate({series}{{{}}}[{interval}]))", picks.join(","))
}

fn in_millis(query: String, unit: Unit) -> String {
    match unit {
        Unit::Millis => query,
        Unit::Seconds => format!("{query} * 1000"),
    }
}

impl CanaryNames<'_> {
    /// Matches the names of the canary's pods, but not those of the primary's.
    #[must_use]
    pub fn pods(&self) -> String {
        // The names of a DaemonSet's pods have one part after its name; with two, the primary's pods would match.
        let parts = if self.kind == "DaemonSet" { "" } else { "(-[0-9a-zA-Z]+)" };
        format!("{}-[0-9a-zA-Z]+{parts}", self.target)
    }

    /// A selector such as [`RequestMetrics::canary`] with the names filled in. An unknown name is replaced by nothing.
    #[must_use]
    pub fn fill(&self, selector: &str) -> String {
        let mut filled = String::new();
        let mut rest = selector;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
        {
            filled.push_str(before);
            filled.push_str(&self.named(name).unwrap_or_default());
            rest = after;
        }
        filled + rest
    }

    /// The value of a name in braces; `None` for an unknown name.
    pub(super) fn named(&self, name: &str) -> Option<String> {
        Some(match name {
            "namespace" => self.namespace.into(),
            "target" => self.target.into(),
            "service" => self.service.into(),
            "ingress" => self.ingress.into(),
            "route" => self.route.into(),
            "pods" => self.pods(),
            _ => word(&self.named(name.strip_suffix(" as a word")?)?),
        })
    }
}

/// A name that consists of letters, digits and `_`.
fn word(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_")
}
