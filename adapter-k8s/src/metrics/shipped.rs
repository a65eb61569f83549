//! The templates that are shipped: for a metric with a name only, where nobody has written one of that name.

use super::{built_in::Series, names::Names};

/// The query of a shipped template; `None` if there is none of that name.
///
/// Rates and usage are percentages, latencies milliseconds. CPU and memory are compared with the pods' limits: without
/// one there is no value.
pub(super) fn query(name: &str, series: &Series<'_>, names: &Names) -> Option<String> {
    let interval = &names.interval;
    Some(match name {
        "success-rate" => series.success_rate(interval),
        "error-rate" => format!("100 - {}", series.success_rate(interval)),
        "latency-p50" => series.quantile(0.5, interval),
        "latency-p95" => series.quantile(0.95, interval),
        "latency-p99" => series.quantile(0.99, interval),
        "cpu-usage" => {
            let containers = containers(names);
            format!(
                "sum(rate(container_cpu_usage_seconds_total{containers}[{interval}])) / \
                 sum(container_spec_cpu_quota{containers} / container_spec_cpu_period{containers}) * 100"
            )
        }
        "memory-usage" => {
            let containers = containers(names);
            format!(
                "sum(container_memory_working_set_bytes{containers}) / \
                 sum(container_spec_memory_limit_bytes{containers} > 0) * 100"
            )
        }
        _ => return None,
    })
}

/// Picks the canary's containers, not their pods' sandboxes and sums.
fn containers(names: &Names) -> String {
    format!(
        r#"{{namespace="{}",pod=~"{}",container!="",container!="POD"}}"#,
        names.namespace,
        names.of_canary().pods()
    )
}
