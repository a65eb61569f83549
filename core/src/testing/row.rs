//! The numbers of a saved state.

use core::fmt;

use crate::{phase::Phase, state::State};

/// What `kubectl get canaries` shows of a saved state, and the counters of its checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `.status.phase`.
    pub phase: Phase,
    /// `.status.canaryWeight`, in percent.
    pub weight: u8,
    /// `.status.failedChecks`.
    pub failed: u32,
    /// `.status.iterations`.
    pub iterations: u32,
}

impl Row {
    /// The numbers of this state.
    #[must_use]
    pub fn of(state: &State) -> Self {
        Self {
            phase: state.phase,
            weight: state.canary_weight,
            failed: state.failed_checks,
            iterations: state.iterations,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}% failed {} iteration {}", self.phase, self.weight, self.failed, self.iterations)
    }
}
