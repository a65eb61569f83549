//! Samples as OpenMetrics text, which `promtool` reads.

use std::fmt::Write as _;

use crate::worlds::World;

/// Every sample of every series.
pub(crate) fn open_metrics(worlds: &[World]) -> String {
    let mut text = String::new();
    for counter in worlds.iter().flat_map(|world| &world.counters) {
        let labels: Vec<String> =
            counter.labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        let series = format!("{}{{{}}}", counter.metric, labels.join(","));
        for sample in counter.series.samples() {
            let (seconds, millis) = (sample.at_ms / 1000, sample.at_ms % 1000);
            // promtool truncates times to milliseconds, so half a millisecond keeps it from losing a whole one.
            writeln!(text, "{series} {} {seconds}.{millis:03}5", sample.value).unwrap();
        }
    }
    text.push_str("# EOF\n");
    text
}
