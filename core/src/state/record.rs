//! `.status.canaryAnalysis`: what was measured in this run.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    decision::{Measured, Reading, Verdict},
    revision::Text,
    time::Timestamp,
};

/// The checks of a run, and its last measurements.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct AnalysisRecord {
    /// Checks that passed.
    pub passed_checks: u32,
    /// Checks that failed.
    pub failed_checks: u32,
    /// The last measurements, oldest first; at most 20.
    pub iterations: Arc<Vec<Iteration>>,
}

/// One measurement, as alert templates and `kubectl` show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Iteration {
    /// Name of the metric.
    pub metric: Text,
    /// Its value, if it had a finite one: the API server accepts only numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The bound that it exceeded, or else one that it met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Whether it failed the check.
    pub failed: bool,
    /// When it was judged.
    pub at: Timestamp,
}

const ROOM: usize = 20;

impl AnalysisRecord {
    pub(crate) fn add(&mut self, measured: &[Measured]) {
        let iterations = Arc::make_mut(&mut self.iterations);
        iterations.extend(measured.iter().map(Iteration::from));
        let surplus = iterations.len().saturating_sub(ROOM);
        iterations.drain(..surplus);
    }
}

impl From<&Measured> for Iteration {
    fn from(measured: &Measured) -> Self {
        let value = match measured.reading {
            Reading::Value(value) => Some(value),
            Reading::NoData | Reading::Error(_) => None,
        };
        let above = value.zip(measured.max).is_some_and(|(value, max)| value > max);
        Self {
            metric: measured.metric.clone(),
            value: value.filter(|value| value.is_finite()),
            threshold: if above { measured.max } else { measured.min.or(measured.max) },
            failed: measured.verdict == Verdict::Failed,
            at: measured.at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_left_out_of_the_status() {
        for (value, failed) in [(f64::INFINITY, true), (f64::NEG_INFINITY, false)] {
            let measured = Measured {
                metric: "latency".into(),
                reading: Reading::Value(value),
                min: None,
                max: Some(500.0),
                verdict: if failed { Verdict::Failed } else { Verdict::Passed },
                at: Timestamp::from_millis(0),
            };

            let iteration = Iteration::from(&measured);

            assert_eq!((iteration.value, iteration.threshold, iteration.failed), (None, Some(500.0), failed));
        }
    }
}
