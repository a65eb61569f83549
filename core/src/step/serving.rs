//! Users are on a copy that serves: while the primary serves, no user stays on a canary that does not serve.
//!
//! [`rules`] applies in every phase, before anything else is decided, and acts at once. [`come_back`] is a rule of a
//! run, at a due check. An unknown fact moves no users.

use alloc::{vec, vec::Vec};

use super::{
    schedule,
    turn::{Flow, Turn},
};
use crate::{
    command::{Command, Routes, Split},
    decision::Rule,
    message::Message,
    observation::{Apex, NO_ENDPOINT, Observation, Readiness, Services},
    revision::Text,
    spec::Rollout,
    state::{Away, Intent, Stage, State},
};

/// Users leave a copy that does not serve for one that serves.
pub(super) fn rules(t: &mut Turn<'_>) -> Flow {
    // The observation says nothing about the objects that an earlier manifest named.
    if t.left_behind().is_some() {
        return Flow::Continue(());
    }
    match (t.seen.primary_serves(), t.seen.canary_serves()) {
        (Some(true), Some(false)) => leave(t)?,
        (Some(false), Some(true)) => to_the_canary(t)?,
        (Some(true | false) | None, Some(true | false) | None) => {}
    }
    primary_down(t)
}

/// Users leave a canary that does not serve, whatever sent them there.
fn leave(t: &mut Turn<'_>) -> Flow {
    if !t.is_on_canary() {
        return Flow::Continue(());
    }
    match t.state().run.intent {
        // Both take the users off the canary themselves.
        Some(Intent::Rollback { .. } | Intent::Delete { .. }) => return Flow::Continue(()),
        // The primary gets the users anyway.
        Some(Intent::Promote { .. }) => stay_away(t.edit()),
        None if t.state().phase.is_analysing() => {
            // Time that passes while suspended does not count.
            let since = t.state().suspended.unwrap_or(t.now);
            let state = t.edit();
            state.run.away = Some(Away { since, weight: state.canary_weight });
            state.canary_weight = 0;
            state.run.ready_since = None;
            // No gate is asked while users are away, so none can pass its deadline.
            state.run.forget_closed_gate();
        }
        // After a failed promotion: they return when the primary does not serve.
        None => t.edit().canary_weight = 0,
    }
    let again = core::mem::replace(&mut t.edit().run.away_told, true);
    let why = why_not_canary(t);
    t.tell(Message::CanaryLeft { why, again });
    let commands = match t.canary {
        Ok(r) => t.reroute(r).into_iter().collect(),
        Err(_) => {
            vec![Command::SetRoutes(Split { routes: Routes::PRIMARY, cookies: t.state().cookies.clone() })]
        }
    };
    t.act(Rule::CanaryLeft, commands)
}

/// The run continues without users on its canary.
pub(super) fn stay_away(state: &mut State) {
    state.run.away = None;
    state.canary_weight = 0;
    state.run.mirror_weight = 0;
    state.run.stage = Stage::Start;
}

/// The other direction, if the canary has passed its analysis, or there is nothing better: after the primary got its
/// revision, and after a failed promotion. During the analysis no user is sent to the canary because the primary is
/// down.
fn to_the_canary(t: &mut Turn<'_>) -> Flow {
    let Ok(r) = t.canary else { return Flow::Continue(()) };
    if !r.switches_traffic || t.state().routes(r.strategy()) == Routes::split(100) {
        return Flow::Continue(());
    }
    let stage = t.state().run.stage;
    match t.state().run.intent {
        Some(Intent::Promote { applied: true, .. }) => {}
        None if stage == Stage::Holding || stage == Stage::InPlace => {}
        Some(Intent::Promote { applied: false, .. } | Intent::Rollback { .. } | Intent::Delete { .. })
        | None => return Flow::Continue(()),
    }
    let state = t.edit();
    state.run.away = None;
    state.canary_weight = 100;
    state.run.mirror_weight = 0;
    if state.run.intent.is_some() {
        state.run.stage = Stage::Holding;
    }
    let why = t.why_not_primary();
    t.tell(Message::ServingCopy { why });
    let commands = t.reroute(r).into_iter().collect();
    t.act(Rule::ServingCopy, commands)
}

/// During the analysis, a primary that does not serve while the canary serves is reported by an alert and in the
/// condition: an operator can send its users to the canary.
fn primary_down(t: &mut Turn<'_>) -> Flow {
    let state = t.state();
    let counts =
        state.phase.is_analysing() && state.run.intent.is_none() && state.run.stage != Stage::InPlace;
    // A primary that is ready but does not serve wants no pods.
    let is_down =
        t.primary_is_the_worse_copy() && t.primary_readiness().is_some_and(|primary| !primary.is_ready());
    if t.seen.primary_serves() == Some(true) && state.run.primary_down {
        t.edit().run.primary_down = false;
    }
    if !counts || !is_down || t.state().run.primary_down {
        return Flow::Continue(());
    }
    t.edit().run.primary_down = true;
    let why = t.why_not_primary();
    t.tell(Message::PrimaryDown { why });
    t.act(Rule::PrimaryDown, Vec::new())
}

/// At a due check with both copies ready, users return to the canary in one move, an interval or more after they left
/// it. This asks and counts nothing. Ends the call while they are away.
pub(super) fn come_back(t: &mut Turn<'_>, r: &Rollout) -> Flow {
    let Some(away) = t.state().run.away else { return Flow::Continue(()) };
    if !may_come_back(t, r) {
        let due = schedule::next_due(t, r);
        t.edit().due = due;
        t.is_not_held_up();
        return t.wait(Rule::NotDue);
    }
    let (now, interval) = (t.now, r.policy().interval);
    let state = t.edit();
    restore(state, r);
    state.due = now + interval;
    state.run.ready_since = None;
    state.run.unreached = None;
    t.tell(Message::CanaryBack(away.weight));
    let commands = t.reroute(r).into_iter().collect();
    t.act(Rule::CanaryBack, commands)
}

/// Whether users who are away may return at the due check.
pub(super) fn may_come_back(t: &Turn<'_>, r: &Rollout) -> bool {
    t.state().run.away.is_some_and(|away| t.now.since(away.since) >= r.policy().interval)
}

/// The weight they had, or the largest one if that was lowered since.
pub(super) fn restore(state: &mut State, r: &Rollout) {
    let Some(away) = state.run.away.take() else { return };
    let max = r.strategy().max_weight().filter(|_| state.run.stage != Stage::InPlace);
    state.canary_weight = max.map_or(away.weight, |max| away.weight.min(max));
}

/// Whether the apex has users that it would lose if it selected the primary: it selects other pods, which serve, and
/// the primary does not serve yet. This happens if a primary is created again while the earlier pods still run.
pub(super) fn apex_is_better_off(seen: &Observation) -> bool {
    let elsewhere = |services: &Services| match services.apex {
        Apex::Target | Apex::Other => services.serving,
        Apex::Absent | Apex::Primary => false,
    };
    seen.services.known().is_some_and(elsewhere) && seen.primary_serves() == Some(false)
}

fn why_not_canary(t: &Turn<'_>) -> Text {
    let why = t.canary_readiness().and_then(Readiness::why_not);
    why.unwrap_or_else(|| NO_ENDPOINT.into())
}
