//! Checks: one number, one verdict, and none before its time.
//!
//! Verifies that the measurements of a check are counted by one save only, and not before the time that the previous
//! save had set; the latter only if the clock does not jump. Does not verify that a check is made in time, nor what was
//! measured.

use std::collections::BTreeSet;

use super::{Checked, Violations};

pub(super) fn check(seen: &Checked<'_>) -> Violations {
    let clock_jumps = seen.scenario.clock_jumps();
    let mut found = Vec::new();
    let mut counted = BTreeSet::new();
    let mut before: Option<&serin_core::State> = None;
    for (i, state) in seen.saved() {
        let measured = &seen.story.moments[i].decision.measured;
        if let (Some(before), Some(first)) = (before, measured.first()) {
            let (run, check) = (before.runs, before.check);
            if !counted.insert((run, check)) {
                found.push((i, format!("check {check} of run {run} is counted twice")));
            }
            if first.at < before.due && !clock_jumps {
                let what =
                    format!("check {check} of run {run} is made at {}, due at {}", first.at, before.due);
                found.push((i, what));
            }
        }
        before = Some(state);
    }
    found
}
