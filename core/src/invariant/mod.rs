//! What always holds, as code. The properties, the walk and every story check all of it.
//!
//! An exception to an invariant is a named predicate in the same file.

mod checks;
mod history;
mod promotion;
mod reach;
mod repairs;
mod rest;
mod routes;
mod serving;

use alloc::{string::String, vec::Vec};
use core::fmt;

pub use self::history::History;
use crate::{
    observation::Observation,
    spec::{Invalid, Rollout},
    state::State,
    step::Plan,
    time::Timestamp,
};

/// The invariants by name. `I9` also concerns stopping and continuing, which the tests check.
pub const INVARIANTS: &[(&str, &str)] = &[
    (
        "I1",
        "weights make 100 in every route; requests are mirrored and matched only where the strategy says so",
    ),
    (
        "I2",
        "while analysing, no move takes the canary above the largest weight; blue/green switches after its gate",
    ),
    (
        "I3",
        "the canary's weight grows in a run, except to 0, or back to the weight it had, or by request, and falls from \
         Promoting on; the route follows the state",
    ),
    ("I4", "no command moves users from a copy that serves to one that does not"),
    (
        "I5",
        "nothing is promoted without every gate, a passed check and a ready canary, unless a person says so",
    ),
    ("I6", "the check that reaches the threshold rolls back; no check while the primary is known not ready"),
    ("I7", "a rollback ends without canary, with one error alert; the only live copy is never scaled down"),
    ("I8", "no state without an exit: a time, a person, or a fact that is named"),
    ("I9", "after a stop nothing is counted twice and no step is gained"),
    ("I10", "a call before its wake with nothing changed changes nothing"),
    ("I11", "a notice has one id for ever"),
    ("I12", "a revision that is neither promoted nor tried is not forgotten"),
    ("I13", "what cannot be taken back is saved as an intent first"),
    ("I14", "while the primary serves, no user stays on a canary that does not serve"),
    (
        "I15",
        "a check passes only if the canary was reached, as its step says, in the whole interval that it closes",
    ),
    (
        "I16",
        "no tick ends with more users exposed than the step allows, but for a repair made within the second",
    ),
    ("phases", "a phase changes only as the table of phases says"),
    ("stages", "a stage changes only as the table of stages says"),
];

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

impl Call<'_> {
    /// The state after the plan.
    fn after(&self) -> &State {
        self.plan.state.as_deref().unwrap_or(self.state)
    }
}

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its name in [`INVARIANTS`].
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
pub fn check(call: &Call<'_>) -> Vec<Violation> {
    let mut broken = Broken(Vec::new());
    routes::check(call, &mut broken);
    serving::check(call, &mut broken);
    checks::check(call, &mut broken);
    promotion::check(call, &mut broken);
    rest::check(call, &mut broken);
    reach::check(call, &mut broken);
    repairs::check(call, &mut broken);
    broken.0
}

/// Collects violations.
struct Broken(Vec<Violation>);

impl Broken {
    fn unless(&mut self, holds: bool, invariant: &'static str, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Violation { invariant, what: what() });
        }
    }
}
