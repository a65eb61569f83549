//! `world.autoscaler`: pods that follow the load with a delay.

use schemars::JsonSchema;
use serde::Deserialize;

use super::range::{Factor, PerSecond, Range, Seconds, Share};

/// A HorizontalPodAutoscaler of the target, which is copied for the primary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Autoscaler {
    /// Requests per second that one pod can serve.
    pub pod_rps: Range<PerSecond>,
    /// The minimum number of pods.
    pub min: u32,
    /// The maximum number of pods.
    pub max: u32,
    /// The target utilization of pods.
    pub target: Range<Share>,
    /// The age of the load that it sees.
    pub lag: Range<Seconds>,
    /// The factor by which requests take longer on overloaded pods.
    pub slower: Range<Factor>,
}

/// Pods that follow the load with a delay: a HorizontalPodAutoscaler of the target, which is copied for the primary.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Autoscaler")]
pub(in crate::scenario) struct WrittenAutoscaler {
    /// Requests per second that one pod can serve.
    pod_rps: Range<PerSecond>,
    /// The minimum number of pods; 1 by default.
    #[schemars(range(min = 1, max = 1000))]
    min: Option<u32>,
    /// The maximum number of pods; 10 by default.
    #[schemars(range(min = 1, max = 1000))]
    max: Option<u32>,
    /// The target utilization of pods; 80% by default.
    target: Option<Range<Share>>,
    /// The age of the load that it sees; 1m by default.
    lag: Option<Range<Seconds>>,
    /// The factor by which requests take longer on overloaded pods; 3 by default.
    slower: Option<Range<Factor>>,
}

/// The value in the examples of the Kubernetes documentation.
const DEFAULT_TARGET: f64 = 0.8;
/// Pods are measured every 15 s or 60 s, and their metrics are averaged and collected with a further delay.
const DEFAULT_LAG: f64 = 60.0;
const DEFAULT_SLOWER: f64 = 3.0;
const DEFAULT_MAX: u32 = 10;
const MOST: u32 = 1_000;

impl WrittenAutoscaler {
    /// The autoscaler, or the invalid field below `world.autoscaler` and why it is invalid.
    pub(in crate::scenario) fn check(self) -> Result<Autoscaler, (&'static str, &'static str)> {
        let min = self.min.unwrap_or(1);
        let read = Autoscaler {
            pod_rps: self.pod_rps,
            min,
            max: self.max.unwrap_or(DEFAULT_MAX.max(min)),
            target: self.target.unwrap_or(Range::exactly(DEFAULT_TARGET)),
            lag: self.lag.unwrap_or(Range::exactly(DEFAULT_LAG)),
            slower: self.slower.unwrap_or(Range::exactly(DEFAULT_SLOWER)),
        };
        if read.pod_rps.min <= 0.0 {
            return Err(("podRps", "must be more than zero"));
        }
        if read.min == 0 {
            return Err(("min", "must be at least 1"));
        }
        if read.max < read.min || read.max > MOST {
            return Err(("max", "must not be smaller than `min` or larger than 1000"));
        }
        if read.target.min <= 0.0 {
            return Err(("target", "must be more than zero"));
        }
        if read.slower.min < 1.0 {
            return Err(("slower", "must be at least 1"));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Autoscaler, (&'static str, &'static str)> {
        serde_yaml::from_str::<WrittenAutoscaler>(text).unwrap().check()
    }

    #[test]
    fn missing_fields_have_their_defaults() {
        let read = read("{podRps: 50}").unwrap();
        assert_eq!((read.min, read.max, read.target.min, read.lag.min), (1, 10, 0.8, 60.0));
    }

    #[test]
    fn contradictions_are_found() {
        for (wrong, field) in [
            ("{podRps: 0..10}", "podRps"),
            ("{podRps: 10, min: 0}", "min"),
            ("{podRps: 10, min: 5, max: 4}", "max"),
            ("{podRps: 10, max: 1001}", "max"),
            ("{podRps: 10, target: 0%}", "target"),
            ("{podRps: 10, slower: 0.5}", "slower"),
        ] {
            assert_eq!(read(wrong).unwrap_err().0, field, "{wrong}");
        }
    }
}
