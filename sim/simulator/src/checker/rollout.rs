//! A revision that stays gets its rollout (I12).
//!
//! Verifies that the target's revision at the end of a story in which nothing can happen any more is promoted, or was
//! tried or waited at a gate since the target got it. Only checks Canaries that are at rest and that nothing outside
//! holds up. Does not verify revisions that were replaced before, nor those that differ only in their configuration.

use std::time::Duration;

use serin_core::{
    Phase,
    state::{Origin, State},
};

use super::{Checked, Violations};
use crate::scenario::Action;

/// A revision that was there for a shorter time may not have been seen.
const LONG_ENOUGH: Duration = Duration::from_secs(600);

pub(super) fn check(seen: &Checked<'_>) -> Violations {
    let end = &seen.story.end;
    let Some(shown) = &seen.story.shown else { return Vec::new() };
    if !seen.story.rests || !is_free(end) || **shown == *end.promoted.spec {
        return Vec::new();
    }
    let since = shown_since(seen, shown);
    let tried = seen.saved().any(|(i, state)| seen.story.moments[i].at >= since && tries(state, shown));
    if tried {
        return Vec::new();
    }
    vec![(seen.last(), format!("the target has {shown}, which never had a rollout"))]
}

/// Nothing prevents the start of a rollout.
fn is_free(state: &State) -> bool {
    state.origin == Origin::Ours
        && state.phase.is_idle()
        && state.suspended.is_none()
        && state.stall.is_none()
        && state.trouble.is_none()
}

fn tries(state: &State, shown: &str) -> bool {
    let waits = state.run.pending.as_ref().is_some_and(|pending| *pending.revision.spec == *shown);
    let runs = *state.applied.spec == *shown;
    state.is_running() && runs || state.phase == Phase::Waiting && (waits || runs)
}

/// When the target got its final revision.
fn shown_since(seen: &Checked<'_>, shown: &str) -> Duration {
    let events = seen.scenario.events.iter().zip(&seen.story.events);
    let mut deployed: Vec<(Duration, &str)> = vec![(Duration::ZERO, &seen.scenario.setting.revision)];
    deployed.extend(events.filter_map(|(event, at)| {
        let Action::Deploy(revision) = &event.action else { return None };
        Some(((*at)?, revision.as_str()))
    }));
    deployed.sort_by_key(|(at, _)| *at);
    let other = deployed.iter().rposition(|(_, revision)| *revision != shown);
    let Some(other) = other else { return Duration::ZERO };
    let since = deployed.get(other + 1).map_or(Duration::ZERO, |(at, _)| *at);
    let lay_between = since.saturating_sub(deployed[other].0);
    if lay_between >= LONG_ENOUGH { since } else { Duration::ZERO }
}
