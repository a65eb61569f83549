//! Checks: one number, one verdict.
//!
//! Verifies that what was measured for a check of a run is counted by one save only. Does not verify that a check is made
//! in time, nor what was measured.

use std::collections::BTreeSet;

use super::{Found, Seen};

pub(super) fn check(seen: &Seen<'_>) -> Found {
    let mut found = Vec::new();
    let mut counted = BTreeSet::new();
    let mut number = None;
    for (i, state) in seen.saved() {
        let measured = &seen.story.moments[i].decision.measured;
        if let Some((run, check)) = number.filter(|_| !measured.is_empty())
            && !counted.insert((run, check))
        {
            found.push((i, format!("check {check} of run {run} is counted twice")));
        }
        number = Some((state.run, state.check));
    }
    found
}
