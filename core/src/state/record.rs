//! `.status.canaryAnalysis`: what was measured in this run.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    decision::{Measured, Reading, Verdict},
    question::number,
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
    /// Its value, if it had one.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<f64>"))]
    #[serde(default, with = "number::optional", skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The bound that it broke, or else one that it kept.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<f64>"))]
    #[serde(default, with = "number::optional", skip_serializing_if = "Option::is_none")]
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
            value,
            threshold: if above { measured.max } else { measured.min.or(measured.max) },
            failed: measured.verdict == Verdict::Failed,
            at: measured.at,
        }
    }
}
