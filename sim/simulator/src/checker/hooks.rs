//! Hooks that passed are not called again.
//!
//! Verifies that a hook that a saved status of a run records as passed is not called again while that run is analysed.
//! Does not verify hooks that are polled, nor those that are due after a run: their own rules limit these calls.

use serin_core::question::Asked;

use super::{Checked, Violations};

pub(super) fn check(seen: &Checked<'_>) -> Violations {
    let mut found = Vec::new();
    for call in &seen.story.calls {
        let Asked::Hook(key) = &call.question.id.of else { continue };
        let Some(state) = seen.before(call.moment.min(seen.story.moments.len())) else { continue };
        let same_run = state.runs == call.question.id.run && state.phase.is_analysing();
        if same_run && (state.run.passed.contains(key) || state.run.passed_step.contains(key)) {
            let what = format!("`{key}` is called again after it passed in run {}", state.runs);
            found.push((call.moment.min(seen.last()), what));
        }
    }
    found
}
