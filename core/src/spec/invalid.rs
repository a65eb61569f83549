//! Invalid manifests, and their wrong fields.

use alloc::{string::String, sync::Arc, vec::Vec};
use core::fmt;

use super::{Identity, Setup, Topology};

/// A manifest that could not be parsed into a [`Rollout`](super::Rollout).
///
/// It keeps the parts that can be read, so that a run can be aborted and the objects given back.
#[derive(Clone, Debug, PartialEq)]
pub struct Invalid {
    /// The Canary's name and namespace.
    pub identity: Identity,
    /// Names of target, service and provider, as far as they could be read.
    pub topology: Topology,
    /// What its objects are made from, as far as it could be read.
    pub setup: Arc<Setup>,
    /// Whether deletion gives everything back.
    pub revert_on_deletion: bool,
    /// What is wrong; never empty.
    pub problems: Vec<Problem>,
}

/// An invalid MetricTemplate or AlertProvider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong; never empty.
    pub problems: Vec<Problem>,
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path of the field, such as `spec.analysis.metrics[0].interval`.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(&self.problems, f)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(&self.problems, f)
    }
}

fn show(problems: &[Problem], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (i, problem) in problems.iter().enumerate() {
        if i > 0 {
            f.write_str("; ")?;
        }
        fmt::Display::fmt(problem, f)?;
    }
    Ok(())
}

impl core::error::Error for Invalid {}

impl core::error::Error for Malformed {}
