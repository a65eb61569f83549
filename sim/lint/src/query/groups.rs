//! Queries of other systems than Prometheus whose results are grouped, as far as their text shows it.

use std::sync::LazyLock;

use regex::Regex;
use serin_core::spec::MetricSystem;

use super::{Code, QueryFinding, answer::EACH, mended::pattern};

/// What makes several series in each query language.
static GROUPS: LazyLock<Vec<(MetricSystem, Regex)>> = LazyLock::new(|| {
    [
        (MetricSystem::CloudWatch, r"\bSEARCH\s*\(|\bGROUP\s+BY\b"),
        (MetricSystem::Datadog, r"\bby\s*\{[^}]+\}"),
        (MetricSystem::Dynatrace, r#":splitBy\(\s*"[^)]*\)"#),
        (MetricSystem::InfluxDb, r#"\bgroup\s*\(\s*columns\s*:\s*\[\s*"[^)]*\)"#),
        (MetricSystem::NewRelic, r"(?i)\bFACET\b"),
        (MetricSystem::Splunk, r"\bby\s*=\s*[\['][^)]*"),
    ]
    .into_iter()
    .map(|(system, groups)| (system, pattern(groups)))
    .collect()
});

/// Several values, each of which has to be within the bounds.
pub(super) fn several_series(system: MetricSystem, query: &str) -> Option<QueryFinding> {
    let (_, groups) = GROUPS.iter().find(|(grouped, _)| *grouped == system)?;
    let found = groups.find(query)?.as_str();
    Some(QueryFinding {
        code: Code::QuerySeveralSeries,
        what: format!("`{found}` groups the result: there is a value for each group, and {EACH}"),
        remedy: "leave the groups out, unless each of them has to be within the bounds".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_groups_are_found() {
        let grouped = [
            (MetricSystem::CloudWatch, r#"[{"Expression": "SEARCH('{AWS/ELB}', 'Sum', 60)"}]"#),
            (MetricSystem::CloudWatch, r#"[{"Expression": "SELECT AVG(Latency) FROM X GROUP BY Path"}]"#),
            (MetricSystem::Datadog, "avg:shop.latency{app:web} by {host}"),
            (MetricSystem::Dynatrace, r#"shop.latency:splitBy("host"):avg"#),
            (MetricSystem::InfluxDb, r#"|> group(columns: ["host"]) |> mean()"#),
            (MetricSystem::NewRelic, "SELECT average(duration) FROM Transaction facet host"),
            (MetricSystem::Splunk, "data('latency').mean(by=['host']).publish()"),
        ];
        for (system, query) in grouped {
            assert!(several_series(system, query).is_some(), "{query}");
        }
        let single = [
            (MetricSystem::CloudWatch, r#"[{"Expression": "errors / requests"}]"#),
            (MetricSystem::Datadog, "avg:shop.latency{app:web}"),
            (MetricSystem::Dynatrace, "shop.latency:splitBy():avg"),
            (MetricSystem::InfluxDb, "|> group() |> mean()"),
            (MetricSystem::NewRelic, "SELECT average(duration) FROM Facets"),
            (MetricSystem::Splunk, "data('latency').mean().publish()"),
        ];
        for (system, query) in single {
            assert!(several_series(system, query).is_none(), "{query}");
        }
    }
}
