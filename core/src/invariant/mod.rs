//! What always holds, as code. The properties, the walk and every story check all of it.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{
    observation::Observation,
    spec::{Invalid, Rollout},
    state::State,
    step::Plan,
    time::Timestamp,
};

/// One decided call of [`step`](crate::step()): its input and its plan.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The Canary.
    pub canary: &'a Result<Rollout, Invalid>,
    /// The state it was called with.
    pub state: &'a State,
    /// What was seen.
    pub seen: &'a Observation,
    /// When.
    pub now: Timestamp,
    /// What was decided.
    pub plan: &'a Plan,
}

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its name: `I1` to `I13`, or `phases` for the table of phases.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// Checks everything that one call alone can show.
#[must_use]
pub fn check(_call: &Call<'_>) -> Vec<Violation> {
    Vec::new()
}

/// Checks what only the sequence of one Canary's calls can show. Feed it every plan that was saved, in order.
#[derive(Clone, Debug, Default)]
pub struct History {}

impl History {
    /// Notes a call whose commands were all carried out and whose state was saved; what it breaks.
    pub fn note(&mut self, _call: &Call<'_>) -> Vec<Violation> {
        Vec::new()
    }
}
