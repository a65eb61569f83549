//! `.status.canaryAnalysis`: what was measured in this run.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::decision::Measured;

/// The checks of a run, and its last measurements.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnalysisRecord {
    /// Checks that passed.
    pub passed_checks: u32,
    /// Checks that failed.
    pub failed_checks: u32,
    /// The last measurements, oldest first; at most 20.
    pub iterations: Vec<Measured>,
}

const ROOM: usize = 20;

impl AnalysisRecord {
    pub(crate) fn add(&mut self, measured: &[Measured]) {
        self.iterations.extend(measured.iter().cloned());
        let surplus = self.iterations.len().saturating_sub(ROOM);
        self.iterations.drain(..surplus);
    }
}
