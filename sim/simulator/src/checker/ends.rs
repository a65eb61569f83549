//! Something always ends (I8).
//!
//! Verifies that a story in which nothing can happen any more has ended, or waits for something it names: a gate, a
//! person, a fact. Also verifies that a run that was cut off by the end of the story was still moving. Does not verify
//! that the end is a good one, nor that it comes soon: that is what `eventually … within` is for.

use std::time::Duration;

use serin_core::{
    Phase,
    state::{Origin, Stage, State},
};

use super::{Checked, Violations};

/// Time beyond the interval and the deadlines in which something has to be saved.
const SLACK: Duration = Duration::from_secs(1_800);

pub(super) fn check(seen: &Checked<'_>) -> Violations {
    let state = &seen.story.end;
    if has_ended(state) || waits_for_something(state) || !seen.story.violations.is_empty() {
        return Vec::new();
    }
    let last_save = seen.saved().last();
    let last_at = last_save.map_or(Duration::ZERO, |(i, _)| seen.story.moments[i].at);
    let policy = seen.scenario.canary.policy();
    let patience = (policy.interval + policy.progress_deadline) * 2 + policy.delay + SLACK;
    let stands_still = seen.story.rests || seen.scenario.until.saturating_sub(last_at) > patience;
    let seen_in = last_save.map_or(seen.last(), |(i, _)| i);
    if stands_still { vec![(seen_in, format!("{} is stuck", state.phase))] } else { Vec::new() }
}

fn has_ended(state: &State) -> bool {
    let rests = matches!(state.phase, Phase::Initialized | Phase::Succeeded | Phase::Failed);
    rests && state.run.intent.is_none() || matches!(state.phase, Phase::New | Phase::Terminating)
}

fn waits_for_something(state: &State) -> bool {
    state.phase == Phase::Waiting
        || state.run.stage == Stage::Holding
        || state.suspended.is_some()
        || state.run.closed_gate.is_some()
        || state.run.held_by_operator
        || state.stall.is_some()
        || state.trouble.is_some()
        || state.origin != Origin::Ours
}
